import { createHash, createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createSigner, parseCredentials } from '../../src/client/index.js'
import { type Credentials, credentialsToSvg, formatCredentials } from '../../src/index.js'
import { acceptUncovered } from '../../src/insecure.js'
import type { Component, Scheme } from '../../src/scheme.js'
import { coinbaseExchange } from '../../src/schemes/coinbase-exchange.js'
import { kucoin } from '../../src/schemes/kucoin.js'
import { okx } from '../../src/schemes/okx.js'
import { OWNER, START, unsigned } from '../world.js'
import {
  BROWSER,
  code,
  createHouse,
  dual,
  type House,
  OPERATOR,
  owned,
  rowsOf,
  wanted,
  withFactor,
  withMail,
} from './house.js'

const HOUR = 3_600_000
const CHOSEN = 'correct-Horse/9'
const WRONG = code('ERR_INPUT_INVALID', 'passphrase')

const accepted = (scheme: Scheme): Scheme => {
  const all: Component[] = ['method', 'host', 'path', 'query', 'content-type', 'body']
  const { covers } = scheme
  return acceptUncovered(
    scheme,
    all.filter(part => !covers.includes(part)),
  )
}
/** With base64 secrets and without, and with the passphrase as it is and as its MAC. */
const schemes = [accepted(okx()), accepted(coinbaseExchange()), accepted(kucoin())] as const

const opened = ({ keyId, secret, passphrase }: Credentials) => ({
  ...{ keyId, secret: secret.reveal(), passphrase: passphrase?.reveal() ?? '' },
})
type Opened = ReturnType<typeof opened>

const createPhraseHouse = (scheme: Scheme, options: Parameters<typeof createHouse>[0] = {}) =>
  createHouse({ schemes: [scheme], ...options })

async function verdict({ schemes, clock, verifier }: House, credentials: Opened) {
  const signer = createSigner({ scheme: schemes[0] as Scheme, ...credentials, clock })
  const answer = await verifier.verify(await signer.sign(unsigned()), { permission: 'read' })
  return answer.ok ? 'ok' : answer.denial
}

