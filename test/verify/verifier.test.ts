import { describe, expect, it, vi } from 'vitest'
import type { Decision, DenialCode, KeyRow, KeyStore, Verdict, WireRequest } from '../../src/index.js'
import { anyPermission, ConfigError, createVerifier, DENIALS, StoreError } from '../../src/index.js'
import { acceptUncovered, ambiguousPaths, noReplayGuard } from '../../src/insecure.js'
import { bearer } from '../../src/schemes/bearer.js'
import { binance } from '../../src/schemes/binance.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { createMemoryKeyStore } from '../../src/stores/memory.js'
import { createWorld, OWNER, permissions, START, unsigned } from '../world.js'

const READ = { permission: 'read' } as const
const denialOf = (verdict: Verdict): DenialCode | 'allowed' => (verdict.ok ? 'allowed' : verdict.denial)
const withHeader = (request: WireRequest, name: string, value: string | string[] | undefined): WireRequest => ({
  ...request,
  headers: { ...request.headers, [name]: value },
})

describe('a verifier allows', () => {
  it('a signed request that its key may make, and says whose it is', async () => {
    const { issue, verifier } = createWorld()
    const { key, signer } = await issue({ accounts: ['spot', 'margin'] })
    const verdict = await verifier.verify(await signer.sign(unsigned()), { permission: 'read', account: 'spot' })
    expect(verdict).toMatchObject({
      ok: true,
      principal: {
        keyId: key.keyId,
        owner: OWNER,
        label: 'bot',
        permissions: ['read', 'trade'],
        accounts: ['spot', 'margin'],
      },
    })
  })

  it('requests with and without a body, a content type and a query', async () => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue()
    const body = new TextEncoder().encode('{"amount":"1.0"}')
    const headers = { 'content-type': 'application/json' }
    for (const request of [
      unsigned(),
      unsigned({ target: '/' }),
      unsigned({ method: 'POST', target: '/v1/orders', body }),
      unsigned({ method: 'POST', target: '/v1/orders', body, headers }),
      unsigned({ method: 'DELETE', target: '/v1/orders/1', headers }),
    ]) {
      expect(denialOf(await verifier.verify(await signer.sign(request), READ))).toBe('allowed')
    }
  })

  it('a key of any permission where the operation says so', async () => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue({ permissions: [] })
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), { permission: anyPermission }))).toBe(
      'allowed',
    )
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('permission_denied')
  })
})

