import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSigner, generateKeyPair } from '../../src/client/index.js'
import { base64Secret } from '../../src/crypto/secret-encoding.js'
import type { KeyPolicy, KeyRow, OperationTable, StepUpRequest } from '../../src/index.js'
import { createMint, createSealer, defineKeyPolicy, standardKeyPolicy } from '../../src/index.js'
import { acceptUncovered, withoutStepUp } from '../../src/insecure.js'
import type { Scheme } from '../../src/scheme.js'
import { bearer } from '../../src/schemes/bearer.js'
import { ed25519V1 } from '../../src/schemes/ed25519-v1.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { createMemoryKeyStore, createMemoryReplayStore } from '../../src/stores/memory.js'
import { createFaults } from '../../src/testing/index.js'
import { createWorld, OWNER, START, unsigned } from '../world.js'

const actor = { role: 'operator', id: 'op-1' } as const
const DAY = 86_400_000
const READ = { permission: 'read' } as const
const code = (error: string, field?: string) =>
  expect.objectContaining(field === undefined ? { code: error } : { code: error, field })

const hmac = hmacV1({ audience: 'api.example.com' })
/** A dialect whose secrets are base64, as Kraken's are. */
const base64: Scheme = {
  ...hmac,
  id: 'hmac-base64',
  proof: { ...hmac.proof, secretEncoding: base64Secret } as Scheme['proof'],
}
const openBearer = acceptUncovered(bearer(), ['method', 'host', 'path', 'query', 'content-type', 'body'])
const schemes = [hmac, openBearer]
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const SECRET = 'c0ffee00-1234-5678-9abc-def012345678'
const KEY_ID = 'vmPUZE6mv9SD5V5e14y7Ju91duEh8A'
const wanted = {
  ...{ actor, owner: OWNER, label: 'from the old system', accounts: null, ipAllowlist: null },
  permissions: ['trade'] as const,
}

function createHouse(rules: Partial<KeyPolicy> = {}, signing: readonly Scheme[] = schemes) {
  const policy = defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp, ...rules })
  const world = createWorld({ schemes: signing, manager: { policy } })
  const importKey = (given: object) => world.manager.import(given as Parameters<typeof world.manager.import>[0])
  const verifyWith = async (scheme: Scheme, keyId: string, secret: string) => {
    const signer = createSigner({ scheme, keyId, secret, clock: world.clock })
    return world.verifier.verify(await signer.sign(unsigned()), READ)
  }
  return { ...world, importKey, verifyWith }
}

describe('import of a public key', () => {
  const scheme = ed25519V1({ audience: 'api.example.com' })
  const given = { ...wanted, keyId: KEY_ID }

  it('takes it without a proof: the house knows whose it is', async () => {
    const { importKey, verifyWith, keys } = createHouse({}, [scheme])
    const { publicKey, privateKey } = await generateKeyPair('ed25519')
    const key = await importKey({ ...given, publicKey })
    expect(key).toMatchObject({ keyId: KEY_ID, revealed: true, credentialsVersion: 1 })
    expect(key.publicKey).toBe(`ed25519:${publicKey.replace(/-----[A-Z ]+-----|\s/g, '')}`)
    expect(await verifyWith(scheme, KEY_ID, privateKey)).toMatchObject({ ok: true })
    const other = await generateKeyPair('ed25519')
    expect(await verifyWith(scheme, KEY_ID, other.privateKey)).toMatchObject({ denial: 'wrong_signature' })
    expect(JSON.stringify(await keys.get(KEY_ID))).not.toMatch(/v1\.k1/)
  })

  it.each([
    ['keyId', { keyId: undefined }],
    ['publicKey', { publicKey: 'no key' }],
    ['publicKey', { publicKey: undefined, secret: SECRET }],
    ['publicKey', { publicKey: undefined, sha256: sha256(SECRET) }],
    ['secret', { secret: SECRET }],
    ['secret', { publicKey: undefined }],
    ['passphrase', { passphrase: 'correct-horse' }],
  ])('refuses a wrong %s: %o', async (field, wrong) => {
    const { importKey, keys } = createHouse({}, [scheme])
    const { publicKey } = await generateKeyPair('ed25519')
    await expect(importKey({ ...given, publicKey, ...wrong })).rejects.toThrow(code('ERR_INPUT_INVALID', field))
    expect((await keys.scan({ limit: 9 })).length).toBe(0)
  })

  it('refuses a private key as one that leaked, and a public one where the scheme has none', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ed25519')
    const failure = await createHouse({}, [scheme])
      .importKey({ ...given, publicKey: privateKey })
      .catch(error => error)
    expect(failure).toMatchObject({ code: 'ERR_INPUT_INVALID', field: 'publicKey' })
    expect(failure.message).toContain('take it for leaked')
    for (const other of ['hmac-v1', 'bearer']) {
      await expect(createHouse().importKey({ ...given, scheme: other, publicKey })).rejects.toThrow(
        code('ERR_INPUT_INVALID', 'publicKey'),
      )
    }
  })
})

