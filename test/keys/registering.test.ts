import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSigner, generateKeyPair, provePossession } from '../../src/client/index.js'
import type { Scheme } from '../../src/scheme.js'
import { ed25519V1 } from '../../src/schemes/ed25519-v1.js'
import { createMemoryKeyStore } from '../../src/stores/memory.js'
import { createFaults } from '../../src/testing/index.js'
import { OWNER, START, unsigned } from '../world.js'
import {
  BROWSER,
  code,
  createHouse,
  dual,
  type House,
  type HouseOptions,
  offer,
  outcomesOf,
  owned,
  rowsOf,
  wanted,
  withFactor,
  withMail,
} from './house.js'

const HOUR = 3_600_000
const READ = { permission: 'read' } as const
const scheme: Scheme = ed25519V1({ audience: 'api.example.com' })
const createPairHouse = (options: HouseOptions = {}) => createHouse({ schemes: [scheme], ...options })
const asked = async ({ manager }: House) => (await manager.request(wanted)).key
const WRONG_POSSESSION = code('ERR_INPUT_INVALID', 'possession')
const WRONG_KEY = code('ERR_INPUT_INVALID', 'publicKey')

async function registered(house: House) {
  const key = await asked(house)
  const { offered, ...pair } = await offer(house.schemes[0] as Scheme, key)
  return { key: await house.manager.register({ ...owned(key), ...offered }), ...pair }
}

async function passes({ schemes, clock, verifier }: House, keyId: string, secret: string) {
  const signer = createSigner({ scheme: schemes[0] as Scheme, keyId, secret, clock })
  return (await verifier.verify(await signer.sign(unsigned()), READ)).ok
}

