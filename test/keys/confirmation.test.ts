import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConfirmationMail, KeyRecord, KeyStore, KeyView } from '../../src/index.js'
import { decodeKey, encodeKey } from '../../src/keys/codec.js'
import { createFaults } from '../../src/testing/index.js'
import { OWNER, START, unsigned } from '../world.js'
import { BROWSER, code, createHouse, type House, outcomesOf, owned, rowsOf, wanted, withMail } from './house.js'

const MINUTE = 60_000
const DAY = 86_400_000
const INVALID = code('ERR_CONFIRMATION_INVALID', 'token')
const rows = { request: withMail, edit: withMail, renew: withMail, rotate: withMail }

const createMailHouse = (options: Parameters<typeof createHouse>[0] = {}) => createHouse({ rows, ...options })

async function requested(house: House, fields: object = {}) {
  const answer = await house.manager.request({
    ...wanted,
    proof: `good-${house.asked.length}`,
    browser: BROWSER,
    ...fields,
  })
  return { ...answer, token: house.token() }
}

/** A key in use, made by another desk of the house, which sends no mails. */
async function living(house: House, fields: object = {}) {
  return (await createHouse({ keys: house.keys }).issue(fields)).key
}

const asking = (house: House) => ({ proof: `good-${house.asked.length}`, browser: BROWSER })
const edit = (house: House, key: KeyView, fields: object = {}) =>
  house.manager.edit({ ...owned(key), version: key.version, label: 'other', ...asking(house), ...fields })

/** Edits a stored key behind the library's back. */
async function tamper({ keys }: { readonly keys: KeyStore }, keyId: string, change: (record: KeyRecord) => object) {
  const row = await keys.get(keyId)
  if (row === undefined) throw new Error('no such row')
  const record = decodeKey(row)
  await keys.replace(encodeKey({ ...record, ...change(record) }), row.version)
}

const pending = (record: KeyRecord, change: object) => ({
  confirmation: { ...record.confirmation, ...change } as never,
})