describe('import of a secret that signs', () => {
  it('takes over id and secret: the client goes on as before', async () => {
    const { importKey, verifyWith, keys } = createHouse()
    const key = await importKey({ ...wanted, scheme: 'hmac-v1', keyId: KEY_ID, secret: SECRET })
    expect(key).toMatchObject({ keyId: KEY_ID, owner: OWNER, state: 'active', permissions: ['trade'], version: 1 })
    expect(key).toMatchObject({ revealed: true, createdAt: START, expiresAt: START + 90 * DAY })
    expect(await verifyWith(hmac, KEY_ID, SECRET)).toMatchObject({ ok: true })
    expect(await verifyWith(hmac, KEY_ID, `${SECRET}x`)).toMatchObject({ ok: false, denial: 'wrong_signature' })
    expect(JSON.stringify(await keys.get(KEY_ID))).not.toContain(SECRET)
    expect(JSON.stringify(key)).not.toMatch(/secret|v1\.k1/)
  })

  it('uses a base64 secret as its scheme does', async () => {
    const { importKey, verifyWith } = createHouse({}, [base64])
    const secret = Buffer.alloc(64, 9).toString('base64')
    await importKey({ ...wanted, scheme: 'hmac-base64', keyId: KEY_ID, secret })
    expect(await verifyWith(base64, KEY_ID, secret)).toMatchObject({ ok: true })
  })

  it.each([
    ['secret', { secret: undefined }],
    ['secret', { sha256: sha256(SECRET) }],
    ['sha256', { secret: undefined, sha256: sha256(SECRET) }],
    ['keyId', { keyId: undefined }],
    ['secret', { secret: 'fifteen-bytes-1' }],
    ['secret', { secret: '' }],
    ['secret', { secret: `${SECRET}\n` }],
    ['secret', { secret: ` ${SECRET}` }],
    ['secret', { secret: `${SECRET}é` }],
    ['secret', { secret: 'x'.repeat(4097) }],
    ['secret', { secret: 42 }],
    ['secret', { secret: new TextEncoder().encode(SECRET) }],
    ['scheme', { scheme: 'nonesuch' }],
    ['scheme', { scheme: undefined }],
    ['keyId', { keyId: 'k'.repeat(129) }],
    ['keyId', { keyId: 'white space' }],
    ['keyId', { keyId: '../../etc' }],
    ['keyId', { keyId: `kl_test_${'0'.repeat(28)}` }],
  ])('is refused for its %s: %j', async (field, change) => {
    const { importKey, keys } = createHouse()
    const given = { ...wanted, scheme: 'hmac-v1', keyId: KEY_ID, secret: SECRET }
    await expect(importKey({ ...given, ...change })).rejects.toThrow(code('ERR_INPUT_INVALID', field))
    expect(await keys.scan({ limit: 10 })).toEqual([])
  })

  it.each([
    ['is none', SECRET],
    ['is too short', Buffer.alloc(15, 9).toString('base64')],
    ['lacks its padding', Buffer.alloc(17, 9).toString('base64').replace('=', '')],
  ])('is refused where its base64 %s', async (_, secret) => {
    const { importKey } = createHouse({}, [base64])
    const given = { ...wanted, scheme: 'hmac-base64', keyId: KEY_ID }
    await expect(importKey({ ...given, secret })).rejects.toThrow(code('ERR_INPUT_INVALID', 'secret'))
    const shortest = Buffer.alloc(16, 9).toString('base64')
    await expect(importKey({ ...given, secret: shortest })).resolves.toMatchObject({ keyId: KEY_ID })
  })

  it('takes 16 bytes, and never prints the secret that was refused', async () => {
    const { importKey } = createHouse()
    const given = { ...wanted, scheme: 'hmac-v1', keyId: KEY_ID }
    const short = 'canary-9f8e7d6'
    const error = await importKey({ ...given, secret: short }).catch((error: Error) => error)
    expect(error).toMatchObject({ code: 'ERR_INPUT_INVALID' })
    expect(String((error as Error).stack) + JSON.stringify(error)).not.toContain(short)
    await expect(importKey({ ...given, secret: 'sixteen-bytes-12' })).resolves.toMatchObject({ keyId: KEY_ID })
  })
})