describe('a verifier refuses before any look at a key', () => {
  const cases: readonly [string, (request: WireRequest) => WireRequest, DenialCode][] = [
    ['no credentials', () => unsigned(), 'missing_credentials'],
    ['a missing signature', r => withHeader(r, 'x-api-signature', undefined), 'malformed_credentials'],
    ['an empty signature', r => withHeader(r, 'x-api-signature', ''), 'malformed_credentials'],
    ['a repeated signature', r => withHeader(r, 'x-api-signature', ['a', 'b']), 'malformed_credentials'],
    [
      'a repeated key id',
      r => withHeader(r, 'x-api-key', [String(r.headers['x-api-key']), 'other']),
      'malformed_credentials',
    ],
    ['a joined key id', r => withHeader(r, 'x-api-key', `${r.headers['x-api-key']}, other`), 'malformed_credentials'],
    [
      'an upper-case signature',
      r => withHeader(r, 'x-api-signature', String(r.headers['x-api-signature']).toUpperCase()),
      'malformed_credentials',
    ],
    [
      'a truncated signature',
      r => withHeader(r, 'x-api-signature', String(r.headers['x-api-signature']).slice(0, 32)),
      'malformed_credentials',
    ],
    ['an exponent as timestamp', r => withHeader(r, 'x-api-timestamp', '1e12'), 'malformed_credentials'],
    ['a hexadecimal timestamp', r => withHeader(r, 'x-api-timestamp', '0x19b7'), 'malformed_credentials'],
    ['a padded timestamp', r => withHeader(r, 'x-api-timestamp', ` ${START}`), 'malformed_credentials'],
    ['a timestamp with a leading zero', r => withHeader(r, 'x-api-timestamp', `0${START}`), 'malformed_credentials'],
    ['a signed timestamp', r => withHeader(r, 'x-api-timestamp', `+${START}`), 'malformed_credentials'],
    ['a fractional timestamp', r => withHeader(r, 'x-api-timestamp', `${START}.0`), 'malformed_credentials'],
    ['an empty timestamp', r => withHeader(r, 'x-api-timestamp', ''), 'malformed_credentials'],
    ['a timestamp above 2^53', r => withHeader(r, 'x-api-timestamp', '9007199254740993'), 'malformed_credentials'],
    ['Arabic digits', r => withHeader(r, 'x-api-timestamp', '\u0661\u0662\u0663'), 'malformed_credentials'],
    [
      'seconds for milliseconds',
      r => withHeader(r, 'x-api-timestamp', String(START / 1000)),
      'timestamp_outside_window',
    ],
    ['microseconds for milliseconds', r => withHeader(r, 'x-api-timestamp', `${START}000`), 'malformed_credentials'],
    ['a negative window', r => withHeader(r, 'x-api-recv-window', '-1'), 'malformed_credentials'],
    ['a fractional window', r => withHeader(r, 'x-api-recv-window', '1.5'), 'malformed_credentials'],
    ['a window that is no number', r => withHeader(r, 'x-api-recv-window', 'NaN'), 'malformed_credentials'],
    ['a window above the maximum', r => withHeader(r, 'x-api-recv-window', '60001'), 'recv_window_too_large'],
    ['a short nonce', r => withHeader(r, 'x-api-nonce', 'short'), 'malformed_credentials'],
    ['a nonce with a line break', r => withHeader(r, 'x-api-nonce', 'abcdefghijklmnop\nq'), 'malformed_credentials'],
    ['a nonce of a megabyte', r => withHeader(r, 'x-api-nonce', 'n'.repeat(1 << 20)), 'malformed_credentials'],
    ['a key id of a megabyte', r => withHeader(r, 'x-api-key', 'k'.repeat(1 << 20)), 'malformed_credentials'],
    ['a key id with a line break', r => withHeader(r, 'x-api-key', 'kl_test_a\nb'), 'malformed_credentials'],
    ['a content type of a megabyte', r => withHeader(r, 'content-type', 't'.repeat(1 << 20)), 'malformed_request'],
    ['a content type with NUL', r => withHeader(r, 'content-type', 'a\0b'), 'malformed_request'],
    ['two content types', r => withHeader(r, 'content-type', ['a/b', 'c/d']), 'malformed_request'],
    ['a target of a megabyte', r => ({ ...r, target: `/${'t'.repeat(1 << 20)}` }), 'request_too_large'],
    ['a body above the limit', r => ({ ...r, body: new Uint8Array((1 << 20) + 1) }), 'request_too_large'],
    ['a line break in the target', r => ({ ...r, target: '/a\r\nx: y' }), 'malformed_request'],
    ['a target that climbs', r => ({ ...r, target: '/v1/../admin' }), 'malformed_request'],
    ['a lower-case method', r => ({ ...r, method: 'get' }), 'malformed_request'],
  ]

  it.each(cases)('%s', async (_, change, denial) => {
    const store = createMemoryKeyStore()
    const get = vi.fn(store.get)
    const { issue, verifier } = createWorld({ keys: store, verifier: { keys: { get } } })
    const { signer } = await issue()
    const signed = await signer.sign(unsigned())
    expect(denialOf(await verifier.verify(change(signed), READ))).toBe(denial)
    expect(get).not.toHaveBeenCalled()
    expect(denialOf(await verifier.verify(signed, READ))).toBe('allowed')
  })

  it('credentials that two schemes recognise, since either could be the one that was meant', async () => {
    const schemes = [
      hmacV1({ audience: 'a' }),
      acceptUncovered(bearer(), ['method', 'host', 'path', 'query', 'content-type', 'body']),
    ]
    const { issue, verifier } = createWorld({ schemes })
    const { signer } = await issue({ scheme: 'hmac-v1' })
    const signed = await signer.sign(unsigned())
    expect(denialOf(await verifier.verify(signed, READ))).toBe('allowed')
    const both = withHeader(await signer.sign(unsigned()), 'authorization', `Bearer ${'a'.repeat(40)}`)
    expect(await verifier.verify(both, READ)).toMatchObject({ denial: 'malformed_credentials' })
  })

  it('a mistyped key id, by its checksum', async () => {
    const store = createMemoryKeyStore()
    const get = vi.fn(store.get)
    const { issue, verifier } = createWorld({ keys: store, verifier: { keys: { get } } })
    const { signer, key } = await issue()
    const last = key.keyId.endsWith('0') ? '1' : '0'
    const mistyped = withHeader(await signer.sign(unsigned()), 'x-api-key', key.keyId.slice(0, -1) + last)
    expect(denialOf(await verifier.verify(mistyped, READ))).toBe('unknown_key')
    expect(get).not.toHaveBeenCalled()
  })
})

