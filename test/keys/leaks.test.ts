import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base64Secret } from '../../src/crypto/secret-encoding.js'
import type { KeyPolicy, KeyRow, KeyView, Sealer } from '../../src/index.js'
import { createMint, createSealer, defineKeyPolicy, standardKeyPolicy } from '../../src/index.js'
import { acceptUncovered, withoutStepUp } from '../../src/insecure.js'
import { bearer } from '../../src/schemes/bearer.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { createMemoryKeyStore } from '../../src/stores/memory.js'
import { createFaults } from '../../src/testing/index.js'
import { createWorld, OWNER, unsigned, type WorldOptions } from '../world.js'

const actor = { role: 'operator', id: 'op-1' } as const
const reason = 'found on a paste site'
const DAY = 86_400_000
const READ = { permission: 'read' } as const
const owned = (key: KeyView) => ({ owner: key.owner, keyId: key.keyId })
const code = (error: string, field?: string) =>
  expect.objectContaining(field === undefined ? { code: error } : { code: error, field })

const openBearer = acceptUncovered(bearer(), ['method', 'host', 'path', 'query', 'content-type', 'body'])
const schemes = [hmacV1({ audience: 'api.example.com' }), openBearer]

function createHouse(rules: Partial<KeyPolicy> = {}, given: WorldOptions = {}) {
  const policy = defineKeyPolicy({
    ...{ ...standardKeyPolicy, operations: withoutStepUp, keysPerOwner: null },
    ...rules,
  })
  const world = createWorld({ schemes, ...given, manager: { policy, ...given.manager } })
  const issue = (fields: Parameters<typeof world.issue>[0] = {}) => world.issue({ scheme: 'hmac-v1', ...fields })
  const report = (text: string) => world.manager.reportLeak({ actor, text, reason })
  return { ...world, issue, report }
}