describe('import of a bearer token', () => {
  const foreign = 'sk_legacy_0123456789abcdefghijklmnopqrstuv'
  const fixed = createMint({ brand: 'kl', environment: 'test', random: length => new Uint8Array(length).fill(5) })
  const led = `${fixed.mintKeyId()}.0123456789abcdefghijklmnop`
  const [ledId = ''] = led.split('.')
  const foreignId = `bearer_${sha256(foreign).slice(0, 40)}`

  it.each([
    ['a token', foreignId, foreign, { secret: foreign }],
    ['a token and the id it has anyway', foreignId, foreign, { secret: foreign, keyId: foreignId }],
    ['a hash', foreignId, foreign, { sha256: sha256(foreign) }],
    ['a token that leads with its id', ledId, led, { secret: led }],
    ['the hash of a token that leads with its id', ledId, led, { sha256: sha256(led), keyId: ledId }],
  ])('works with %s, and stores its hash alone', async (_, keyId, token, given) => {
    const { importKey, verifyWith, keys } = createHouse()
    const key = await importKey({ ...wanted, scheme: 'bearer', ...given })
    expect(key.keyId).toBe(keyId)
    expect(await verifyWith(bearer(), keyId, token)).toMatchObject({ ok: true, principal: { keyId } })
    const denial = keyId === ledId ? 'wrong_signature' : 'unknown_key'
    expect(await verifyWith(bearer(), keyId, `${token}x`)).toMatchObject({ ok: false, denial })
    const { record } = keys.get(keyId) as KeyRow
    expect(record).not.toContain(token)
    expect(JSON.parse(record).secrets).toMatchObject([{ kind: 'sha256', value: sha256(token), version: 1 }])
  })

  it.each([
    ['secret', {}],
    ['secret', { secret: foreign, sha256: sha256(foreign) }],
    ['secret', { secret: 'fifteen-chars-1' }],
    ['secret', { secret: 'not a token of 16 characters' }],
    ['secret', { secret: 'brackets-{are}-no-token' }],
    ['keyId', { secret: foreign, keyId: ledId }],
    ['keyId', { secret: led, keyId: `bearer_${sha256(led).slice(0, 40)}` }],
    ['keyId', { sha256: sha256(foreign), keyId: 'a-name-no-token-leads-with' }],
    ['sha256', { sha256: sha256(foreign).toUpperCase() }],
    ['sha256', { sha256: sha256(foreign).slice(2) }],
    ['sha256', { sha256: 7 }],
  ])('is refused for its %s: %j', async (field, given) => {
    const { importKey, keys } = createHouse()
    await expect(importKey({ ...wanted, scheme: 'bearer', ...given })).rejects.toThrow(code('ERR_INPUT_INVALID', field))
    expect(await keys.scan({ limit: 10 })).toEqual([])
  })
})

describe('an imported bearer key', () => {
  it('is rotated like any other: the new token leads with the id of the old one', async () => {
    const { importKey, manager, verifyWith, clock } = createHouse()
    const token = 'sk_legacy_0123456789abcdefghijklmnopqrstuv'
    const { keyId } = await importKey({ ...wanted, scheme: 'bearer', sha256: sha256(token) })
    const { credentials } = await manager.rotate({ owner: OWNER, keyId, overlapMs: DAY })
    const fresh = credentials?.secret.reveal() ?? ''
    expect(fresh.startsWith(`${keyId}.`)).toBe(true)
    for (const each of [token, fresh]) expect(await verifyWith(bearer(), keyId, each)).toMatchObject({ ok: true })
    clock.advance(DAY)
    expect(await verifyWith(bearer(), keyId, token)).toMatchObject({ ok: false })
    expect(await verifyWith(bearer(), keyId, fresh)).toMatchObject({ ok: true, principal: { keyId } })
  })
})