describe('the window of time', () => {
  it.each([
    [-5001, 'timestamp_outside_window'],
    [-5000, 'allowed'],
    [-4999, 'allowed'],
    [0, 'allowed'],
    [999, 'allowed'],
    [1000, 'allowed'],
    [1001, 'timestamp_outside_window'],
  ])('judges a timestamp %i ms from now as %s', async (offset, expected) => {
    const { issue, verifier, clock } = createWorld()
    const { signer } = await issue()
    clock.set(START + offset)
    const signed = await signer.sign(unsigned())
    clock.set(START)
    expect(denialOf(await verifier.verify(signed, READ))).toBe(expected)
  })

  it('tells the server time with a refusal', async () => {
    const { issue, verifier, clock } = createWorld()
    const { signer } = await issue()
    const signed = await signer.sign(unsigned())
    clock.advance(60_000)
    expect(await verifier.verify(signed, READ)).toMatchObject({
      denial: 'timestamp_outside_window',
      at: START + 60_000,
    })
  })

  it('never forgets a nonce while its timestamp still passes, on any clock within the skew', async () => {
    const { issue, verifier, clock } = createWorld()
    const { signer } = await issue()
    clock.set(START + 1000)
    const signed = await signer.sign(unsigned())
    clock.set(START)
    expect(denialOf(await verifier.verify(signed, READ))).toBe('allowed')
    for (let now = START; now <= START + 6000; now += 1) {
      clock.set(now)
      expect(denialOf(await verifier.verify(signed, READ)), `${now - START} ms later`).toBe('replayed')
    }
    clock.set(START + 6001)
    expect(denialOf(await verifier.verify(signed, READ))).toBe('timestamp_outside_window')
    clock.set(START)
    expect(denialOf(await verifier.verify(signed, READ))).toBe('replayed')
  })
})

describe('a verifier refuses what is not proven, in one wire code', () => {
  it('an unknown key, another secret, another scheme and a changed request', async () => {
    const open = ['method', 'host', 'path', 'content-type'] as const
    const { issue, verifier, manager } = createWorld({
      schemes: [hmacV1({ audience: 'a' }), acceptUncovered(binance(), open)],
    })
    const ours = await issue({ scheme: 'hmac-v1' })
    const theirs = await issue({ scheme: 'binance' })
    const signed = await ours.signer.sign(unsigned())
    const cases: [WireRequest, DenialCode][] = [
      [{ ...signed, target: '/v1/balance?asset=ETH' }, 'wrong_signature'],
      [{ ...signed, method: 'POST' }, 'wrong_signature'],
      [{ ...signed, body: new Uint8Array([1]) }, 'wrong_signature'],
      [withHeader(signed, 'content-type', 'text/plain'), 'wrong_signature'],
      [withHeader(signed, 'x-api-key', theirs.key.keyId), 'wrong_scheme'],
      [withHeader(signed, 'x-api-key', 'nobody'), 'unknown_key'],
    ]
    for (const [request, denial] of cases) {
      const verdict = await verifier.verify(request, READ)
      expect(denialOf(verdict)).toBe(denial)
      expect(DENIALS[denial].wire).toBe('invalid_credentials')
    }
    await manager.destroy({ owner: OWNER, keyId: ours.key.keyId, reason: 'lost' })
    expect(denialOf(await verifier.verify(await ours.signer.sign(unsigned()), READ))).toBe('unknown_key')
  })

  it('a revoked key only to whom holds its secret', async () => {
    const { issue, verifier, manager } = createWorld()
    const { signer, key } = await issue()
    await manager.revoke({ owner: OWNER, keyId: key.keyId, reason: 'leaked' })
    const signed = await signer.sign(unsigned())
    expect(denialOf(await verifier.verify(signed, READ))).toBe('key_revoked')
    expect(denialOf(await verifier.verify({ ...signed, method: 'POST' }, READ))).toBe('wrong_signature')
  })
})