describe('a key id in a text', () => {
  it('ends its key at once, whoever owns it, and no other', async () => {
    const { issue, report, manager, verifier } = createHouse()
    const [leaked, other] = [await issue({ owner: 'owner-7' }), await issue()]
    const { keys, unknown, unreadable } = await report(`curl -H "X-API-Key: ${leaked.key.keyId}" …`)
    expect(keys).toEqual([{ ...owned(leaked.key), secretLeaked: false, state: 'suspended' }])
    expect({ unknown, unreadable }).toEqual({ unknown: 0, unreadable: [] })
    expect(await manager.get(owned(leaked.key))).toMatchObject({ state: 'suspended', reason: `leaked: ${reason}` })
    expect(await verifier.verify(await leaked.signer.sign(unsigned()), READ)).toMatchObject({ denial: 'key_suspended' })
    expect(await verifier.verify(await other.signer.sign(unsigned()), READ)).toMatchObject({ ok: true })
  })

  it('revokes its key where the policy says so', async () => {
    const { issue, report, manager } = createHouse({ onLeak: 'revoke' })
    const { key } = await issue()
    expect((await report(key.keyId)).keys).toMatchObject([{ state: 'revoked' }])
    expect(await manager.get(owned(key))).toMatchObject({ state: 'revoked', reason: `leaked: ${reason}` })
  })

  it('is counted when no key has it, and is none with a typing error', async () => {
    const { report, issue } = createHouse()
    const { key } = await issue()
    const stranger = createMint({ brand: 'kl', environment: 'test' }).mintKeyId()
    const mistyped = key.keyId.slice(0, -1) + (key.keyId.endsWith('x') ? 'y' : 'x')
    expect(await report(`${stranger} ${stranger} ${mistyped}`)).toEqual({ keys: [], unknown: 1, unreadable: [] })
  })

  it('of another brand is found when that brand is asked for', async () => {
    const mint = createMint({ brand: 'acme', environment: 'live' })
    const { manager, issue } = createHouse({}, { manager: { mint } })
    const { key } = await issue()
    const text = `x${key.keyId}x`
    expect(await manager.reportLeak({ actor, text, reason, brand: 'kl' })).toMatchObject({ keys: [] })
    expect(await manager.reportLeak({ actor, text, reason, brand: 'acme' })).toMatchObject({ keys: [owned(key)] })
    await expect(manager.reportLeak({ actor, text, reason, brand: 'No' })).rejects.toThrow(
      code('ERR_OPTION_INVALID', 'brand'),
    )
  })

  it('of an imported key is found too', async () => {
    const { manager, report } = createHouse()
    const fields = { owner: OWNER, label: 'old', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
    const keyId = 'vmPUZE6mv9SD5V5e14y7Ju91duEh8A'
    await manager.import({ ...fields, actor, scheme: 'hmac-v1', keyId, secret: 'an-old-secret-of-some-length' })
    expect((await report(`key=${keyId}`)).keys).toEqual([
      { owner: OWNER, keyId, secretLeaked: false, state: 'suspended' },
    ])
  })

  it('leaves alone what waits for its confirmation, and what is ended already', async () => {
    const request = { by: ['owner'], needs: 'second-factor-and-mail' } as const
    const given = { secondFactor: () => true, sendConfirmation: () => undefined, replay: createWorld().replay }
    const store = createMemoryKeyStore()
    const house = createHouse(
      { sameBrowser: false, operations: { ...withoutStepUp, request } },
      { keys: store, manager: given },
    )
    const { issue, manager } = createHouse({}, { keys: store })
    const asked = { owner: OWNER, label: 'bot', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
    const { key: pending } = await house.manager.request({ ...asked, scheme: 'hmac-v1', proof: '1' })
    const { key: revoked } = await issue()
    await manager.revoke({ ...owned(revoked), reason: 'done' })
    const { key: suspended } = await issue()
    await manager.suspend({ ...owned(suspended), reason: 'holiday' })
    const { keys } = await house.report([pending, revoked, suspended].map(({ keyId }) => keyId).join('\n'))
    expect(keys).toEqual([
      { ...owned(pending), secretLeaked: false, state: 'pending' },
      { ...owned(revoked), secretLeaked: false, state: 'revoked' },
      { ...owned(suspended), secretLeaked: false, state: 'suspended' },
    ])
    expect(await manager.get(owned(revoked))).toMatchObject({ reason: 'done' })
    expect(await manager.get(owned(suspended))).toMatchObject({ reason: 'holiday' })
  })

  it('of a parent ends its children with it', async () => {
    const { issue, report, manager } = createHouse({ onLeak: 'revoke' })
    const { key } = await issue()
    const child = await manager.derive({
      ...{ ...owned(key), label: 'child', permissions: ['read'], accounts: null, ipAllowlist: null },
    })
    await report(key.keyId)
    expect(await manager.get(owned(child.key))).toMatchObject({ state: 'revoked' })
  })
})

describe('a secret in a text', () => {
  it.each([
    ['alone', (secret: string) => secret],
    ['in a sentence', (secret: string) => `My secret is ${secret}.`],
    ['in a header', (secret: string) => `Authorization: Bearer ${secret}\r\n`],
    ['in an environment file', (secret: string) => `API_SECRET=${secret}\nNEXT=1`],
    ['in JSON', (secret: string) => JSON.stringify({ secret })],
    ['in a URL', (secret: string) => `https://example.com/?secret=${secret}&x=1`],
    ['in a path', (secret: string) => `https://example.com/hook/${secret}/`],
    ['in a string of code', (secret: string) => `sign(\`${secret}\`, 'x')`],
    ['behind a colon', (secret: string) => `user:${secret}@example.com`],
  ])('ends its key, though its id is nowhere: %s', async (_, write) => {
    const { issue, report, manager } = createHouse()
    const [leaked, other] = [await issue({ owner: 'owner-7' }), await issue()]
    expect(await report(write(leaked.secret))).toEqual({
      keys: [{ ...owned(leaked.key), secretLeaked: true, state: 'suspended' }],
      unknown: 0,
      unreadable: [],
    })
    expect(await manager.get(owned(other.key))).toMatchObject({ state: 'active' })
  })

  it('is found in the middle of other letters when it has the brand', async () => {
    const { issue, report } = createHouse()
    const { key, secret } = await issue()
    expect((await report(`xx${secret}yy`)).keys).toEqual([{ ...owned(key), secretLeaked: true, state: 'suspended' }])
  })

  it('is told apart from an id alone', async () => {
    const { issue, report } = createHouse()
    const { key, secret } = await issue()
    expect((await report(`${key.keyId} ${secret}`)).keys).toMatchObject([{ secretLeaked: true }])
  })

  it('is found among keys of many pages, by two secrets at once', async () => {
    const { issue, report } = createHouse()
    const issued = []
    for (let i = 0; i < 250; i++) issued.push(await issue({ owner: `owner-${i}` }))
    const [one, two] = [issued[3]!, issued[222]!]
    const { keys } = await report(`${one.secret}\n${two.secret}`)
    expect(new Set(keys.map(({ keyId }) => keyId))).toEqual(new Set([one.key.keyId, two.key.keyId]))
  })

  it('of base64 is found, with whatever signs it has', async () => {
    const base64 = {
      ...schemes[0]!,
      proof: { ...schemes[0]!.proof, secretEncoding: base64Secret },
    } as (typeof schemes)[0]
    const { issue, report } = createHouse({}, { schemes: [base64!] })
    for (let i = 0; i < 10; i++) {
      const { key, secret } = await issue()
      expect(secret).toMatch(/==$/)
      const { keys } = await report(`secret=${secret};`)
      expect(keys).toEqual([{ ...owned(key), secretLeaked: true, state: 'suspended' }])
    }
  })

  it('of a bearer key is found by its hash, with and without a key id in it', async () => {
    const { issue, report, manager } = createHouse()
    const own = await issue({ scheme: 'bearer' })
    expect((await report(own.secret)).keys).toEqual([{ ...owned(own.key), secretLeaked: true, state: 'suspended' }])
    const token = 'sk_legacy_0123456789abcdefghijklmnopqrstuv'
    const fields = { owner: OWNER, label: 'old', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
    const sha256 = createHash('sha256').update(token).digest('hex')
    const imported = await manager.import({ ...fields, actor, scheme: 'bearer', sha256 })
    expect((await report(`token: "${token}"`)).keys).toEqual([
      { ...owned(imported), secretLeaked: true, state: 'suspended' },
    ])
    expect((await report(`hash: ${sha256}`)).keys).toEqual([])
  })

  it('counts while it passes: both of a rotation, and the old one no longer when its time is over', async () => {
    const { issue, manager, report, clock } = createHouse()
    const [one, two] = [await issue(), await issue()]
    for (const { key } of [one, two]) await manager.rotate({ ...owned(key), overlapMs: DAY })
    expect((await report(one.secret)).keys).toMatchObject([{ ...owned(one.key), secretLeaked: true }])
    clock.advance(DAY)
    expect(await report(two.secret)).toEqual({ keys: [], unknown: 0, unreadable: [] })
  })

  it('of a key that is revoked ends nothing more', async () => {
    const { issue, manager, report } = createHouse()
    const { key, secret } = await issue()
    await manager.revoke({ ...owned(key), reason: 'done' })
    expect((await report(secret)).keys).toEqual([])
  })

  it('is not found in a text that only resembles it', async () => {
    const { issue, report } = createHouse()
    const { secret } = await issue()
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: secret.length - 1 }),
        fc.constantFrom('0', 'A', 'z'),
        async (at, to) => {
          fc.pre(secret[at] !== to)
          const near = secret.slice(0, at) + to + secret.slice(at + 1)
          expect((await report(`${near} ${secret.slice(1)} ${secret.slice(0, -1)}`)).keys).toEqual([])
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('the answer', () => {
  it('never holds the secret, nor does the store or a refusal', async () => {
    const { issue, report, manager, keys } = createHouse()
    const { key, secret } = await issue()
    const answer = await report(`${key.keyId} ${secret}`)
    const row = JSON.stringify(keys.get(key.keyId))
    const tooLong = await manager
      .reportLeak({ actor, reason, text: secret.repeat(5000) })
      .catch((error: Error) => error as Error)
    expect(tooLong).toEqual(code('ERR_INPUT_INVALID', 'text'))
    for (const told of [inspect(answer, { depth: 9 }), row, inspect(tooLong)]) expect(told).not.toContain(secret)
  })

  it('is not spoilt by the second factor, which is not told the text', async () => {
    const told: string[] = []
    const given = {
      secondFactor: (request: object) => told.push(JSON.stringify(request)) > 0,
      replay: createWorld().replay,
    }
    const row = { by: ['operator'], needs: 'second-factor' } as const
    const { issue, manager } = createHouse({ operations: { ...withoutStepUp, reportLeak: row } }, { manager: given })
    const { key, secret } = await issue()
    await expect(manager.reportLeak({ actor, text: secret, reason })).rejects.toThrow(
      code('ERR_SECOND_FACTOR_REQUIRED'),
    )
    expect(await manager.get(owned(key))).toMatchObject({ state: 'active' })
    expect(await manager.reportLeak({ actor, text: secret, reason, proof: '1' })).toMatchObject({ keys: [owned(key)] })
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(reason)
    expect(told[0]).not.toContain(secret)
  })

  it('names the keys that cannot be read, and ends the others', async () => {
    const { issue, report, keys } = createHouse()
    const issued = [await issue(), await issue(), await issue()]
    const [corrupt, sealedElsewhere, good] = issued as [(typeof issued)[0], (typeof issued)[0], (typeof issued)[0]]
    const overwrite = (key: KeyView, edit: (record: string) => string) => {
      const row = keys.get(key.keyId) as KeyRow
      keys.replace({ ...row, record: edit(row.record) }, row.version)
    }
    overwrite(corrupt!.key, () => '[]')
    overwrite(sealedElsewhere!.key, record => record.replace('v1.k1.', 'v1.gone.'))
    const { keys: ended, unreadable } = await report(`${good!.secret} ${corrupt!.key.keyId}`)
    expect(ended).toMatchObject([{ ...owned(good!.key), secretLeaked: true }])
    expect(new Map(unreadable.map(({ keyId, error }) => [keyId, error.code]))).toEqual(
      new Map([
        [corrupt!.key.keyId, 'ERR_KEY_CORRUPT'],
        [sealedElsewhere!.key.keyId, 'ERR_SEAL_KEY_UNKNOWN'],
      ]),
    )
  })

  it('ends a key by its id though its secret does not open', async () => {
    const { issue, report, keys, manager } = createHouse()
    const { key } = await issue()
    const row = keys.get(key.keyId) as KeyRow
    keys.replace({ ...row, record: row.record.replace('v1.k1.', 'v1.gone.') }, row.version)
    const { keys: ended, unreadable } = await report(key.keyId)
    expect(ended).toEqual([{ ...owned(key), secretLeaked: false, state: 'suspended' }])
    expect(unreadable).toEqual([{ keyId: key.keyId, error: code('ERR_SEAL_KEY_UNKNOWN') }])
    expect(await manager.get(owned(key))).toMatchObject({ state: 'suspended' })
  })

  it('does not come when the sealer is down, and the keys named are ended all the same', async () => {
    const ring = createSealer({ primary: 'k1', keys: { k1: new Uint8Array(32).fill(7) } })
    const down: Sealer = { ...ring, open: () => Promise.reject(new Error('no route to the key service')) }
    const keys = createMemoryKeyStore()
    const { issue } = createHouse({}, { keys })
    const { key } = await issue()
    const { report, manager } = createHouse({}, { keys, manager: { sealer: down } })
    await expect(report(`${key.keyId} and some other words`)).rejects.toThrow('no route')
    expect(await manager.get(owned(key))).toMatchObject({ state: 'suspended' })
  })
})

describe('a report that fails', () => {
  it('is done by repeating it, wherever the store failed', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let call = 1; call <= 8; call++) {
        const faults = createFaults()
        const { issue, report, manager } = createHouse({}, { keys: faults.wrap(createMemoryKeyStore()) })
        const [named, sought, other] = [await issue(), await issue(), await issue()]
        const text = `${named.key.keyId} ${sought.secret}`
        faults.fail(faults.calls() + call, when)
        await expect(report(text)).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
        const keyIds = (await report(text)).keys.map(({ keyId }) => keyId)
        expect(new Set(keyIds)).toEqual(new Set([named.key.keyId, sought.key.keyId]))
        for (const { key } of [named, sought]) {
          expect(await manager.get(owned(key))).toMatchObject({ state: 'suspended' })
        }
        expect(await manager.get(owned(other.key))).toMatchObject({ state: 'active' })
      }
    }
  })
})

describe('a report', () => {
  it('is an operator’s, with a reason, and of limited size', async () => {
    const { manager } = createHouse()
    const report = (given: object) => manager.reportLeak(given as Parameters<typeof manager.reportLeak>[0])
    await expect(report({ text: '', reason })).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    await expect(report({ actor, text: 'x' })).rejects.toThrow(code('ERR_OPTION_MISSING', 'reason'))
    for (const wrong of ['', 'a\nb', 'r'.repeat(501), 7, '\ud800']) {
      await expect(report({ actor, text: '', reason: wrong })).rejects.toThrow(code('ERR_INPUT_INVALID', 'reason'))
    }
    await expect(report({ actor, reason, text: 7 })).rejects.toThrow(code('ERR_INPUT_INVALID', 'text'))
    await expect(report({ actor, reason, text: 'x'.repeat(262_145) })).rejects.toThrow(
      code('ERR_INPUT_INVALID', 'text'),
    )
    const largest = 'lorem ipsum dolor sit amet '.repeat(9709).slice(0, 262_144)
    await expect(report({ actor, reason: 'r'.repeat(500), text: largest })).resolves.toMatchObject({ keys: [] })
  })

  it('takes any text', async () => {
    const { report, issue } = createHouse()
    await issue()
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async text => {
        expect((await report(text)).keys).toEqual([])
      }),
      { numRuns: 50 },
    )
  })
})