describe('import', () => {
  const given = { ...wanted, scheme: 'hmac-v1', keyId: KEY_ID, secret: SECRET }

  it.each([
    ['ERR_PERMISSION_UNKNOWN', { permissions: ['TRADE'] }],
    ['ERR_INPUT_INVALID', { ipAllowlist: ['010.0.0.1'] }],
    ['ERR_INPUT_INVALID', { expiresAt: START - 1 }],
    ['ERR_INPUT_INVALID', { label: 'a\nb' }],
    ['ERR_POLICY_VIOLATED', { expiresAt: null }],
    ['ERR_POLICY_VIOLATED', { ipAllowlist: ['0.0.0.0/0'] }],
    ['ERR_OPTION_UNKNOWN', { state: 'revoked' }],
  ])('is judged like a new key: %s', async (error, change) => {
    const { importKey, keys } = createHouse()
    await expect(importKey({ ...given, ...change })).rejects.toThrow(code(error))
    expect(await keys.get(KEY_ID)).toBeUndefined()
  })

  it('keeps below what the owner has', async () => {
    const { manager } = createWorld({ manager: { ceiling: () => ({ permissions: ['read'], accounts: ['spot'] }) } })
    const one = { ...given, accounts: ['spot'], permissions: ['read'] } as const
    await expect(manager.import({ ...one, permissions: ['trade'] })).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
    await expect(manager.import({ ...one, accounts: null })).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
    await expect(manager.import(one)).resolves.toMatchObject({ permissions: ['read'] })
  })

  it('wants terms and eligibility where the policy does', async () => {
    const policy = defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp, terms: 'v3', eligibility: true })
    const { manager } = createWorld({ manager: { policy, eligible: owner => owner === OWNER } })
    await expect(manager.import(given)).rejects.toThrow(code('ERR_TERMS_REQUIRED'))
    const agreed = { ...given, terms: 'v3' }
    await expect(manager.import({ ...agreed, owner: 'owner-2' })).rejects.toThrow(code('ERR_OWNER_NOT_ELIGIBLE'))
    await expect(manager.import(agreed)).resolves.toMatchObject({ terms: { version: 'v3' } })
  })

  it('counts towards the owner’s limit, also when 32 come at once', async () => {
    const { importKey } = createHouse({ keysPerOwner: 3 })
    const imports = Array.from({ length: 32 }, (_, i) => importKey({ ...given, keyId: `imported-${i}` }))
    const outcomes = await Promise.allSettled(imports)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toEqual(code('ERR_KEY_LIMIT'))
    }
  })

  it('replaces no key: of two imports of one id, whoever owns them, one is refused', async () => {
    const { importKey, keys } = createHouse()
    const outcomes = await Promise.allSettled([importKey(given), importKey({ ...given, owner: 'owner-2' })])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const row = keys.get(KEY_ID)
    const again = importKey({ ...given, secret: 'another-secret-of-this-id' })
    await expect(again).rejects.toThrow(code('ERR_KEY_CONFLICT', 'keyId'))
    expect(keys.get(KEY_ID)).toBe(row)
  })

  it('gives a key that lives on like any other: rotated, it has a new secret', async () => {
    const { importKey, manager, verifyWith, clock } = createHouse()
    await importKey(given)
    const { credentials } = await manager.rotate({ owner: OWNER, keyId: KEY_ID, overlapMs: DAY })
    const fresh = credentials?.secret.reveal() ?? ''
    expect(await verifyWith(hmac, KEY_ID, SECRET)).toMatchObject({ ok: true })
    clock.advance(DAY)
    expect(await verifyWith(hmac, KEY_ID, SECRET)).toMatchObject({ ok: false, denial: 'wrong_signature' })
    expect(await verifyWith(hmac, KEY_ID, fresh)).toMatchObject({ ok: true })
  })

  it('can be repeated when the store failed: the key is there once, with the secret it was given', async () => {
    for (const when of ['before', 'after'] as const) {
      const faults = createFaults()
      const { manager, keys } = createWorld({ keys: faults.wrap(createMemoryKeyStore()) })
      faults.fail(1, when)
      await expect(manager.import(given)).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
      const again = await manager.import(given).catch((error: unknown) => error)
      expect(again).toMatchObject(when === 'before' ? { keyId: KEY_ID } : { code: 'ERR_KEY_CONFLICT' })
      expect(await keys.scan({ limit: 10 })).toHaveLength(1)
    }
  })

  it('leaves nothing behind when the secret cannot be sealed', async () => {
    const sealer = { ...createSealer({ primary: 'k1', keys: { k1: new Uint8Array(32).fill(1) } }) }
    const down = { ...sealer, seal: () => Promise.reject(new Error('key service down')) }
    const { manager, keys } = createWorld({ manager: { sealer: down } })
    await expect(manager.import(given)).rejects.toThrow('key service down')
    expect(await keys.scan({ limit: 10 })).toEqual([])
  })
})