describe('policy, judged after proof', () => {
  it('goes state, validity, address, account, permission', async () => {
    const { issue, verifier, manager, clock } = createWorld()
    const { signer, key } = await issue({
      permissions: ['read'],
      accounts: ['spot'],
      ipAllowlist: ['10.0.0.0/24'],
      notBefore: START + 10_000,
      expiresAt: START + 100_000,
    })
    const judge = async (ip: string | undefined, account: string | null | undefined, permission: 'read' | 'trade') =>
      denialOf(await verifier.verify({ ...(await signer.sign(unsigned())), ip }, { permission, account }))
    const owned = { owner: OWNER, keyId: key.keyId }

    expect(await judge(undefined, undefined, 'trade')).toBe('key_not_yet_valid')
    clock.set(START + 9_999)
    expect(await judge('10.0.0.1', 'spot', 'read')).toBe('key_not_yet_valid')
    clock.set(START + 10_000)
    expect(await judge('10.0.0.1', 'spot', 'read')).toBe('allowed')
    expect(await judge('::ffff:10.0.0.1', 'spot', 'read')).toBe('allowed')
    expect(await judge(undefined, 'margin', 'trade')).toBe('ip_not_allowed')
    expect(await judge('10.0.1.1', 'margin', 'trade')).toBe('ip_not_allowed')
    expect(await judge('10.0.0.1', 'margin', 'trade')).toBe('account_not_allowed')
    expect(await judge('10.0.0.1', undefined, 'read')).toBe('account_not_allowed')
    expect(await judge('10.0.0.1', null, 'read')).toBe('allowed')
    expect(await judge('10.0.0.1', 'spot', 'trade')).toBe('permission_denied')
    await manager.suspend({ ...owned, reason: 'check' })
    expect(await judge('10.0.0.1', 'spot', 'read')).toBe('key_suspended')
    await manager.resume(owned)
    clock.set(START + 99_999)
    expect(await judge('10.0.0.1', 'spot', 'read')).toBe('allowed')
    clock.set(START + 100_000)
    expect(await judge('10.0.0.1', 'spot', 'read')).toBe('key_expired')
  })

  it('keeps an empty allowlist apart from none', async () => {
    const { issue, verifier } = createWorld()
    const nowhere = await issue({ ipAllowlist: [] })
    const anywhere = await issue({ ipAllowlist: null })
    const from = (signed: WireRequest) => ({ ...signed, ip: '192.0.2.1' })
    expect(denialOf(await verifier.verify(from(await nowhere.signer.sign(unsigned())), READ))).toBe('ip_not_allowed')
    expect(denialOf(await verifier.verify(from(await anywhere.signer.sign(unsigned())), READ))).toBe('allowed')
  })

  it('needs every permission of a list', async () => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue({ permissions: ['trade'] })
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), { permission: ['read', 'trade'] }))).toBe(
      'allowed',
    )
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), { permission: ['trade', 'withdraw'] }))).toBe(
      'permission_denied',
    )
  })
})

describe('replays', () => {
  it('refuses the second of two equal requests, and the same nonce with another content', async () => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue()
    const signed = await signer.sign(unsigned())
    expect(denialOf(await verifier.verify(signed, READ))).toBe('allowed')
    expect(denialOf(await verifier.verify(signed, READ))).toBe('replayed')
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('allowed')
  })

  it('accepts exactly one of 100 copies that come at once', async () => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue()
    const signed = await signer.sign(unsigned())
    const verdicts = await Promise.all(Array.from({ length: 100 }, () => verifier.verify(signed, READ)))
    expect(verdicts.filter(verdict => verdict.ok)).toHaveLength(1)
  })

  it('burns no nonce for a request that was not proven or not permitted', async () => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue({ ipAllowlist: ['10.0.0.1'] })
    const signed = await signer.sign(unsigned())
    expect(denialOf(await verifier.verify(withHeader(signed, 'x-api-signature', '0'.repeat(64)), READ))).toBe(
      'wrong_signature',
    )
    expect(denialOf(await verifier.verify({ ...signed, ip: '10.0.0.2' }, READ))).toBe('ip_not_allowed')
    expect(denialOf(await verifier.verify({ ...signed, ip: '10.0.0.1' }, READ))).toBe('allowed')
  })

  it('remembers the bytes of a tag, so that a respelled signature is the same request', async () => {
    const schemes = [acceptUncovered(binance(), ['method', 'host', 'path', 'content-type'])]
    const { issue, verifier } = createWorld({ schemes })
    const { signer } = await issue()
    const signed = await signer.sign(unsigned())
    expect(denialOf(await verifier.verify(signed, READ))).toBe('allowed')
    const respelled = { ...signed, target: signed.target.replace(/[0-9a-f]{64}$/, hex => hex.toUpperCase()) }
    expect(respelled.target).not.toBe(signed.target)
    expect(denialOf(await verifier.verify(respelled, READ))).toBe('replayed')
    const elsewhere = { ...signed, target: signed.target.replace('/v1/balance', '/v1/withdraw') }
    expect(denialOf(await verifier.verify(elsewhere, READ))).toBe('replayed')
  })
})