describe.each(schemes.map(scheme => [scheme.id, scheme] as const))('A passphrase of %s', (_id, scheme) => {
  it('is minted beside the secret, and must come with every request', async () => {
    const house = createPhraseHouse(scheme)
    const { credentials } = await house.manager.create(wanted)
    const mine = opened(credentials)
    expect(mine.passphrase).toMatch(/^[0-9A-Za-z]{22}$/)
    expect(await verdict(house, mine)).toBe('ok')
    expect(await verdict(house, { ...mine, passphrase: `${mine.passphrase}x` })).toBe('wrong_passphrase')
    expect(await verdict(house, { ...mine, passphrase: mine.passphrase.toLowerCase() })).toBe('wrong_passphrase')
  })

  it('is the owner’s choice where they make one', async () => {
    const house = createPhraseHouse(scheme)
    const { key } = await house.manager.request(wanted)
    const { credentials } = await house.manager.reveal({ ...owned(key), passphrase: CHOSEN })
    const mine = opened(credentials)
    expect(mine.passphrase).toBe(CHOSEN)
    expect(await verdict(house, mine)).toBe('ok')
    expect(await verdict(house, { ...mine, passphrase: 'correct-horse/9' })).toBe('wrong_passphrase')
  })

  it('is told to be wrong to nobody but whoever has the secret', async () => {
    const house = createPhraseHouse(scheme)
    const [mine, theirs] = [
      opened((await house.manager.create(wanted)).credentials),
      opened((await house.manager.create(wanted)).credentials),
    ]
    expect(await verdict(house, { ...mine, secret: theirs.secret })).toBe('wrong_signature')
    expect(await verdict(house, { ...mine, secret: theirs.secret, passphrase: 'wrong-wrong' })).toBe('wrong_signature')
    expect(await verdict(house, { ...mine, passphrase: theirs.passphrase })).toBe('wrong_passphrase')
    expect(await verdict(house, { ...mine, keyId: 'kl_test_unknown', passphrase: 'x' })).toBe('unknown_key')
  })

  it('is one with its secret: through a rotation each passes with its own', async () => {
    const house = createPhraseHouse(scheme)
    const { key, credentials } = await house.manager.create({ ...wanted, passphrase: CHOSEN })
    const old = opened(credentials)
    const rotated = await house.manager.rotate({ ...owned(key), overlapMs: HOUR })
    const fresh = opened(rotated.credentials as Credentials)
    expect(fresh.passphrase).not.toBe(CHOSEN)
    expect([await verdict(house, old), await verdict(house, fresh)]).toEqual(['ok', 'ok'])
    expect(await verdict(house, { ...old, passphrase: fresh.passphrase })).toBe('wrong_passphrase')
    expect(await verdict(house, { ...fresh, passphrase: CHOSEN })).toBe('wrong_passphrase')
    house.clock.set(START + HOUR)
    expect([await verdict(house, old), await verdict(house, fresh)]).toEqual(['wrong_signature', 'ok'])
  })

  it('comes with a derived key', async () => {
    const house = createPhraseHouse(scheme)
    const { key } = await house.manager.create(wanted)
    const child = { label: 'child', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
    const { credentials } = await house.manager.derive({ ...owned(key), ...child, passphrase: CHOSEN })
    expect(await verdict(house, opened(credentials as Credentials))).toBe('ok')
    await expect(house.manager.derive({ ...owned(key), ...child, passphrase: 'short' })).rejects.toThrow(WRONG)
  })

  it('travels in the URI and the code with its secret, and signs', async () => {
    const house = createPhraseHouse(scheme)
    const { credentials } = await house.manager.create(wanted)
    const uri = formatCredentials({ scheme: scheme.id, credentials })
    expect(() => credentials.passphrase?.reveal()).toThrow(code('ERR_SECRET_REVEALED'))
    const read = parseCredentials(uri).credentials
    expect(await verdict(house, read as Opened)).toBe('ok')
    expect(credentialsToSvg(uri)).toMatch(/^<svg /)
    expect(credentialsToSvg(uri)).not.toContain(read.passphrase)
  })

  it('is taken by a signer in the wrapper in which it was handed out', async () => {
    const house = createPhraseHouse(scheme)
    const { credentials } = await house.manager.create(wanted)
    const signer = createSigner({ scheme, ...credentials, clock: house.clock })
    const answer = await house.verifier.verify(await signer.sign(unsigned()), { permission: 'read' })
    expect(answer.ok).toBe(true)
    expect(() => credentials.passphrase?.reveal()).toThrow(code('ERR_SECRET_REVEALED'))
  })

  it('is kept nowhere in clear: not in the store, the trail, an error, or what is printed', async () => {
    const house = createPhraseHouse(scheme, { rows: { reveal: withFactor } })
    const { key } = await house.manager.request(wanted)
    const reveal = (passphrase: string) => house.manager.reveal({ ...owned(key), passphrase, proof: 'good' })
    const failure = await reveal(`${CHOSEN} with blanks`).catch(error => error)
    const { credentials } = await reveal(CHOSEN)
    const shown = [
      ...[await rowsOf(house), JSON.stringify([house.trail, house.asked, credentials, failure])],
      inspect([credentials, failure, house.asked, house.manager], { depth: 9, showHidden: true }),
    ].join('\n')
    const onWire = createHmac('sha256', credentials.secret.reveal()).update(CHOSEN).digest()
    for (const text of [
      ...[CHOSEN, encodeURIComponent(CHOSEN), createHash('sha256').update(CHOSEN).digest('hex')],
      ...[Buffer.from(CHOSEN).toString('hex'), Buffer.from(CHOSEN).toString('base64').replace(/=+$/, '')],
      ...[onWire.toString('hex'), onWire.toString('base64')],
    ]) {
      expect(shown).not.toContain(text)
    }
  })

  it.each([
    ['7 characters', 'seven-7'],
    ['33 characters', 'x'.repeat(33)],
    ['a blank', 'correct horse'],
    ['a line break', 'correct-horse\n'],
    ['another alphabet', 'pässword-ok'],
    ['nothing', ''],
  ])('of %s is refused, and nothing is revealed for it', async (_what, passphrase) => {
    const house = createPhraseHouse(scheme, { rows: { reveal: withFactor } })
    const { key } = await house.manager.request(wanted)
    const reveal = (chosen: string) => house.manager.reveal({ ...owned(key), passphrase: chosen, proof: 'good' })
    await expect(reveal(passphrase)).rejects.toThrow(WRONG)
    expect(house.asked).toEqual([])
    expect(await house.manager.get(owned(key))).toMatchObject({ revealed: false })
    await expect(reveal(passphrase.length > 8 ? 'x'.repeat(32) : 'x'.repeat(8))).resolves.toBeDefined()
  })
})

describe('A rotation that waits for a mail', () => {
  const scheme = schemes[0]

  it('takes its passphrase with the confirmation, since what waits is kept and mailed as text', async () => {
    const house = createPhraseHouse(scheme, { rows: { rotate: withMail } })
    const { key } = await house.manager.create(wanted)
    const asking = { proof: 'good', browser: BROWSER }
    const rotate = (more: object) => house.manager.rotate({ ...owned(key), overlapMs: 0, ...asking, ...more })
    await expect(rotate({ passphrase: CHOSEN })).rejects.toThrow(WRONG)
    expect(house.mails).toEqual([])
    await rotate({})
    const confirm = (passphrase: string) =>
      house.manager.confirm({ token: house.token(), browser: BROWSER, passphrase })
    await expect(confirm('short')).rejects.toThrow(WRONG)
    const { credentials } = await confirm(CHOSEN)
    expect(await verdict(house, opened(credentials as Credentials))).toBe('ok')
    expect((await rowsOf(house)) + JSON.stringify([house.mails, house.trail])).not.toContain(CHOSEN)
  })

  it('mints one where none is chosen', async () => {
    const house = createPhraseHouse(scheme, { rows: { rotate: withMail } })
    const { key } = await house.manager.create(wanted)
    await house.manager.rotate({ ...owned(key), overlapMs: 0, proof: 'good', browser: BROWSER })
    const { credentials } = await house.manager.confirm({ token: house.token(), browser: BROWSER })
    expect(await verdict(house, opened(credentials as Credentials))).toBe('ok')
  })

  it('has no use for one on a link for something else', async () => {
    const house = createPhraseHouse(scheme, { rows: { request: withMail, edit: withMail } })
    const { key } = await house.manager.request({ ...wanted, proof: 'good', browser: BROWSER })
    const confirm = (more: object) => house.manager.confirm({ token: house.token(), browser: BROWSER, ...more })
    await expect(confirm({ passphrase: CHOSEN })).rejects.toThrow(WRONG)
    await confirm({})
    const { version } = await house.manager.get(owned(key))
    await house.manager.edit({ ...owned(key), version, label: 'x', proof: 'good-2', browser: BROWSER })
    await expect(confirm({ passphrase: CHOSEN })).rejects.toThrow(WRONG)
    await expect(confirm({})).resolves.toMatchObject({ key: { label: 'x' } })
  })
})

describe('A scheme without passphrases', () => {
  it('hands out none, and takes none', async () => {
    const house = createHouse({ schemes: [dual] })
    const { key, credentials } = await house.manager.create(wanted)
    expect(Object.keys(credentials)).toEqual(['keyId', 'secret'])
    await expect(house.manager.create({ ...wanted, passphrase: CHOSEN })).rejects.toThrow(WRONG)
    const rotate = (more: object) => house.manager.rotate({ ...owned(key), overlapMs: 0, ...more })
    await expect(rotate({ passphrase: CHOSEN })).rejects.toThrow(WRONG)
    await expect(rotate({})).resolves.toBeDefined()
  })
})

describe.each(schemes.map(scheme => [scheme.id, scheme] as const))('An imported key of %s', (_id, scheme) => {
  const secret = Buffer.alloc(32, 9).toString('base64')
  const given = { ...wanted, actor: OPERATOR, keyId: 'theirs-1', secret }

  it.each(['x', 'six-66', 'p'.repeat(64)])('keeps the passphrase it has: %s', async passphrase => {
    const house = createPhraseHouse(scheme)
    const key = await house.manager.import({ ...given, passphrase })
    expect(key).toMatchObject({ owner: OWNER, revealed: true })
    expect(await verdict(house, { keyId: 'theirs-1', secret, passphrase })).toBe('ok')
    expect(await verdict(house, { keyId: 'theirs-1', secret, passphrase: `${passphrase.slice(1)}-` })).toBe(
      'wrong_passphrase',
    )
    expect(await rowsOf(house)).not.toContain(`"${passphrase}"`)
  })

  it.each([undefined, 'a b', 'p'.repeat(65), 'ä'])('is refused with the passphrase %s', async passphrase => {
    const house = createPhraseHouse(scheme)
    const importing = house.manager.import({ ...given, ...(passphrase !== undefined && { passphrase }) })
    await expect(importing).rejects.toThrow(WRONG)
    expect((await house.manager.list({ owner: OWNER })).keys).toEqual([])
  })
})

describe('A stored passphrase', () => {
  const scheme = schemes[0]

  it('cannot be taken away: the key is then unreadable, never open', async () => {
    const house = createPhraseHouse(scheme)
    const { key, credentials } = await house.manager.create(wanted)
    const mine = opened(credentials)
    const row = await house.keys.get(key.keyId)
    const record = JSON.parse(row?.record ?? '')
    const without = (change: (secret: { passphrase?: string }) => void) => {
      const copy = structuredClone(record)
      change(copy.secrets[0])
      return { ...(row as NonNullable<typeof row>), record: JSON.stringify({ ...copy, version: 1 }) }
    }
    for (const [change, denial] of [
      [(secret: { passphrase?: string }) => delete secret.passphrase, 'key_corrupt'],
      [(secret: { passphrase?: string }) => (secret.passphrase = 'ff'.repeat(32)), 'wrong_passphrase'],
      [(secret: { passphrase?: string }) => (secret.passphrase = 'ff'), 'key_corrupt'],
      [() => undefined, 'ok'],
    ] as const) {
      const broken = createPhraseHouse(scheme, { keys: { ...house.keys, get: () => without(change) } })
      expect(await verdict(broken, mine)).toBe(denial)
    }
  })
})