describe('who imports', () => {
  const given = { ...wanted, keyId: KEY_ID, secret: SECRET }
  const IMPORT = { by: ['operator'], needs: 'second-factor' } as const

  function createSteppedUp(rows: Partial<OperationTable> = { import: IMPORT }) {
    const asked: StepUpRequest[] = []
    const policy = defineKeyPolicy({ ...standardKeyPolicy, operations: { ...withoutStepUp, ...rows } })
    const secondFactor = (request: StepUpRequest) => asked.push(request) > 0 && request.proof.startsWith('good')
    const replay = createMemoryReplayStore({ clock: () => START })
    return { ...createWorld({ manager: { policy, secondFactor, replay } }), asked }
  }

  it('is an operator with a second factor, who is not told the secret', async () => {
    const { manager, asked } = createSteppedUp()
    const { actor: _, ...asOwner } = given
    await expect(manager.import(asOwner)).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    await expect(manager.import(given)).rejects.toThrow(code('ERR_SECOND_FACTOR_REQUIRED'))
    await expect(manager.import({ ...given, proof: 'bad' })).rejects.toThrow(code('ERR_SECOND_FACTOR_REFUSED'))
    await expect(manager.import({ ...given, proof: 'good' })).resolves.toMatchObject({ keyId: KEY_ID })
    expect(asked).toHaveLength(2)
    expect(asked[1]).toMatchObject({ actor, owner: OWNER, operation: 'import', keyId: KEY_ID })
    expect(asked[1]?.parameters).toContain('from the old system')
    expect(JSON.stringify(asked)).not.toContain(SECRET)
  })

  it('spends no code on a request that is refused anyway', async () => {
    const { manager, asked } = createSteppedUp()
    await expect(manager.import({ ...given, keyId: 'no good', proof: 'good' })).rejects.toThrow(
      code('ERR_INPUT_INVALID'),
    )
    await expect(manager.import({ ...given, secret: 'short', proof: 'good' })).rejects.toThrow(
      code('ERR_INPUT_INVALID'),
    )
    expect(asked).toEqual([])
  })

  it('uses a code once, for whichever owner', async () => {
    const { manager } = createSteppedUp()
    await manager.import({ ...given, proof: 'good-1' })
    const next = { ...given, owner: 'owner-2', keyId: 'imported-2' }
    await expect(manager.import({ ...next, proof: 'good-1' })).rejects.toThrow(code('ERR_SECOND_FACTOR_REFUSED'))
    await expect(manager.import({ ...next, proof: 'good-2' })).resolves.toBeDefined()
  })

  it('guesses 20 times an hour at most, for all owners together, and locks nobody else out', async () => {
    const { manager } = createSteppedUp()
    const guess = (i: number, by: { role: 'operator'; id: string } = actor) =>
      manager.import({ ...given, actor: by, owner: `owner-${i}`, proof: `guess-${i}` })
    for (let i = 0; i < 20; i++) await expect(guess(i)).rejects.toThrow(code('ERR_SECOND_FACTOR_REFUSED'))
    await expect(guess(20)).rejects.toThrow(code('ERR_SECOND_FACTOR_LOCKED'))
    const other = { role: 'operator', id: 'op-2' } as const
    await expect(guess(21, other)).rejects.toThrow(code('ERR_SECOND_FACTOR_REFUSED'))
    await expect(manager.import({ ...given, actor: other, proof: 'good' })).resolves.toBeDefined()
  })

  it('steps up for all keys under the operator’s own name', async () => {
    const { manager, asked } = createSteppedUp({ reseal: IMPORT })
    await expect(manager.reseal({ actor })).rejects.toThrow(code('ERR_SECOND_FACTOR_REQUIRED'))
    await expect(manager.reseal({ actor, limit: 5, proof: 'good' })).resolves.toMatchObject({ scanned: 0 })
    expect(asked).toMatchObject([
      { actor, owner: '', keyId: undefined, operation: 'reseal', parameters: '{"limit":5}' },
    ])
  })
})