describe('register', () => {
  it('lets the private key sign, and nobody else’s', async () => {
    const house = createPairHouse()
    const { key, privateKey } = await registered(house)
    expect(key).toMatchObject({ state: 'active', revealed: true, credentialsVersion: 1, version: 2 })
    expect(await passes(house, key.keyId, privateKey)).toBe(true)
    expect(await passes(house, key.keyId, (await generateKeyPair('ed25519')).privateKey)).toBe(false)
  })

  it('stores the algorithm and the public key, and nothing to be sealed', async () => {
    const house = createPairHouse()
    const { key, publicKey } = await registered(house)
    const [row] = JSON.parse(await rowsOf(house)) as { record: string }[]
    const spki = publicKey.replace(/-----[A-Z ]+-----|\s/g, '')
    expect(JSON.parse(row?.record ?? '').secrets).toEqual([
      { version: 1, kind: 'public', value: `ed25519:${spki}`, notAfter: null, createdAt: START },
    ])
    expect(key.publicKey).toBe(`ed25519:${spki}`)
    expect((await house.manager.get(owned(key))).publicKey).toBe(key.publicKey)
  })

  it('takes every text of the same public key', async () => {
    for (const form of [
      (pem: string) => pem.replaceAll('\n', '\r\n'),
      (pem: string) => pem.replace(/-----[A-Z ]+-----|\s/g, ''),
      (pem: string) => pem.replace(/-----[A-Z ]+-----|\s/g, '').slice(-44),
    ]) {
      const house = createPairHouse()
      const key = await asked(house)
      const { offered, publicKey } = await offer(scheme, key)
      const { publicKey: stored } = await house.manager.register({
        ...{ ...owned(key), publicKey: form(publicKey), possession: offered.possession },
      })
      expect(stored).toBe(`ed25519:${publicKey.replace(/-----[A-Z ]+-----|\s/g, '')}`)
    }
  })

  it('happens once', async () => {
    const house = createPairHouse()
    const { key } = await registered(house)
    const { offered } = await offer(scheme, key, { version: 2 })
    await expect(house.manager.register({ ...owned(key), ...offered })).rejects.toThrow(code('ERR_SECRET_REVEALED'))
    const fresh = await asked(house)
    const attempts = await Promise.all(Array.from({ length: 20 }, () => offer(scheme, fresh)))
    const outcomes = await outcomesOf(
      attempts.map(attempt => house.manager.register({ ...owned(fresh), ...attempt.offered })),
    )
    expect(outcomes['done']).toBe(1)
    expect((outcomes['ERR_KEY_CONFLICT'] ?? 0) + (outcomes['ERR_SECRET_REVEALED'] ?? 0)).toBe(19)
  })

  it.each<[string, (house: House, keyId: string) => Promise<unknown>]>([
    ['suspended', ({ manager }, keyId) => manager.suspend({ owner: OWNER, keyId, reason: 'x' })],
    ['revoked', ({ manager }, keyId) => manager.revoke({ owner: OWNER, keyId, reason: 'x' })],
  ])('takes nothing for a key that is %s', async (_, end) => {
    const house = createPairHouse()
    const key = await asked(house)
    const { offered } = await offer(scheme, key)
    await end(house, key.keyId)
    await expect(house.manager.register({ ...owned(key), ...offered })).rejects.toThrow(code('ERR_KEY_STATE'))
  })

  it('takes nothing for a key that waits for its confirmation, nor for another owner’s', async () => {
    const house = createPairHouse({ rows: { request: withMail } })
    const { key } = await house.manager.request({ ...wanted, proof: 'good', browser: BROWSER })
    const { offered } = await offer(scheme, key)
    await expect(house.manager.register({ ...owned(key), ...offered })).rejects.toThrow(code('ERR_KEY_STATE'))
    await house.manager.confirm({ token: house.token(), browser: BROWSER })
    const theirs = { owner: 'mallory', keyId: key.keyId, ...offered }
    await expect(house.manager.register(theirs)).rejects.toThrow(code('ERR_KEY_NOT_FOUND'))
    await expect(house.manager.register({ ...owned(key), ...offered })).resolves.toBeDefined()
  })

  it('is judged against the ceiling of the moment', async () => {
    const ceiling = { permissions: ['full' as 'full' | 'read'], accounts: null }
    const house = createPairHouse({ manager: { ceiling: () => ceiling } })
    const key = await asked(house)
    const { offered } = await offer(scheme, key)
    ceiling.permissions = ['read']
    await expect(house.manager.register({ ...owned(key), ...offered })).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
    expect(await house.manager.get(owned(key))).toMatchObject({ revealed: false, publicKey: null })
  })

  it('spends no second factor on what is refused, and shows it what is registered', async () => {
    const house = createPairHouse({ rows: { register: withFactor } })
    const key = await asked(house)
    const { offered } = await offer(scheme, key)
    const register = (more: object) => house.manager.register({ ...owned(key), ...offered, ...more })
    await expect(register({ possession: 'AAAA', proof: 'good' })).rejects.toThrow(WRONG_POSSESSION)
    expect(house.asked).toEqual([])
    await expect(register({})).rejects.toThrow(code('ERR_SECOND_FACTOR_REQUIRED'))
    await register({ proof: 'good' })
    expect(house.asked).toHaveLength(1)
    expect(house.asked[0]?.parameters).toContain(JSON.stringify(offered.publicKey))
  })

  it('tells the audit trail which public key, before and after it is kept', async () => {
    const house = createPairHouse()
    const { key } = await registered(house)
    expect(house.events().slice(-2)).toMatchObject([
      { method: 'register', result: 'begun', before: { publicKey: null }, after: { publicKey: key.publicKey } },
      { method: 'register', result: 'done', keyId: key.keyId, after: { revealed: true } },
    ])
  })

  it('can be asked again when the answer was lost before the key was kept', async () => {
    const faults = createFaults()
    const house = createPairHouse({ keys: faults.wrap(createMemoryKeyStore()) })
    const key = await asked(house)
    const { offered } = await offer(scheme, key)
    faults.fail(faults.calls() + 2, 'before')
    await expect(house.manager.register({ ...owned(key), ...offered })).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
    await expect(house.manager.register({ ...owned(key), ...offered })).resolves.toBeDefined()
  })
})

