import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { createSignedFetch, createSigner, type SignedFetchOptions } from '../../src/client/index.js'
import { ConfigError, KeyError } from '../../src/errors.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { type SchemeServer, startSchemeServer } from './scheme-server.js'

const scheme = hmacV1({ audience: 'api.example.com' })
const keyId = 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s'
const secret = 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1234567890aB'

let server: SchemeServer
beforeAll(async () => {
  server = await startSchemeServer({ scheme, keyId, secret })
})
afterAll(() => server.close())

const signedFetch = (options: Partial<SignedFetchOptions> = {}) =>
  createSignedFetch({ signer: createSigner({ scheme, keyId, secret }), baseUrl: server.origin, ...options })

const last = () => server.log.at(-1)!

describe('A signed fetch sends exactly what it signed', () => {
  it.each([
    ['/v1/balance', '/v1/balance'],
    ['/', '/'],
    ['', '/'],
    ['?', '/'],
    ['/v1/orders?', '/v1/orders'],
    ['/v1/orders?#fragment', '/v1/orders'],
    ['/v1/orders?a=1&a=2&b=%2f%2F+%20', '/v1/orders?a=1&a=2&b=%2f%2F+%20'],
    ['/v1/a/../b/./c', '/v1/b/c'],
    ['/v1/%2e%2e/b', '/b'],
    [
      '/v1/Z\u00fcrich \u{1f4b6}?q=\u00fc "\'<>`{}|^[]',
      '/v1/Z%C3%BCrich%20%F0%9F%92%B6?q=%C3%BC%20%22%27%3C%3E`{}|^[]',
    ],
    ['/v1/"<>`{}|^[]', '/v1/%22%3C%3E%60%7B%7D|%5E[]'],
    ['\\v1\\x', '/v1/x'],
    [' /v1\t/x ', '/v1/x'],
  ])('for the URL %j', async (url, target) => {
    const response = await signedFetch()(url)
    expect(last().request.target.replace(/\^|%5E/gi, '%5E')).toBe(target.replace(/\^|%5E/gi, '%5E'))
    expect(last().verdict).toBe('accepted')
    expect(response.status).toBe(200)
  })

  const form = new FormData()
  form.set('a', 'Z\u00fcrich')
  it.each<[string, RequestInit['body'], RegExp | undefined]>([
    ['text', '{"a":1}', /^text\/plain;charset=UTF-8$/i],
    ['text beyond ASCII', 'Z\u00fcrich \u{1f4b6}', /^text\/plain;charset=UTF-8$/i],
    ['bytes', new Uint8Array([0, 255, 10, 13]), undefined],
    ['search parameters', new URLSearchParams({ a: '1 2' }), /^application\/x-www-form-urlencoded;charset=UTF-8$/i],
    ['a blob', new Blob(['x'], { type: 'image/png' }), /^image\/png$/],
    ['a form with a boundary', form, /^multipart\/form-data; boundary=/],
    ['a stream', new Blob(['streamed']).stream(), undefined],
    ['nothing', undefined, undefined],
    ['an empty text', '', /^text\/plain;charset=UTF-8$/i],
  ])('for the body: %s', async (_, body, type) => {
    const response = await signedFetch()('/v1/orders', { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect(last().verdict).toBe('accepted')
    expect(response.status).toBe(200)
    const sent = last().request.headers['content-type']?.[0]
    if (type === undefined) expect(sent).toBeUndefined()
    else expect(sent).toMatch(type)
  })

  it('for the content type, headers and method it is given', async () => {
    await signedFetch()('/v1/orders', {
      method: 'post',
      body: '{}',
      headers: { 'Content-Type': ' application/json ', 'X-Other': '1' },
    })
    expect(last()).toMatchObject({
      verdict: 'accepted',
      request: { method: 'POST', headers: { 'content-type': ['application/json'], 'x-other': ['1'] } },
    })
  })

  it('and is refused when another party changes it on the way', async () => {
    const tampered: SignedFetchOptions['fetch'] = (url, init) => fetch(`${url}&admin=1`, init)
    const response = await signedFetch({ fetch: tampered })('/v1/orders?a=1')
    expect(last().verdict).toBe('invalid_credentials')
    expect(response.status).toBe(401)
  })
})

describe('A signed fetch keeps its signatures to one origin', () => {
  it.each([
    'http://evil.example.com/v1',
    '//evil.example.com/v1',
    'https://127.0.0.1/',
    '\\\\evil.example.com',
    'data:,x',
  ])('and does not send to %s', async url => {
    const before = server.log.length
    await expect(signedFetch()(url)).rejects.toThrow(KeyError)
    await expect(signedFetch()(url)).rejects.toMatchObject({ code: 'ERR_INPUT_INVALID', field: 'url' })
    expect(server.log.length).toBe(before)
  })

  it('and returns a redirect instead of following it', async () => {
    const response = await signedFetch()('/redirect', { method: 'POST', body: 'x' })
    expect(response.status).toBe(307)
    expect(last().verdict).toBe('accepted')
  })

  it('takes URLs of that origin, and paths relative to its base', async () => {
    await signedFetch()(new URL('/v1/x?y', server.origin))
    expect(last()).toMatchObject({ verdict: 'accepted', request: { target: '/v1/x?y' } })
    await signedFetch({ baseUrl: `${server.origin}/api/v2/` })('orders')
    expect(last()).toMatchObject({ verdict: 'accepted', request: { target: '/api/v2/orders' } })
  })

  it('needs a signer and a base', () => {
    expect(() => createSignedFetch({ baseUrl: 'https://a.example' } as unknown as SignedFetchOptions)).toThrow(
      ConfigError,
    )
    expect(() =>
      createSignedFetch({ signer: createSigner({ scheme, keyId, secret }) } as unknown as SignedFetchOptions),
    ).toThrow(ConfigError)
    expect(() => signedFetch({ basUrl: 'x' } as unknown as SignedFetchOptions)).toThrow(ConfigError)
  })
})

describe('A signed fetch whose clock is wrong', () => {
  const NOW = 1_767_225_600_000

  async function withServer(
    options: { tellsTime?: boolean; now?: () => number },
    run: (server: SchemeServer, localTime: { now: number }) => Promise<void>,
  ) {
    const other = await startSchemeServer({ scheme, keyId, secret, now: () => NOW, ...options })
    try {
      await run(other, { now: NOW - 3_600_000 })
    } finally {
      await other.close()
    }
  }

  const fetchOf = (origin: string, time: { now: number }) => {
    const signer = createSigner({ scheme, keyId, secret, clock: () => time.now })
    return { signer, send: createSignedFetch({ signer, baseUrl: origin }) }
  }

  it('corrects it by the time in the refusal, and sends once more with a nonce of its own', async () => {
    await withServer({}, async (other, time) => {
      const { signer, send } = fetchOf(other.origin, time)
      const response = await send('/v1/orders', { method: 'POST', body: 'x' })
      expect(response.status).toBe(200)
      expect(other.log.map(({ verdict }) => verdict)).toEqual(['timestamp_outside_window', 'accepted'])
      expect(other.log[0]!.request.body).toEqual(encodeUtf8('x'))
      expect(other.log[1]!.request.body).toEqual(encodeUtf8('x'))
      expect(new Set(other.log.map(({ request }) => request.headers['x-api-nonce']?.[0])).size).toBe(2)
      expect(signer.clockOffset.offsetMs).toBe(3_600_000)
      await send('/v1/orders')
      expect(other.log).toHaveLength(3)
    })
  })

  it('corrects it by the Date header when the refusal tells no time', async () => {
    await withServer({ tellsTime: false }, async (other, time) => {
      const { signer, send } = fetchOf(other.origin, time)
      expect((await send('/v1/orders')).status).toBe(200)
      expect(signer.clockOffset.offsetMs).toBe(3_600_500)
    })
  })

  it('corrects it again when the local clock jumps later', async () => {
    await withServer({}, async (other, time) => {
      const { send } = fetchOf(other.origin, time)
      for (let i = 0; i < 3; i++) await send('/')
      time.now += 86_400_000
      expect((await send('/')).status).toBe(200)
    })
  })

  it('does not send a third time', async () => {
    let now = NOW
    await withServer({ now: () => (now += 100_000) }, async (other, time) => {
      const response = await fetchOf(other.origin, time).send('/')
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ code: 'timestamp_outside_window' })
      expect(other.log).toHaveLength(2)
    })
  })

  const answers: readonly [string, () => Response][] = [
    ['another refusal', () => Response.json({ code: 'invalid_credentials', serverTime: NOW }, { status: 401 })],
    [
      'a refusal of another status',
      () => Response.json({ code: 'timestamp_outside_window', serverTime: NOW }, { status: 500 }),
    ],
    ['a refusal that is no JSON', () => new Response('timestamp_outside_window', { status: 401 })],
    ['a refusal that is null', () => Response.json(null, { status: 401 })],
    [
      'a refusal with a time that is none',
      () => Response.json({ code: 'timestamp_outside_window', serverTime: 'soon' }, { status: 401 }),
    ],
    ['a refusal with no time at all', () => Response.json({ code: 'timestamp_outside_window' }, { status: 401 })],
  ]
  it.each(answers)('returns %s as it is', async (_, answer) => {
    let calls = 0
    const signer = createSigner({ scheme, keyId, secret, clock: () => NOW })
    const send = createSignedFetch({
      signer,
      baseUrl: 'https://api.example.com',
      fetch: async () => {
        calls++
        return answer()
      },
    })
    const response = await send('/')
    expect(calls).toBe(1)
    expect(signer.clockOffset.offsetMs).toBe(0)
    expect(await response.text()).toBe(await answer().text())
  })

  it('lets a failure to connect through', async () => {
    const send = createSignedFetch({ signer: createSigner({ scheme, keyId, secret }), baseUrl: 'http://127.0.0.1:1' })
    await expect(send('/')).rejects.toThrow(TypeError)
  })
})