describe('failures', () => {
  const failing = (error: unknown) => () => {
    throw error
  }

  it.each([
    ['throws', failing(new Error('down'))],
    ['rejects', () => Promise.reject(new Error('down'))],
  ])('rejects with StoreError when the key store %s', async (_, get) => {
    const { issue, keys, replay, sealer, schemes, clock } = createWorld()
    const { signer } = await issue()
    const verifier = createVerifier({ keys: { get }, replay, sealer, schemes, permissions, clock })
    await expect(verifier.verify(await signer.sign(unsigned()), READ)).rejects.toMatchObject({
      name: 'StoreError',
      code: 'ERR_STORE_UNAVAILABLE',
    })
    const working = createVerifier({ keys, replay, sealer, schemes, permissions, clock })
    expect(denialOf(await working.verify(await signer.sign(unsigned()), READ))).toBe('allowed')
  })

  it.each([
    ['throws', failing(new Error('down'))],
    ['rejects', () => Promise.reject(new Error('down'))],
  ])('rejects with StoreError when the replay store %s', async (_, claim) => {
    const { issue, verifier } = createWorld({ verifier: { replay: { claim, advance: claim } } })
    const { signer } = await issue()
    await expect(verifier.verify(await signer.sign(unsigned()), READ)).rejects.toThrow(StoreError)
  })

  it.each([undefined, null, 0, 'yes', 1])('lets nothing through when the replay store answers %j', async answer => {
    const claim = () => answer as unknown as boolean
    const { issue, verifier } = createWorld({ verifier: { replay: { claim, advance: claim } } })
    const { signer } = await issue()
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('replayed')
  })

  it('harms only the key whose row is corrupt, and tells the log what is wrong', async () => {
    const store = createMemoryKeyStore()
    const broken = new Map<string, (row: KeyRow) => KeyRow>()
    const get: KeyStore['get'] = async id => {
      const row = await store.get(id)
      return row && (broken.get(id)?.(row) ?? row)
    }
    const decisions: Decision[] = []
    const { issue, verifier } = createWorld({
      keys: store,
      verifier: { keys: { get }, onDecision: d => decisions.push(d) },
    })
    const [healthy, sick] = [await issue(), await issue()]
    const edits: [string, (row: KeyRow) => KeyRow][] = [
      ['record', row => ({ ...row, record: '{' })],
      ['record', row => ({ ...row, record: 'null' })],
      ['state', row => ({ ...row, record: row.record.replace('"active"', '"Active"') })],
      ['state', row => ({ ...row, state: 'revoked' })],
      ['version', row => ({ ...row, version: 9 })],
      ['owner', row => ({ ...row, owner: 'somebody' })],
      ['permissions', row => ({ ...row, record: row.record.replace('"read"', '"READ"') })],
      [
        'ipAllowlist',
        row => ({ ...row, record: row.record.replace('"ipAllowlist":null', '"ipAllowlist":["010.0.0.1"]') }),
      ],
      ['accounts', row => ({ ...row, record: row.record.replace('"accounts":null', '"accounts":"null"') })],
      ['version', row => ({ ...row, record: row.record.replace('"version":1}', '"version":-1}') })],
    ]
    for (const [field, edit] of edits) {
      broken.set(sick.key.keyId, edit)
      decisions.length = 0
      expect(denialOf(await verifier.verify(await sick.signer.sign(unsigned()), READ)), field).toBe('key_corrupt')
      expect(decisions[0]?.error).toMatchObject({ code: 'ERR_KEY_CORRUPT', field: expect.stringContaining(field) })
      expect(denialOf(await verifier.verify(await healthy.signer.sign(unsigned()), READ))).toBe('allowed')
    }
    broken.clear()
    expect(denialOf(await verifier.verify(await sick.signer.sign(unsigned()), READ))).toBe('allowed')
  })

  it('refuses a row of another key, and a ciphertext moved between keys', async () => {
    const store = createMemoryKeyStore()
    const { issue, verifier, keys } = createWorld({ keys: store })
    const [a, b] = [await issue(), await issue()]
    const [rowA, rowB] = [await keys.get(a.key.keyId), await keys.get(b.key.keyId)]
    const crossed = { get: (id: string) => (id === a.key.keyId ? rowB : rowA) }
    const world = createWorld({ keys: store, verifier: { keys: crossed } })
    expect(denialOf(await world.verifier.verify(await a.signer.sign(unsigned()), READ))).toBe('key_corrupt')

    const sealedOf = (row: KeyRow | undefined) =>
      (JSON.parse(row?.record ?? '') as { secrets: { value: string }[] }).secrets[0]?.value ?? ''
    const moved = { ...(rowA as KeyRow), record: (rowA as KeyRow).record.replace(sealedOf(rowA), sealedOf(rowB)) }
    const swapped = createWorld({ keys: store, verifier: { keys: { get: () => moved } } })
    expect(denialOf(await swapped.verifier.verify(await a.signer.sign(unsigned()), READ))).toBe('key_corrupt')
    expect(denialOf(await verifier.verify(await a.signer.sign(unsigned()), READ))).toBe('allowed')
  })
})