describe('the proof of possession', () => {
  const wrongs: readonly (readonly [string, (good: Parameters<typeof provePossession>[0]) => object])[] = [
    ['another key', () => ({ keyId: 'kl_test_0000000000000000000000000000' })],
    ['another owner', () => ({ owner: 'mallory' })],
    ['a later version', () => ({ version: 2 })],
    ['no version', () => ({ version: 0 })],
    ['another public key', () => ({ publicKey: Buffer.alloc(32, 2).toString('base64') })],
  ]

  it.each(wrongs)('for %s is refused', async (_what, differing) => {
    const house = createPairHouse()
    const { keyId, owner } = await asked(house)
    const { publicKey, privateKey } = await generateKeyPair('ed25519')
    const good = { scheme, owner, keyId, publicKey, privateKey }
    const possession = await provePossession({ ...good, ...differing(good) })
    await expect(house.manager.register({ owner, keyId, publicKey, possession })).rejects.toThrow(WRONG_POSSESSION)
    const right = await provePossession(good)
    await expect(house.manager.register({ owner, keyId, publicKey, possession: right })).resolves.toBeDefined()
  })

  it('by another private key is refused, so that nobody registers what is somebody else’s', async () => {
    const house = createPairHouse()
    const { keyId, owner } = await asked(house)
    const [theirs, mine] = [await generateKeyPair('ed25519'), await generateKeyPair('ed25519')]
    const { publicKey } = theirs
    const possession = await provePossession({ scheme, owner, keyId, publicKey, privateKey: mine.privateKey })
    await expect(house.manager.register({ owner, keyId, publicKey, possession })).rejects.toThrow(WRONG_POSSESSION)
  })

  it('is refused in any other spelling', async () => {
    const house = createPairHouse()
    const key = await asked(house)
    const { offered } = await offer(scheme, key)
    const { possession } = offered
    const bytes = Buffer.from(possession, 'base64')
    for (const wrong of [
      ...[`${possession}\n`, possession.replace(/=+$/, ''), bytes.toString('hex'), bytes.toString('base64url')],
      ...[bytes.subarray(1).toString('base64'), Buffer.alloc(64).toString('base64'), 'x', '=', 'é'.repeat(88)],
    ]) {
      await expect(house.manager.register({ ...owned(key), ...offered, possession: wrong }), wrong).rejects.toThrow(
        WRONG_POSSESSION,
      )
    }
  })

  it('is not a signature over a request, nor good as one', async () => {
    const house = createPairHouse()
    const { key, privateKey } = await registered(house)
    const signer = createSigner({ scheme, keyId: key.keyId, secret: privateKey, clock: house.clock })
    const { headers } = await signer.sign(unsigned())
    const possession = Buffer.from(headers['x-api-signature'] ?? '', 'hex').toString('base64')
    const other = await asked(house)
    const publicKey = key.publicKey?.slice('ed25519:'.length) ?? ''
    await expect(house.manager.register({ ...owned(other), publicKey, possession })).rejects.toThrow(WRONG_POSSESSION)
  })
})

describe('a public key', () => {
  const pem = (pair: { publicKey: { export(options: object): string | Buffer } }) =>
    pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()

  it.each([
    ['of another algorithm', () => pem(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }))],
    ['of RSA', () => pem(generateKeyPairSync('rsa', { modulusLength: 2048 }))],
    ['of small order', () => Buffer.alloc(32).toString('base64')],
    ['that is none', () => 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ'],
    ['that is too long', () => 'A'.repeat(100_000)],
  ])('%s is refused', async (_what, text) => {
    const house = createPairHouse()
    const key = await asked(house)
    const { offered } = await offer(scheme, key)
    const register = (publicKey: string) => house.manager.register({ ...owned(key), ...offered, publicKey })
    await expect(register(text())).rejects.toThrow(WRONG_KEY)
    await expect(register(offered.publicKey)).resolves.toBeDefined()
  })

  it('that is weak is refused, also where its algorithm is offered', async () => {
    const house = createHouse()
    const key = await asked(house)
    const register = (bits: number) =>
      house.manager.register({
        ...{ ...owned(key), publicKey: pem(generateKeyPairSync('rsa', { modulusLength: bits })), possession: 'AAAA' },
      })
    await expect(register(1024)).rejects.toThrow(WRONG_KEY)
    await expect(register(2048)).rejects.toThrow(WRONG_POSSESSION)
  })

  it('that is a private key is refused, named as leaked, and repeated nowhere', async () => {
    const house = createPairHouse()
    const key = await asked(house)
    const { offered, privateKey } = await offer(scheme, key)
    const der = Buffer.from(privateKey.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
    const texts = [
      ...[privateKey, privateKey.replaceAll('\n', ' '), der.toString('base64')],
      Buffer.concat([der.subarray(-32), der.subarray(-32)]).toString('base64'),
      ...[rsa, ec].map(half => half.export({ type: 'pkcs8', format: 'pem' }).toString()),
      ...[rsa, ec].map(half => half.export({ type: 'pkcs8', format: 'der' }).toString('base64')),
      rsa.export({ type: 'pkcs1', format: 'der' }).toString('base64'),
      ec.export({ type: 'sec1', format: 'der' }).toString('base64'),
      JSON.stringify(ec.export({ format: 'jwk' })),
    ]
    for (const publicKey of texts) {
      const failure = await house.manager
        .register({ ...owned(key), ...offered, publicKey })
        .then(String, error => error)
      expect(failure).toMatchObject({ code: 'ERR_INPUT_INVALID', field: 'publicKey' })
      expect(failure.message).toContain('take it for leaked')
      expect(JSON.stringify([failure, failure.message, failure.stack, house.trail])).not.toContain(
        publicKey.slice(40, 80),
      )
    }
    expect(await house.manager.get(owned(key))).toMatchObject({ revealed: false })
  })
})

