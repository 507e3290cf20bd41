import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseCredentials } from '../../../src/client/index.js'
import type { CreateKey, Credentials, RouteDeclarations, StepUpRequest } from '../../../src/index.js'
import { credentialsToSvg, credentialsToTerminal, formatCredentials } from '../../../src/index.js'
import { acceptUncovered } from '../../../src/insecure.js'
import { type BitfinexPermission, bitfinex } from '../../../src/presets/bitfinex.js'
import { bitmapOfSvg, bitmapOfTerminal, scan } from '../../keys/bitmap.js'
import { BROWSER, CUSTOMER, type House, MINUTE, openHouse, owned, refusal, type Setting, STRANGER } from './house.js'

type P = BitfinexPermission

const OTHER_BROWSER = 'cookie-of-another-browser'

/** A call for every flag there is. */
const lines = Object.fromEntries(
  bitfinex.permissions.names.map(flag => {
    const [resource, kind] = flag.split(':')
    return [flag, `POST /v2/auth/${kind === 'read' ? 'r' : 'w'}/${resource}`]
  }),
) as Record<P, `POST /${string}`>
const routes: RouteDeclarations<P> = Object.fromEntries(Object.entries(lines).map(([flag, line]) => [line, flag as P]))
const setting = {
  preset: bitfinex,
  scheme: acceptUncovered(bitfinex.scheme(), ['method', 'host', 'query', 'content-type']),
  routes,
} satisfies Setting<P, never>

const open = (manager: Setting<P, never>['manager'] = {}) => openHouse({ ...setting, manager })

const form = (fields: Partial<CreateKey<P>> = {}): CreateKey<P> => ({
  ...{ owner: CUSTOMER, label: '', permissions: bitfinex.defaultPermissions, accounts: null, ipAllowlist: null },
  ...{ browser: BROWSER },
  ...fields,
})

/** The whole way: form, code, mail, link in the same browser, credentials. */
async function createKey(house: House<P>, fields: Partial<CreateKey<P>> = {}) {
  const { key } = await house.manager.request(form({ proof: house.code(), ...fields }))
  await house.manager.confirm({ token: house.link(), browser: BROWSER })
  const { credentials } = await house.manager.reveal(owned(key))
  return { key, signer: house.signerOf(credentials) }
}

type Made = Awaited<ReturnType<typeof createKey>>

/** The flags that a key has, asked one by one. */
async function flagsOf(house: House<P>, { signer }: Pick<Made, 'signer'>): Promise<readonly string[]> {
  const answers = await Promise.all(bitfinex.permissions.names.map(flag => house.call(signer, lines[flag])))
  return bitfinex.permissions.names.filter((_, at) => answers[at] === 'allowed')
}

describe('Bitfinex: an API key', () => {
  it('“a unique identifier that authenticates requests associated with your account”', async () => {
    const house = open()
    const [one, other] = [await createKey(house), await createKey(house)]
    expect(one.key.keyId).not.toBe(other.key.keyId)
    expect(one.key.owner).toBe(CUSTOMER)
    expect(await house.call(one.signer, lines['wallets:read'])).toBe('allowed')
  })

  it("“You need an API Key to … use Bitfinex's authenticated API endpoints”", async () => {
    expect(await open().call(undefined, lines['wallets:read'])).toBe('missing_credentials')
  })
})