describe('onDecision', () => {
  it('is told every decision with its circumstances and no secret', async () => {
    const decisions: Decision[] = []
    const { issue, verifier } = createWorld({ verifier: { onDecision: d => decisions.push(d) } })
    const { signer, key, secret } = await issue()
    const signed = { ...(await signer.sign(unsigned())), ip: '192.0.2.7' }
    await verifier.verify(signed, READ)
    await verifier.verify(signed, READ)
    await verifier.verify(unsigned(), READ)
    expect(decisions.map(d => denialOf(d.verdict))).toEqual(['allowed', 'replayed', 'missing_credentials'])
    expect(decisions[0]).toMatchObject({
      keyId: key.keyId,
      scheme: 'hmac-v1',
      method: 'GET',
      path: '/v1/balance',
      ip: '192.0.2.7',
      at: START,
    })
    const logged = JSON.stringify(decisions)
    expect(logged).not.toContain(secret)
    expect(logged).not.toContain(String(signed.headers['x-api-signature']))
    expect(logged).not.toContain('asset=BTC')
  })

  it('refuses the request when the hook throws', async () => {
    const onDecision = () => {
      throw new Error('audit is down')
    }
    const { issue, verifier } = createWorld({ verifier: { onDecision } })
    const { signer } = await issue()
    await expect(verifier.verify(await signer.sign(unsigned()), READ)).rejects.toThrow('audit is down')
  })
})