describe('a scheme that knows key pairs only', () => {
  it('has nothing to reveal or to create', async () => {
    const house = createPairHouse()
    const key = await asked(house)
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_INPUT_INVALID', 'scheme'))
    await expect(house.manager.create(wanted)).rejects.toThrow(code('ERR_INPUT_INVALID', 'scheme'))
    expect((await house.manager.list({ owner: OWNER })).keys).toHaveLength(1)
  })

  it('derives a child that waits for its own public key', async () => {
    const house = createPairHouse()
    const { key } = await registered(house)
    const child = { label: 'child', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
    const derived = await house.manager.derive({ ...owned(key), ...child })
    expect(derived).toMatchObject({ credentials: null, key: { parent: key.keyId, revealed: false, publicKey: null } })
    const { offered, privateKey } = await offer(scheme, derived.key)
    await house.manager.register({ ...owned(derived.key), ...offered })
    expect(await passes(house, derived.key.keyId, privateKey)).toBe(true)
  })

  it('needs no sealer', async () => {
    const house = createPairHouse({ manager: { sealer: undefined as never } })
    expect((await registered(house)).key.revealed).toBe(true)
  })
})

describe('a scheme that knows both', () => {
  it('takes either, and each works', async () => {
    const house = createHouse()
    const { key, privateKey } = await registered(house)
    const { key: second, credentials } = await house.manager.create(wanted)
    expect([key.publicKey?.slice(0, 8), second.publicKey]).toEqual(['ed25519:', null])
    expect(await passes(house, key.keyId, privateKey)).toBe(true)
    expect(await passes(house, second.keyId, credentials.secret.reveal())).toBe(true)
  })

  it('takes one of them only', async () => {
    const house = createHouse()
    const { key } = await registered(house)
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_SECRET_REVEALED'))
    const { key: second } = await house.manager.create(wanted)
    const { offered } = await offer(dual, second, { version: 2 })
    await expect(house.manager.register({ ...owned(second), ...offered })).rejects.toThrow(code('ERR_SECRET_REVEALED'))
  })

  it('uses an RSA key with the RSA algorithm it has', async () => {
    const house = createHouse()
    const key = await asked(house)
    const pair = await generateKeyPair('rsa-v1_5-sha256')
    const { offered, privateKey } = await offer(dual, key, { pair })
    await house.manager.register({ ...owned(key), ...offered })
    expect((await house.manager.get(owned(key))).publicKey).toMatch(/^rsa-v1_5-sha256:/)
    expect(await passes(house, key.keyId, privateKey)).toBe(true)
  })

  it('is left with nothing to register where another scheme has no key pairs', async () => {
    const { keyPairs: _, ...proof } = dual.proof as Extract<Scheme['proof'], { kind: 'mac' }>
    const house = createHouse({ schemes: [{ ...dual, proof }] })
    const key = await asked(house)
    const { offered } = await offer(dual, key)
    await expect(house.manager.register({ ...owned(key), ...offered })).rejects.toThrow(WRONG_KEY)
  })
})

describe('the rotation of a key pair', () => {
  it('lets both pass until the overlap ends, and then the new one alone', async () => {
    const house = createPairHouse()
    const { key, privateKey } = await registered(house)
    const fresh = await offer(scheme, key, { version: 2 })
    const rotated = await house.manager.rotate({ ...owned(key), overlapMs: HOUR, ...fresh.offered })
    expect(rotated).toMatchObject({
      credentials: null,
      key: { credentialsVersion: 2, publicKey: expect.not.stringContaining(key.publicKey ?? '') },
    })
    house.clock.set(START + HOUR - 1)
    expect([await passes(house, key.keyId, privateKey), await passes(house, key.keyId, fresh.privateKey)]).toEqual([
      true,
      true,
    ])
    house.clock.set(START + HOUR)
    expect([await passes(house, key.keyId, privateKey), await passes(house, key.keyId, fresh.privateKey)]).toEqual([
      false,
      true,
    ])
  })

  it('refuses a proof for the version before, and for the one after', async () => {
    const house = createPairHouse()
    const { key } = await registered(house)
    for (const [version, rejects] of [
      [1, true],
      [3, true],
      [2, false],
    ] as const) {
      const { offered } = await offer(scheme, key, { version })
      const rotating = house.manager.rotate({ ...owned(key), overlapMs: 0, ...offered })
      if (rejects) await expect(rotating).rejects.toThrow(WRONG_POSSESSION)
      else await expect(rotating).resolves.toBeDefined()
    }
  })

  it('refuses the public key that it has, also the one that is going', async () => {
    const house = createPairHouse()
    const { key, publicKey, privateKey } = await registered(house)
    const again = await offer(scheme, key, { version: 2, pair: { publicKey, privateKey } })
    await expect(house.manager.rotate({ ...owned(key), overlapMs: HOUR, ...again.offered })).rejects.toThrow(WRONG_KEY)
    const fresh = await offer(scheme, key, { version: 2 })
    await house.manager.rotate({ ...owned(key), overlapMs: HOUR, ...fresh.offered })
    const back = await offer(scheme, key, { version: 3, pair: { publicKey, privateKey } })
    await expect(house.manager.rotate({ ...owned(key), overlapMs: HOUR, ...back.offered })).rejects.toThrow(WRONG_KEY)
  })

  it.each([
    ['nothing', (_: { publicKey: string; possession: string }) => ({}), 'publicKey'],
    ['no proof', ({ publicKey }: { publicKey: string }) => ({ publicKey }), 'possession'],
    ['a proof alone', ({ possession }: { possession: string }) => ({ possession }), 'publicKey'],
    ['a passphrase', (offered: object) => ({ ...offered, passphrase: 'correct-horse' }), 'passphrase'],
  ])('with %s is refused', async (_what, given, field) => {
    for (const house of [createPairHouse(), createHouse()]) {
      const { key } = await registered(house)
      const { offered } = await offer(house.schemes[0] as Scheme, key, { version: 2 })
      const rotate = (more: object) => house.manager.rotate({ ...owned(key), overlapMs: 0, ...more })
      await expect(rotate(given(offered))).rejects.toThrow(code('ERR_INPUT_INVALID', field))
      await expect(rotate(offered)).resolves.toBeDefined()
    }
  })

  it('may take the place of a secret, which then ends, and is never replaced by one', async () => {
    const house = createHouse()
    const { key, credentials } = await house.manager.create(wanted)
    const secret = credentials.secret.reveal()
    const fresh = await offer(dual, key, { version: 2 })
    await house.manager.rotate({ ...owned(key), overlapMs: HOUR, ...fresh.offered })
    expect([await passes(house, key.keyId, secret), await passes(house, key.keyId, fresh.privateKey)]).toEqual([
      true,
      true,
    ])
    await expect(house.manager.rotate({ ...owned(key), overlapMs: 0 })).rejects.toThrow(WRONG_KEY)
    house.clock.set(START + HOUR)
    expect([await passes(house, key.keyId, secret), await passes(house, key.keyId, fresh.privateKey)]).toEqual([
      false,
      true,
    ])
  })

  it('waits for the link of a mail with its proof, and is judged again when it comes', async () => {
    const house = createPairHouse({ rows: { rotate: withMail } })
    const { key } = await registered(house)
    const { offered, privateKey } = await offer(scheme, key, { version: 2 })
    const asking = { proof: 'good', browser: BROWSER }
    await house.manager.rotate({ ...owned(key), overlapMs: 0, ...offered, ...asking })
    expect(JSON.parse(house.mails.at(-1)?.parameters ?? '')).toEqual({ overlapMs: 0, ...offered })
    expect(await passes(house, key.keyId, privateKey)).toBe(false)
    const confirmed = await house.manager.confirm({ token: house.token(), browser: BROWSER })
    expect(confirmed).toMatchObject({ credentials: null, key: { credentialsVersion: 2 } })
    expect(await passes(house, key.keyId, privateKey)).toBe(true)
  })

  it('takes no link for a version that has gone by meanwhile', async () => {
    const keys = createMemoryKeyStore()
    const mailed = createPairHouse({ rows: { rotate: withMail }, keys })
    const direct = createPairHouse({ keys })
    const { key } = await registered(direct)
    const { offered } = await offer(scheme, key, { version: 2 })
    await mailed.manager.rotate({ ...owned(key), overlapMs: 0, ...offered, proof: 'good', browser: BROWSER })
    const { offered: other } = await offer(scheme, key, { version: 2 })
    await direct.manager.rotate({ ...owned(key), overlapMs: 0, ...other })
    await expect(mailed.manager.confirm({ token: mailed.token(), browser: BROWSER })).rejects.toThrow(
      code('ERR_CONFIRMATION_INVALID'),
    )
  })
})