describe('Bitfinex: Step 2', () => {
  it('“Carefully select the permissions you would like your API Key to have”: of some areas, and not of others', async () => {
    const house = open()
    const permissions: readonly P[] = ['orders:read', 'orders:write', 'positions:read']
    expect(await flagsOf(house, await createKey(house, { permissions }))).toEqual(permissions)
  })

  it.each([
    { words: 'Account Information', resource: 'account' },
    { words: 'Account History', resource: 'history' },
    { words: 'Orders', resource: 'orders' },
    { words: 'Margin trading', resource: 'positions' },
    { words: 'Margin funding', resource: 'funding' },
    { words: 'Wallets', resource: 'wallets' },
    { words: 'Withdrawals', resource: 'withdraw' },
  ])('“$words”: each flag lets through what it names, and nothing else', async ({ resource }) => {
    const house = open()
    const flags = bitfinex.permissions.names.filter(flag => flag.startsWith(`${resource}:`))
    expect(flags.length).toBe(resource === 'withdraw' ? 1 : 2)
    for (const flag of flags) {
      expect(await flagsOf(house, await createKey(house, { permissions: [flag] }))).toEqual([flag])
    }
  })

  it('“A default configuration would already be available on your screen”: it reads everything and changes nothing', async () => {
    const house = open()
    const reads = bitfinex.permissions.names.filter(flag => flag.endsWith(':read'))
    expect(await flagsOf(house, await createKey(house, { permissions: bitfinex.defaultPermissions }))).toEqual(reads)
  })

  it('“as an optional feature, you can label your API Key to easily identify it”', async () => {
    const house = open()
    await createKey(house, { label: '' })
    await createKey(house, { label: 'mobile app' })
    const { keys } = await house.manager.list({ owner: CUSTOMER })
    expect(keys.map(({ label }) => label).toSorted()).toEqual(['', 'mobile app'])
  })

  it('“confirm your configuration settings by clicking the Generate API Key button”: only what can be granted', async () => {
    const house = open()
    await expect(house.manager.request(form({ permissions: ['withdraw:read' as P] }))).rejects.toThrow(
      refusal('ERR_PERMISSION_UNKNOWN'),
    )
    expect(house.approvals).toEqual([])
  })
})

describe('Bitfinex: Step 3', () => {
  it('“a modal will open asking for your 2FA code”: without it no key and no mail', async () => {
    const house = open()
    await expect(house.manager.request(form())).rejects.toThrow(refusal('ERR_SECOND_FACTOR_REQUIRED', 'proof'))
    await expect(house.manager.request(form({ proof: '000000' }))).rejects.toThrow(
      refusal('ERR_SECOND_FACTOR_REFUSED', 'proof'),
    )
    expect((await house.manager.list({ owner: CUSTOMER })).keys).toEqual([])
    expect(house.mails).toEqual([])
  })

  it('“(or U2F device, depending on your security setup)”: it signs what is asked for, and nothing else', async () => {
    // Stands for the device and for the public key that the house has of it.
    const touch = (challenge: string) => createHmac('sha256', 'device').update(challenge).digest('base64url')
    const challengeOf = ({ operation, parameters }: Pick<StepUpRequest, 'operation' | 'parameters'>) =>
      `${operation} ${parameters}`
    const house = open({ secondFactor: request => request.proof === touch(challengeOf(request)) })
    const { browser, ...asked } = form()
    const proof = touch(challengeOf({ operation: 'request', parameters: JSON.stringify(asked) }))
    const more = { ...asked, browser: BROWSER, permissions: ['withdraw:write'], proof } as const
    await expect(house.manager.request(more)).rejects.toThrow(refusal('ERR_SECOND_FACTOR_REFUSED', 'proof'))

    const again = touch(challengeOf({ operation: 'request', parameters: JSON.stringify({ ...asked, label: 'app' }) }))
    await house.manager.request({ ...asked, label: 'app', browser: BROWSER, proof: again })
    expect(house.mails).toHaveLength(1)
  })

  it('“once successfully entered, you will receive an email with a confirmation link”', async () => {
    const house = open()
    const { key, mailed } = await house.manager.request(form({ proof: house.code(), label: 'app' }))
    expect(mailed).toBe(true)
    expect(house.mails).toMatchObject([{ owner: CUSTOMER, operation: 'request', key: { label: 'app' } }])
    expect(key).toMatchObject({ state: 'pending', revealed: false })
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(refusal('ERR_KEY_STATE', 'state'))
  })

  it('“a confirmation link”: a later one ends the one before, and after 30 minutes it has ended itself', async () => {
    const house = open()
    const { key } = await house.manager.request(form({ proof: house.code() }))
    const first = house.link()
    await house.manager.resend({ ...owned(key), browser: BROWSER })
    for (const [token, waited] of [
      [first, 0],
      [house.link(), 30 * MINUTE],
    ] as const) {
      house.clock.advance(waited)
      await expect(house.manager.confirm({ token, browser: BROWSER })).rejects.toThrow(
        refusal('ERR_CONFIRMATION_INVALID'),
      )
    }
  })

  it('“Click the Create API Key button as seen on the image below to complete the process”: the link alone does not', async () => {
    const house = open()
    const { key } = await house.manager.request(form({ proof: house.code() }))
    const link = { token: house.link(), browser: BROWSER }
    await house.manager.inspect(link)
    expect(await house.manager.get(owned(key))).toMatchObject({ state: 'pending' })
    expect(await house.manager.confirm(link)).toMatchObject({ key: { state: 'active' } })
    await expect(house.manager.confirm(link)).rejects.toThrow(refusal('ERR_CONFIRMATION_INVALID'))
  })

  it('“access the email confirmation using the same browser as your Bitfinex page”', async () => {
    const house = open()
    await expect(house.manager.request({ ...form({ proof: house.code() }), browser: 'short' })).rejects.toThrow(
      refusal('ERR_INPUT_INVALID', 'browser'),
    )
    await house.manager.request(form({ proof: house.code() }))
    const token = house.link()
    for (const browser of [{ browser: OTHER_BROWSER }, {}]) {
      await expect(house.manager.inspect({ token, ...browser })).rejects.toThrow(refusal('ERR_CONFIRMATION_INVALID'))
      await expect(house.manager.confirm({ token, ...browser })).rejects.toThrow(refusal('ERR_CONFIRMATION_INVALID'))
    }
  })

  it('“please copy and paste the link to the browser you are using”: the wrong one has not used it up', async () => {
    const house = open()
    await house.manager.request(form({ proof: house.code() }))
    const token = house.link()
    await expect(house.manager.confirm({ token, browser: OTHER_BROWSER })).rejects.toThrow(
      refusal('ERR_CONFIRMATION_INVALID'),
    )
    await expect(house.manager.confirm({ token, browser: BROWSER })).resolves.toBeDefined()
  })
})