describe('a mailed link', () => {
  it('makes the key that was asked for, which can then be revealed and used', async () => {
    const house = createMailHouse()
    const { key, mailed, token } = await requested(house)
    expect(mailed).toBe(true)
    expect(key).toMatchObject({
      state: 'pending',
      revealed: false,
      awaits: { operation: 'request', until: START + 30 * MINUTE },
    })
    const confirmed = await house.manager.confirm({ token, browser: BROWSER })
    expect(confirmed).toMatchObject({ credentials: null, key: { state: 'active', revealed: false, awaits: null } })
    const { credentials } = await house.manager.reveal(owned(key))
    expect(credentials.secret.reveal()).toMatch(/^kls_test_/)
  })

  it('is told to the mailer with everything a mail should say', async () => {
    const house = createMailHouse()
    const { key, token } = await requested(house, { ipAllowlist: ['10.0.0.1'] })
    const [letter] = house.mails as [ConfirmationMail]
    expect(letter).toEqual({
      ...{ owner: OWNER, token, operation: 'request', key, expiresAt: START + 30 * MINUTE },
      parameters: expect.any(String),
    })
    expect(JSON.parse(letter.parameters)).toMatchObject({
      label: 'bot',
      permissions: ['read', 'trade'],
      accounts: null,
    })
    expect(JSON.parse(letter.parameters)).toMatchObject({ ipAllowlist: ['10.0.0.1'], scheme: 'hmac-v1' })
  })

  it('holds 256 random bits, and no two are alike', async () => {
    const house = createMailHouse()
    const { key } = await requested(house)
    const tokens = new Set([house.token()])
    for (let n = 0; n < 200; n++) {
      await house.manager.resend({ ...owned(key), browser: BROWSER })
      expect(house.token()).toMatch(new RegExp(`^${key.keyId}~[0-9A-Za-z]{43}$`))
      tokens.add(house.token())
    }
    expect(tokens.size).toBe(201)
  })

  it('is nowhere in the store, nor is any half of it; its hash is, and opens nothing', async () => {
    const house = createMailHouse()
    const { key, token } = await requested(house)
    const row = await rowsOf(house)
    const random = token.split('~')[1] as string
    for (const half of [random, random.slice(0, 21), random.slice(-21)]) expect(row).not.toContain(half)
    const { digest } = decodeKey((await house.keys.get(key.keyId)) as never).confirmation as { digest: string }
    expect(row).toContain(digest)
    for (const text of [digest, `${key.keyId}~${digest.slice(0, 43)}`]) {
      await expect(house.manager.confirm({ token: text, browser: BROWSER })).rejects.toThrow(INVALID)
    }
    expect(JSON.stringify(house.trail)).not.toContain(random)
  })

  it('can be looked at any number of times, which changes nothing', async () => {
    const house = createMailHouse()
    const { key, token } = await requested(house)
    const before = await rowsOf(house)
    for (let n = 0; n < 10; n++) {
      expect(await house.manager.inspect({ token, browser: BROWSER })).toEqual({
        ...{ key, operation: 'request', parameters: house.mails[0]?.parameters, expiresAt: START + 30 * MINUTE },
      })
    }
    expect(await rowsOf(house)).toBe(before)
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_KEY_STATE'))
    await expect(house.manager.confirm({ token, browser: BROWSER })).resolves.toBeDefined()
    await expect(house.manager.inspect({ token, browser: BROWSER })).rejects.toThrow(INVALID)
  })

  it('works until its time is over, to the millisecond', async () => {
    for (const [at, works] of [
      [30 * MINUTE - 1, true],
      [30 * MINUTE, false],
      [30 * MINUTE + 1, false],
    ] as const) {
      const house = createMailHouse()
      const { token } = await requested(house)
      house.clock.advance(at)
      const confirming = house.manager.confirm({ token, browser: BROWSER })
      if (works) await expect(confirming).resolves.toBeDefined()
      else await expect(confirming).rejects.toThrow(INVALID)
    }
  })

  it('lives as long as the policy says', async () => {
    const house = createMailHouse({ rules: { confirmationMs: 5 * MINUTE } })
    const { key, token } = await requested(house)
    expect(key.awaits?.until).toBe(START + 5 * MINUTE)
    house.clock.advance(5 * MINUTE)
    await expect(house.manager.confirm({ token, browser: BROWSER })).rejects.toThrow(INVALID)
  })

  it('stays dead when the clock is set back behind a later change of the key', async () => {
    const house = createMailHouse()
    const key = await living(house)
    await edit(house, key)
    const token = house.token()
    house.clock.advance(31 * MINUTE)
    await tamper(house, key.keyId, record => ({ updatedAt: START + 31 * MINUTE, version: record.version + 1 }))
    house.clock.set(START)
    await expect(house.manager.confirm({ token, browser: BROWSER })).rejects.toThrow(INVALID)
  })

  it('is good once: of 1,000 redemptions at once of each of four, one each is carried out', async () => {
    const house = createMailHouse()
    const asked = []
    for (let n = 0; n < 4; n++) asked.push(await requested(house, { label: `bot ${n}` }))
    const attempts = asked.map(({ token }) =>
      outcomesOf(Array.from({ length: 1000 }, () => house.manager.confirm({ token, browser: BROWSER }))),
    )
    for (const outcomes of await Promise.all(attempts)) {
      expect(outcomes).toEqual({ done: 1, ERR_CONFIRMATION_INVALID: 999 })
    }
    for (const { key } of asked)
      expect(await house.manager.get(owned(key))).toMatchObject({ state: 'active', version: 2 })
  })

  it('of a rotation shows one secret, however often it is redeemed at once', async () => {
    const house = createMailHouse()
    const key = await living(house)
    await house.manager.rotate({ ...owned(key), overlapMs: 0, ...asking(house) })
    const token = house.token()
    const confirm = () => house.manager.confirm({ token, browser: BROWSER }).then(({ credentials }) => credentials)
    const answers = await Promise.allSettled(Array.from({ length: 1000 }, confirm))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it.each([
    ['empty', ''],
    ['of another form', 'abc'],
    ['of no key', `kl_test_${'x'.repeat(28)}~${'y'.repeat(43)}`],
    ['of a megabyte', 'x'.repeat(1 << 20)],
    ['with a line break', `kl_test_a\n~${'y'.repeat(43)}`],
  ])('that is %s says no more than one that is wrong', async (_, token) => {
    const house = createMailHouse()
    const right = (await requested(house)).token
    const wrong = right.slice(0, -1) + (right.endsWith('a') ? 'b' : 'a')
    const refusal = async (text: string) =>
      String(await house.manager.confirm({ token: text, browser: BROWSER }).catch((error: unknown) => error))
    if (token !== '') expect(await refusal(token)).toBe(await refusal(wrong))
    else await expect(house.manager.confirm({ token, browser: BROWSER })).rejects.toThrow(code('ERR_INPUT_INVALID'))
  })

  it('is refused with any one character changed', async () => {
    const house = createMailHouse()
    const { token } = await requested(house)
    const at = fc.integer({ min: 0, max: token.length - 1 })
    const character = fc.constantFrom(...'abcXYZ019~_.-')
    await fc.assert(
      fc.asyncProperty(at, character, async (index, changed) => {
        fc.pre(token[index] !== changed)
        const other = token.slice(0, index) + changed + token.slice(index + 1)
        await expect(house.manager.confirm({ token: other, browser: BROWSER })).rejects.toThrow(INVALID)
      }),
    )
    await expect(house.manager.confirm({ token, browser: BROWSER })).resolves.toBeDefined()
  })
})

describe('the latest link', () => {
  it('kills the one before, at the moment it is made', async () => {
    const house = createMailHouse()
    const { key, token: old } = await requested(house)
    expect(await house.manager.resend({ ...owned(key), browser: BROWSER })).toMatchObject({ mailed: true })
    await expect(house.manager.inspect({ token: old, browser: BROWSER })).rejects.toThrow(INVALID)
    await expect(house.manager.confirm({ token: old, browser: BROWSER })).rejects.toThrow(INVALID)
    await expect(house.manager.confirm({ token: house.token(), browser: BROWSER })).resolves.toBeDefined()
  })

  it('kills the one before also when its mail does not leave', async () => {
    let down = false
    const mails: string[] = []
    const sendConfirmation = (letter: ConfirmationMail) => {
      if (down) throw new Error('mail server down')
      mails.push(letter.token)
    }
    const house = createMailHouse({ manager: { sendConfirmation } })
    const { key } = await requested(house)
    down = true
    expect(await house.manager.resend({ ...owned(key), browser: BROWSER })).toMatchObject({ mailed: false })
    await expect(house.manager.confirm({ token: mails[0] ?? '', browser: BROWSER })).rejects.toThrow(INVALID)
  })

  it('is for what was asked last: a second change takes the place of the first', async () => {
    const house = createMailHouse()
    const key = await living(house)
    const { key: waiting } = await edit(house, key, { label: 'first' })
    const first = house.token()
    await edit(house, waiting, { label: 'second' })
    await expect(house.manager.confirm({ token: first, browser: BROWSER })).rejects.toThrow(INVALID)
    const { key: edited } = await house.manager.confirm({ token: house.token(), browser: BROWSER })
    expect(edited.label).toBe('second')
  })

  it('lives anew from when it was sent', async () => {
    const house = createMailHouse()
    const { key } = await requested(house)
    house.clock.advance(DAY)
    await house.manager.resend({ ...owned(key), browser: BROWSER })
    house.clock.advance(30 * MINUTE - 1)
    await expect(house.manager.confirm({ token: house.token(), browser: BROWSER })).resolves.toBeDefined()
  })

  it('dies with any other change of the key', async () => {
    const house = createMailHouse({ rows: { edit: withMail } })
    const { manager } = house
    const changes: Record<string, (key: KeyView) => Promise<unknown>> = {
      renew: key => manager.renew(owned(key)),
      rotate: key => manager.rotate({ ...owned(key), overlapMs: 0 }),
      suspend: key => manager.suspend({ ...owned(key), reason: 'x' }),
      revoke: key => manager.revoke({ ...owned(key), reason: 'x' }),
      destroy: key => manager.destroy({ ...owned(key), reason: 'x' }),
      freeze: key => manager.freeze({ owner: key.owner, reason: 'x' }),
    }
    for (const [name, change] of Object.entries(changes)) {
      const key = await living(house, { owner: name })
      await edit(house, key)
      const token = house.token()
      await change(key)
      await expect(manager.confirm({ token, browser: BROWSER })).rejects.toThrow(INVALID)
    }
  })

  it('cannot be asked for where nothing waits', async () => {
    const house = createMailHouse()
    const { key, token } = await requested(house)
    await house.manager.confirm({ token, browser: BROWSER })
    await expect(house.manager.resend({ ...owned(key), browser: BROWSER })).rejects.toThrow(code('ERR_KEY_STATE'))
    await expect(house.manager.resend({ owner: 'mallory', keyId: key.keyId, browser: BROWSER })).rejects.toThrow(
      code('ERR_KEY_NOT_FOUND'),
    )
    expect(house.mails).toHaveLength(1)
  })
})

describe('the browser', () => {
  it('that asked is the only one that confirms, where the policy says so', async () => {
    const house = createMailHouse()
    const { token } = await requested(house)
    for (const browser of ['another-browsers-cookie', `${BROWSER} `, BROWSER.toUpperCase(), undefined]) {
      const other = { token, ...(browser === undefined ? {} : { browser }) }
      await expect(house.manager.inspect(other)).rejects.toThrow(INVALID)
      await expect(house.manager.confirm(other)).rejects.toThrow(INVALID)
    }
    await expect(house.manager.confirm({ token, browser: BROWSER })).resolves.toBeDefined()
  })

  it('does not matter where the policy does not say so', async () => {
    const house = createMailHouse({ rules: { sameBrowser: false } })
    const { token } = await requested(house)
    await expect(house.manager.confirm({ token, browser: 'another-browsers-cookie' })).resolves.toBeDefined()
  })

  it('that asked for the link anew is the one it is bound to', async () => {
    const house = createMailHouse()
    const { key } = await requested(house)
    await house.manager.resend({ ...owned(key), browser: 'another-browsers-cookie' })
    const token = house.token()
    await expect(house.manager.confirm({ token, browser: BROWSER })).rejects.toThrow(INVALID)
    await expect(house.manager.confirm({ token, browser: 'another-browsers-cookie' })).resolves.toBeDefined()
  })

  it.each([undefined, 'short', 'x'.repeat(1025)])('must be told by a value that can be its own: %s', async browser => {
    const house = createMailHouse()
    const { request, rotate, resend } = house.manager
    const [{ key: pendingKey }, key] = [await requested(house), await living(house)]
    const tried = house.asked.length
    const shown = { proof: 'good-x', ...(browser === undefined ? {} : { browser }) }
    const refused = code('ERR_INPUT_INVALID', 'browser')
    await expect(request({ ...wanted, ...shown })).rejects.toThrow(refused)
    await expect(rotate({ ...owned(key), overlapMs: 0, ...shown })).rejects.toThrow(refused)
    await expect(resend({ ...owned(pendingKey), ...shown })).rejects.toThrow(refused)
    expect(house.asked).toHaveLength(tried)
  })
})

describe('what is carried out', () => {
  it('is exactly what was asked, for every operation that can wait', async () => {
    const house = createMailHouse()
    const { manager } = house
    const key = await living(house)
    const change = {
      label: 'new',
      permissions: ['read'] as const,
      ipAllowlist: ['10.0.0.1'],
      expiresAt: START + 9 * DAY,
    }
    await edit(house, key, change)
    expect(JSON.parse(house.mails.at(-1)?.parameters ?? '')).toEqual(change)
    expect(await manager.get(owned(key))).toMatchObject({ label: key.label, permissions: key.permissions })
    const { key: edited } = await manager.confirm({ token: house.token(), browser: BROWSER })
    expect(edited).toMatchObject({ ...change, ipAllowlist: ['10.0.0.1'] })

    await manager.renew({ ...owned(key), expiresAt: START + 20 * DAY, ...asking(house) })
    expect((await manager.get(owned(key))).expiresAt).toBe(START + 9 * DAY)
    const { key: renewed } = await manager.confirm({ token: house.token(), browser: BROWSER })
    expect(renewed).toEqual({ ...edited, expiresAt: START + 20 * DAY, version: renewed.version })

    await manager.rotate({ ...owned(key), overlapMs: 7 * MINUTE, ...asking(house) })
    const rotated = await manager.confirm({ token: house.token(), browser: BROWSER })
    expect(rotated.key).toMatchObject({
      ...{ ...renewed, version: rotated.key.version, rotationEndsAt: START + 7 * MINUTE },
      credentialsVersion: 2,
    })
    expect(rotated.credentials?.secret.reveal()).toMatch(/^kls_test_/)
  })

  it('is judged against the ceiling of the moment it is confirmed', async () => {
    const ceiling = { permissions: ['full' as 'full' | 'read'], accounts: null }
    const house = createMailHouse({ manager: { ceiling: () => ceiling } })
    const { key, token } = await requested(house)
    const other = await living(house)
    await edit(house, other, { permissions: ['full'] })
    const change = house.token()
    ceiling.permissions = ['read']
    const above = code('ERR_CEILING_EXCEEDED')
    await expect(house.manager.confirm({ token, browser: BROWSER })).rejects.toThrow(above)
    await expect(house.manager.confirm({ token: change, browser: BROWSER })).rejects.toThrow(above)
    expect(await house.manager.get(owned(key))).toMatchObject({ state: 'pending' })
    ceiling.permissions = ['full']
    await expect(house.manager.confirm({ token, browser: BROWSER })).resolves.toBeDefined()
    await expect(house.manager.confirm({ token: change, browser: BROWSER })).resolves.toMatchObject({
      key: { permissions: ['full'] },
    })
  })

  it('is judged by whether the owner may have keys at the moment it is confirmed', async () => {
    let granted = true
    const house = createMailHouse({ rules: { eligibility: true }, manager: { eligible: () => granted } })
    const { token } = await requested(house)
    granted = false
    await expect(house.manager.confirm({ token, browser: BROWSER })).rejects.toThrow(code('ERR_OWNER_NOT_ELIGIBLE'))
    granted = true
    await expect(house.manager.confirm({ token, browser: BROWSER })).resolves.toBeDefined()
  })

  it('is not a time that has passed since', async () => {
    const house = createMailHouse()
    const key = await living(house)
    await house.manager.renew({ ...owned(key), expiresAt: START + 2 * MINUTE, ...asking(house) })
    house.clock.advance(3 * MINUTE)
    await expect(house.manager.confirm({ token: house.token(), browser: BROWSER })).rejects.toThrow(
      code('ERR_INPUT_INVALID', 'expiresAt'),
    )
    expect((await house.manager.get(owned(key))).expiresAt).toBe(key.expiresAt)
  })

  it('passes the verifier only once it is confirmed', async () => {
    const house = createMailHouse()
    const { key, token } = await requested(house)
    await expect(house.manager.rotate({ ...owned(key), overlapMs: 0, ...asking(house) })).rejects.toThrow(
      code('ERR_KEY_STATE'),
    )
    await expect(edit(house, key)).rejects.toThrow(code('ERR_KEY_STATE'))
    await house.manager.confirm({ token, browser: BROWSER })
    const { createSigner } = await import('../../src/client/index.js')
    const secret = (await house.manager.reveal(owned(key))).credentials.secret.reveal()
    const signer = createSigner({ scheme: house.schemes[0] as never, keyId: key.keyId, secret, clock: () => START })
    expect(await house.verifier.verify(await signer.sign(unsigned()), { permission: 'read' })).toMatchObject({
      ok: true,
    })
  })
})

describe('a link whose key was edited in the store', () => {
  const changes: readonly (readonly [string, (record: KeyRecord) => object])[] = [
    ['its label', () => ({ label: 'theirs' })],
    ['its permissions', () => ({ permissions: ['full'] })],
    ['its accounts', () => ({ accounts: ['vault'] })],
    ['its allowlist', () => ({ ipAllowlist: ['192.0.2.1/32'] })],
    ['its expiry', () => ({ expiresAt: START + 80 * DAY })],
    ['its beginning', () => ({ notBefore: START - DAY })],
    ['its scheme', () => ({ scheme: 'bearer' })],
    ['its addresses', () => ({ addresses: [{ asset: 'BTC', network: 'bitcoin', address: 'bc1q', memo: null }] })],
    ['the rule for its addresses', () => ({ addressRule: 'owner' })],
    ['the terms', () => ({ terms: { version: '1', acceptedAt: START } })],
    ['its parent', () => ({ parent: 'kl_test_other' })],
    ['the hash', record => pending(record, { digest: 'ab'.repeat(32) })],
    ['the operation', record => pending(record, { operation: 'rotate', parameters: '{"overlapMs":0}' })],
    ['the browser’s part', record => pending(record, { sameBrowser: false })],
    ['its owner', () => ({ owner: 'mallory' })],
  ]

  it.each(changes)('is dead when %s was', async (_, change) => {
    const house = createMailHouse()
    const { key, token } = await requested(house)
    await tamper(house, key.keyId, change)
    await expect(house.manager.confirm({ token, browser: BROWSER })).rejects.toThrow(INVALID)
  })

  it.each<[string, (record: KeyRecord) => object]>([
    ['the parameters', record => pending(record, { parameters: '{"permissions":["full"]}' })],
    ['the blanks in them', record => pending(record, { parameters: `${record.confirmation?.parameters} ` })],
    ['the operation', record => pending(record, { operation: 'renew' })],
    ['the hash', record => pending(record, { digest: '0'.repeat(64) })],
  ])('is dead when %s of a waiting edit were', async (_, change) => {
    const house = createMailHouse()
    const key = await living(house)
    await edit(house, key, { permissions: ['read'] })
    await tamper(house, key.keyId, change)
    await expect(house.manager.confirm({ token: house.token(), browser: BROWSER })).rejects.toThrow(INVALID)
  })
})

describe('a token', () => {
  it('of one key or owner is nothing to another, also when its hash is copied there', async () => {
    const house = createMailHouse()
    const [mine, theirs] = [await requested(house), await requested(house, { owner: 'mallory' })]
    const [, random] = theirs.token.split('~')
    const crossed = `${mine.key.keyId}~${random}`
    await expect(house.manager.confirm({ token: crossed, browser: BROWSER })).rejects.toThrow(INVALID)
    const { confirmation } = decodeKey((await house.keys.get(theirs.key.keyId)) as never)
    await tamper(house, mine.key.keyId, () => ({ confirmation }))
    await expect(house.manager.confirm({ token: crossed, browser: BROWSER })).rejects.toThrow(INVALID)
    await expect(house.manager.confirm({ token: theirs.token, browser: BROWSER })).resolves.toMatchObject({
      key: { owner: 'mallory' },
    })
  })

  it('of one operation is nothing to another of the same key', async () => {
    const house = createMailHouse()
    const key = await living(house)
    await edit(house, key, { label: 'harmless' })
    const harmless = house.token()
    await house.manager.rotate({ ...owned(key), overlapMs: 0, ...asking(house) })
    await expect(house.manager.confirm({ token: harmless, browser: BROWSER })).rejects.toThrow(INVALID)
  })

  it('carries out nothing in another owner’s name', async () => {
    const house = createMailHouse()
    const { token } = await requested(house)
    const actor = { role: 'owner', id: 'mallory' } as const
    await expect(house.manager.confirm({ token, browser: BROWSER, actor })).rejects.toThrow(
      code('ERR_OPERATION_FORBIDDEN'),
    )
    await expect(house.manager.confirm({ token, browser: BROWSER })).resolves.toBeDefined()
  })
})

describe('a mail that does not leave', () => {
  it('leaves a key that waits, whose link can be sent again, and nothing else', async () => {
    let failures = 1
    const house = createMailHouse({
      manager: {
        sendConfirmation: letter => {
          if (failures-- > 0) throw new Error('mail server down')
          house.mails.push(letter)
        },
      },
    })
    const answer = await house.manager.request({ ...wanted, proof: 'good', browser: BROWSER })
    expect(answer).toMatchObject({ mailed: false, key: { state: 'pending', awaits: { operation: 'request' } } })
    expect(JSON.parse(await rowsOf(house))).toHaveLength(1)
    expect(await house.manager.resend({ ...owned(answer.key), browser: BROWSER })).toMatchObject({ mailed: true })
    await expect(house.manager.confirm({ token: house.token(), browser: BROWSER })).resolves.toBeDefined()
  })

  it('is sent by nobody when the store fails before the key is kept', async () => {
    const faults = createFaults()
    const plain = createMailHouse()
    const house = createMailHouse({ keys: faults.wrap(plain.keys) })
    for (const when of ['before', 'after'] as const) {
      faults.fail(faults.calls() + 1, when)
      await expect(requested(house)).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
    }
    expect(house.mails).toEqual([])
    const [kept] = (await house.manager.list({ owner: OWNER })).keys as [KeyView]
    await house.manager.resend({ ...owned(kept), browser: BROWSER })
    await expect(house.manager.confirm({ token: house.token(), browser: BROWSER })).resolves.toBeDefined()
  })

  it('leaves a waiting key that counts against the owner’s limit, so that asking is no way around it', async () => {
    const house = createMailHouse({ rules: { keysPerOwner: 3 } })
    for (let n = 0; n < 3; n++) await requested(house)
    await expect(requested(house)).rejects.toThrow(code('ERR_KEY_LIMIT'))
    for (const { token } of house.mails) await house.manager.confirm({ token, browser: BROWSER })
    expect((await house.manager.list({ owner: OWNER })).keys).toHaveLength(3)
  })
})

describe('a confirmation whose write is lost', () => {
  it.each(['before', 'after'] as const)(
    '%s its effect leaves a link that is good or used, and a key that can be had',
    async when => {
      const faults = createFaults()
      const house = createMailHouse({ keys: faults.wrap(createMailHouse().keys) })
      const { key, token } = await requested(house)
      faults.fail(faults.calls() + 2, when)
      await expect(house.manager.confirm({ token, browser: BROWSER })).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
      if (when === 'before') await house.manager.confirm({ token, browser: BROWSER })
      await expect(house.manager.confirm({ token, browser: BROWSER })).rejects.toThrow(INVALID)
      await expect(house.manager.reveal(owned(key))).resolves.toBeDefined()
    },
  )
})
