import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { generateKeyPair, type KeyPairTexts } from '../../src/client/index.js'
import type { Scheme } from '../../src/scheme.js'
import { ed25519V1 } from '../../src/schemes/ed25519-v1.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { OWNER } from '../world.js'
import { createHouse, dual, type House, OPERATOR, offer, owned, wanted } from './house.js'

const actor = OPERATOR
const HOUR = 3_600_000
const scheme: Scheme = ed25519V1({ audience: 'api.example.com' })
const reason = 'found in a repository'
const base64 = (pem: string) => pem.replace(/-----[A-Z ]+-----|\s/g, '')
const seedOf = (pem: string) => Buffer.from(base64(pem), 'base64').subarray(-32)

async function registered(house: House, pair?: KeyPairTexts) {
  const { key } = await house.manager.request(wanted)
  const made = await offer(house.schemes[0] as Scheme, key, pair && { pair })
  return { ...made, key: await house.manager.register({ ...owned(key), ...made.offered }) }
}

const report = ({ manager }: House, text: string) => manager.reportLeak({ actor, text, reason })

describe('A private key in a text', () => {
  const raw = ({ publicKey, privateKey }: KeyPairTexts) =>
    Buffer.concat([seedOf(privateKey), Buffer.from(base64(publicKey), 'base64').subarray(-32)]).toString('base64')

  it.each<[string, (pair: KeyPairTexts) => string]>([
    ['as PEM', ({ privateKey }) => `# config\n${privateKey}\n`],
    ['as PEM with CRLF', ({ privateKey }) => privateKey.replaceAll('\n', '\r\n')],
    ['as PEM in JSON', ({ privateKey }) => JSON.stringify({ key: privateKey, other: 'x' })],
    ['as base64 of PKCS#8', ({ privateKey }) => `KEY=${base64(privateKey)}`],
    ['as its seed', ({ privateKey }) => `seed: "${seedOf(privateKey).toString('base64')}".`],
    ['as seed and public key', pair => `{"privateKey":"${raw(pair)}"}`],
    ['indented', ({ privateKey }) => privateKey.replace(/^/gm, '    ')],
  ])('%s ends its key, and no other', async (_how, write) => {
    const house = createHouse({ schemes: [scheme] })
    const [mine, other] = [await registered(house), await registered(house)]
    const found = await report(house, write(mine))
    expect(found).toEqual({
      keys: [{ ...owned(mine.key), secretLeaked: true, state: 'suspended' }],
      unknown: 0,
      unreadable: [],
    })
    expect(await house.manager.get(owned(other.key))).toMatchObject({ state: 'active' })
  })

  it.each(['pkcs1', 'pkcs8'] as const)('of RSA as %s ends its key', async type => {
    const house = createHouse()
    const pair = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const { key } = await registered(house, pair)
    const text = createPrivateKey(pair.privateKey).export({ type, format: 'pem' }).toString()
    expect((await report(house, text)).keys).toMatchObject([{ keyId: key.keyId, secretLeaked: true }])
  })

  it('that is being rotated out still counts, and one that is gone does not', async () => {
    const house = createHouse({ schemes: [scheme] })
    const { key, privateKey } = await registered(house)
    const { offered } = await offer(scheme, key, { version: 2 })
    await house.manager.rotate({ ...owned(key), overlapMs: HOUR, ...offered })
    const later = createHouse({ schemes: [scheme], keys: house.keys })
    later.clock.set(house.clock() + HOUR)
    expect((await report(later, privateKey)).keys).toEqual([])
    expect((await report(house, privateKey)).keys).toMatchObject([{ keyId: key.keyId, secretLeaked: true }])
  })

  it('of nobody ends nothing', async () => {
    const house = createHouse({ schemes: [scheme] })
    const { key } = await registered(house)
    const { privateKey } = await generateKeyPair('ed25519')
    expect(await report(house, privateKey)).toEqual({ keys: [], unknown: 0, unreadable: [] })
    expect(await house.manager.get(owned(key))).toMatchObject({ state: 'active' })
  })

  it('beside the id of its key is told to have leaked', async () => {
    const house = createHouse({ schemes: [scheme] })
    const { key, privateKey } = await registered(house)
    expect((await report(house, `${key.keyId}\n${privateKey}`)).keys).toMatchObject([{ secretLeaked: true }])
  })
})

describe('A public key in a text', () => {
  it('is no leak, in any of its forms', async () => {
    const house = createHouse({ schemes: [scheme] })
    const { key, publicKey } = await registered(house)
    const spki = base64(publicKey)
    const forms = [publicKey, spki, `ed25519:${spki}`, spki.slice(-44), `the private half of ${spki}`]
    for (const text of forms) expect(await report(house, text)).toEqual({ keys: [], unknown: 0, unreadable: [] })
    expect((await report(house, `${publicKey} ${key.keyId}`)).keys).toMatchObject([{ secretLeaked: false }])
  })
})

describe('A report', () => {
  it('finds secrets beside key pairs, with no key unreadable', async () => {
    const house = createHouse()
    const { key } = await registered(house)
    const { key: other, credentials } = await house.manager.create(wanted)
    const found = await report(house, credentials.secret.reveal())
    expect(found).toEqual({
      keys: [{ ...owned(other), secretLeaked: true, state: 'suspended' }],
      unknown: 0,
      unreadable: [],
    })
    expect(await house.manager.get(owned(key))).toMatchObject({ owner: OWNER, state: 'active' })
  })

  it('takes text that only looks like a private key', async () => {
    const house = createHouse({ schemes: [dual] })
    const torn = [
      '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ\n-----END PRIVATE KEY-----',
      `-----BEGIN RSA PRIVATE KEY-----\n${'A'.repeat(2000)}\n-----END RSA PRIVATE KEY-----`,
      '-----BEGIN PRIVATE KEY-----'.repeat(1000),
      `${'A'.repeat(43)}=`.repeat(10),
    ]
    for (const text of torn) expect(await report(house, text)).toMatchObject({ keys: [] })
  })

  it('looks for no key pairs where no scheme has any', async () => {
    const house = createHouse({ schemes: [hmacV1({ audience: 'api.example.com' })] })
    const { privateKey } = await generateKeyPair('ed25519')
    expect(await report(house, privateKey)).toEqual({ keys: [], unknown: 0, unreadable: [] })
  })
})