describe('Bitfinex: Step 4', () => {
  async function reveal(house: House<P>) {
    const { key } = await house.manager.request(form({ proof: house.code(), label: 'mobile app' }))
    await house.manager.confirm({ token: house.link(), browser: BROWSER })
    const { credentials } = await house.manager.reveal(owned(key))
    return { key, text: formatCredentials({ scheme: key.scheme, credentials, label: key.label }) }
  }

  it('“the page will display both your API Key and API Key secret in text and as a QR code”', async () => {
    const { key, text } = await reveal(open())
    expect(parseCredentials(text)).toMatchObject({ scheme: 'bitfinex', credentials: { keyId: key.keyId } })
    expect(credentialsToSvg(text)).toMatch(/^<svg /)
    expect(credentialsToTerminal(text)).toContain('█')
  })

  it.each([
    ['scan the code', (text: string) => scan(bitmapOfSvg(credentialsToSvg(text)))],
    ['scan the code in a terminal', (text: string) => scan(bitmapOfTerminal(credentialsToTerminal(text)))],
    ['copy and paste the text', (text: string) => ` ${text}\n`],
  ])('“you can either scan the code or copy and paste the text”: %s', async (_way, taken) => {
    const house = open()
    const { text } = await reveal(house)
    const { keyId, secret } = parseCredentials(taken(text) ?? '').credentials
    const signer = house.signerOf({ keyId, secret: { reveal: () => secret } as never })
    expect(await house.call(signer, lines['wallets:read'])).toBe('allowed')
  })

  it('“you have a limited opportunity to record the key when it is presented to you at the time of its creation”', async () => {
    const house = open()
    const { key, text } = await reveal(house)
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(refusal('ERR_SECRET_REVEALED'))
    const seen = [await house.manager.get(owned(key)), await house.manager.list({ owner: CUSTOMER })]
    expect(JSON.stringify(seen)).not.toContain(parseCredentials(text).credentials.secret)
  })

  it('“you will find your API Key in your API section under My API Keys”: its owner does, and nobody else', async () => {
    const house = open()
    const { key } = await createKey(house)
    expect((await house.manager.list({ owner: CUSTOMER })).keys.map(({ keyId }) => keyId)).toEqual([key.keyId])
    expect((await house.manager.list({ owner: STRANGER })).keys).toEqual([])
  })
})