describe('createVerifier', () => {
  const world = createWorld()
  const good = { schemes: world.schemes, permissions, keys: world.keys, sealer: world.sealer, replay: world.replay }

  it('accepts good options', () => {
    expect(() => createVerifier(good)).not.toThrow()
    expect(() => createVerifier({ ...good, replay: noReplayGuard, paths: ambiguousPaths })).not.toThrow()
  })

  it.each([
    ['ERR_OPTION_UNKNOWN', 'skipVerify', { skipVerify: true }],
    ['ERR_OPTION_MISSING', 'replay', { replay: undefined }],
    ['ERR_OPTION_MISSING', 'sealer', { sealer: undefined }],
    ['ERR_OPTION_MISSING', 'keys', { keys: undefined }],
    ['ERR_OPTION_MISSING', 'permissions', { permissions: undefined }],
    ['ERR_OPTION_MISSING', 'schemes', { schemes: undefined }],
    ['ERR_OPTION_INVALID', 'schemes', { schemes: [] }],
    ['ERR_OPTION_INVALID', 'schemes', { schemes: [world.schemes[0], world.schemes[0]] }],
    ['ERR_OPTION_INVALID', 'maxStalenessMs', { maxStalenessMs: Number.NaN }],
    ['ERR_OPTION_INVALID', 'maxBodyBytes', { maxBodyBytes: -1 }],
    ['ERR_OPTION_INVALID', 'onDecision', { onDecision: 'log' }],
    ['ERR_OPTION_INVALID', 'clock', { clock: 5 }],
    ['ERR_OPTION_INVALID', 'paths', { paths: true }],
    ['ERR_OPTION_INVALID', 'replay', { replay: {} }],
    ['ERR_SCHEME_UNCOVERED', 'schemes', { schemes: [binance()] }],
    ['ERR_SCHEME_UNCOVERED', 'schemes', { schemes: [bearer()] }],
  ])('refuses with %s, naming %s', (code, field, change) => {
    const options = { ...good, ...change } as unknown as typeof good
    expect(() => createVerifier(options)).toThrow(ConfigError)
    expect(() => createVerifier(options)).toThrow(expect.objectContaining({ code, field }))
  })

  it('refuses an acceptance that is not exactly what a scheme leaves open', () => {
    expect(() => acceptUncovered(binance(), ['path'])).toThrow(
      expect.objectContaining({ code: 'ERR_SCHEME_UNCOVERED' }),
    )
    expect(() => acceptUncovered(hmacV1({ audience: 'a' }), ['path'])).toThrow(ConfigError)
    expect(() => acceptUncovered(hmacV1({ audience: 'a' }), [])).not.toThrow()
  })

  it('is not misled by a polluted prototype', () => {
    const prototype = Object.prototype as Record<string, unknown>
    prototype['paths'] = ambiguousPaths
    try {
      expect(() => createVerifier(good)).not.toThrow()
      expect(() => createVerifier({ ...good, replay: undefined } as unknown as typeof good)).toThrow(ConfigError)
    } finally {
      delete prototype['paths']
    }
  })

  it('rejects a requirement that requires nothing, or what the model does not have', async () => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue({ permissions: ['full'] })
    for (const permission of [undefined, [], null]) {
      const required = { permission } as unknown as typeof READ
      await expect(verifier.verify(await signer.sign(unsigned()), required)).rejects.toThrow(ConfigError)
    }
    const typo = { permission: 'trdae' } as unknown as typeof READ
    await expect(verifier.verify(await signer.sign(unsigned()), typo)).rejects.toMatchObject({
      code: 'ERR_PERMISSION_UNKNOWN',
    })
  })

  it('rejects a body that is not the raw bytes', async () => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue()
    const parsed = { ...(await signer.sign(unsigned())), body: { amount: 1 } } as unknown as WireRequest
    await expect(verifier.verify(parsed, READ)).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID', field: 'body' })
  })
})

describe('staleness', () => {
  it('is zero by default: a revoked key stops at once', async () => {
    const { issue, verifier, manager } = createWorld()
    const { signer, key } = await issue()
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('allowed')
    await manager.revoke({ owner: OWNER, keyId: key.keyId, reason: 'leaked' })
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('key_revoked')
  })

  it('is bounded by maxStalenessMs where that is set, to the millisecond', async () => {
    const { issue, verifier, manager, clock } = createWorld({ verifier: { maxStalenessMs: 500 } })
    const { signer, key } = await issue()
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('allowed')
    await manager.revoke({ owner: OWNER, keyId: key.keyId, reason: 'leaked' })
    clock.advance(499)
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('allowed')
    clock.advance(1)
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('key_revoked')
  })

  it('keeps no more keys than it was told to', async () => {
    const store = createMemoryKeyStore()
    const get = vi.fn(store.get)
    const { issue, verifier } = createWorld({
      keys: store,
      verifier: { keys: { get }, maxKeys: 4, maxStalenessMs: 1000 },
    })
    const keys = await Promise.all(Array.from({ length: 10 }, () => issue()))
    for (const { signer } of keys) await verifier.verify(await signer.sign(unsigned()), READ)
    get.mockClear()
    for (const { signer } of keys)
      expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('allowed')
    expect(get.mock.calls.length).toBeGreaterThan(5)
  })
})