describe('Bitfinex: To revoke or edit an existing API Key', () => {
  it('“you can revoke the key by visiting the My API Keys tab … Under Action you can select Revoke”: it is listed as revoked, for ever', async () => {
    const house = open()
    const { key } = await createKey(house)
    await house.manager.revoke({ ...owned(key), reason: 'lost' })
    expect((await house.manager.list({ owner: CUSTOMER })).keys).toMatchObject([{ state: 'revoked', reason: 'lost' }])
    const ways = [
      () => house.manager.resume({ ...owned(key), proof: house.code() }),
      () => house.manager.edit({ ...owned(key), version: 4, label: 'back', proof: house.code() }),
      () => house.manager.rotate({ ...owned(key), overlapMs: 0, proof: house.code(), browser: BROWSER }),
    ]
    for (const way of ways) await expect(way()).rejects.toThrow(refusal('ERR_KEY_STATE', 'state'))
  })

  it('“This will automatically rescind all permissions which were being used by our API key”', async () => {
    const house = open()
    const permissions = bitfinex.permissions.names
    const [made, other] = [await createKey(house, { permissions }), await createKey(house, { permissions })]
    expect(await flagsOf(house, made)).toEqual(permissions)
    await house.manager.revoke({ ...owned(made.key), reason: 'lost' })
    for (const flag of permissions) expect(await house.call(made.signer, lines[flag])).toBe('key_revoked')
    expect(await flagsOf(house, other)).toEqual(permissions)
  })

  it('“Once you have made the changes, select Update Permissions”: they hold from the next request', async () => {
    const house = open()
    const made = await createKey(house)
    const edit = { ...owned(made.key), permissions: ['orders:write', 'orders:read'], proof: house.code() } as const
    await house.manager.edit({ ...edit, version: (await house.manager.get(owned(made.key))).version })
    expect(await flagsOf(house, made)).toEqual(['orders:read', 'orders:write'])
  })

  it('“you will be asked for your 2FA code to finalise the edit”: and for nothing else', async () => {
    const house = open()
    const used = house.code()
    const made = await createKey(house, { proof: used })
    const { version } = await house.manager.get(owned(made.key))
    const edit = { ...owned(made.key), version, permissions: ['withdraw:write'] } as const
    const before = await flagsOf(house, made)
    await expect(house.manager.edit(edit)).rejects.toThrow(refusal('ERR_SECOND_FACTOR_REQUIRED', 'proof'))
    for (const proof of ['000000', used]) {
      await expect(house.manager.edit({ ...edit, proof })).rejects.toThrow(
        refusal('ERR_SECOND_FACTOR_REFUSED', 'proof'),
      )
    }
    expect(await flagsOf(house, made)).toEqual(before)
    await house.manager.edit({ ...edit, proof: house.code() })
    expect(house.mails).toHaveLength(1)
    expect(await flagsOf(house, made)).toEqual(['withdraw:write'])
  })
})

describe('Bitfinex: tokens, keys that a key makes', () => {
  const child = (key: Made['key'], permissions: readonly P[]) =>
    ({ ...owned(key), label: 'token', permissions, accounts: null, ipAllowlist: null }) as const

  it('are made by the key that asks, narrower than it, and end with it', async () => {
    const house = open()
    const { key } = await createKey(house, { permissions: ['orders:read', 'orders:write'] })
    const actor = { role: 'key', id: key.keyId } as const
    const wanted = { ...child(key, ['orders:read']), expiresAt: house.clock() + 10 * MINUTE }
    const token = await house.manager.derive({ ...wanted, actor })
    const signer = house.signerOf(token.credentials as Credentials)
    expect(await flagsOf(house, { signer })).toEqual(['orders:read'])
    await expect(house.manager.derive({ ...child(key, ['withdraw:write']), actor })).rejects.toThrow(
      refusal('ERR_CEILING_EXCEEDED', 'permissions'),
    )
    await house.manager.revoke({ ...owned(key), reason: 'lost' })
    expect(await house.call(signer, lines['orders:read'])).toBe('key_revoked')
  })

  it('are made by nobody else: not by another key, and not from a session, which would go around the mail', async () => {
    const house = open()
    const [one, other] = [await createKey(house), await createKey(house)]
    const wanted = child(one.key, ['orders:read'])
    for (const actor of [
      { role: 'key', id: other.key.keyId },
      { role: 'owner', id: CUSTOMER },
    ] as const) {
      await expect(house.manager.derive({ ...wanted, actor, proof: house.code() })).rejects.toThrow(
        refusal('ERR_OPERATION_FORBIDDEN'),
      )
    }
  })
})
