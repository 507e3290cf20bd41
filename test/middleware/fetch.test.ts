import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { SignedRequest } from '../../src/client/index.js'
import { ConfigError, StoreError } from '../../src/index.js'
import { type Access, type FetchHandler, type ProtectOptions, protect } from '../../src/middleware/fetch.js'
import { createWorld, type WorldOptions } from '../world.js'
import { JSON_TYPE, ORDER, routes } from './service.js'

/** What a platform passes beside the request. */
interface Info {
  readonly remoteAddr: string
}

interface AppOptions {
  readonly world?: WorldOptions
  readonly protect?: Partial<ProtectOptions<readonly [Request, Info?]>>
  readonly handler?: FetchHandler<[Info?]>
}

const ORIGIN = 'http://api.example.com'
const PLACE = { method: 'POST', target: '/v1/orders?dry=1', headers: JSON_TYPE, body: ORDER }
const LIST = { method: 'GET', target: '/v1/orders' }

function createApp(options: AppOptions = {}) {
  const world = createWorld(options.world)
  const reached: Access[] = []
  const errors: unknown[] = []
  const app = protect<[Info?]>(
    {
      verifier: world.verifier,
      routes,
      clock: world.clock,
      onError: error => errors.push(error),
      ...options.protect,
    },
    (request, access, ...context) => {
      reached.push(access)
      return options.handler?.(request, access, ...context) ?? new Response('done')
    },
  )
  return { ...world, app, reached, errors }
}

function toRequest({ method, target, headers, body }: SignedRequest, init: RequestInit = {}): Request {
  return new Request(ORIGIN + target, { method, headers, body: body.length > 0 ? new Uint8Array(body) : null, ...init })
}

async function codeOf(response: Response): Promise<string> {
  return `${response.status} ${((await response.json()) as { code: string }).code}`
}

describe('protect for fetch platforms lets a request through when', () => {
  it('it is signed: the handler gets principal, route, bytes, and what the platform passes', async () => {
    const seen: (Info | undefined)[] = []
    const { app, issue, reached } = createApp({
      handler: (request, _access, info) => {
        seen.push(info)
        return new Response(request.url, { status: 201 })
      },
    })
    const { signer, key } = await issue()
    const response = await app(toRequest(await signer.sign(PLACE)), { remoteAddr: '192.0.2.1' })
    expect([response.status, await response.text()]).toEqual([201, `${ORIGIN}/v1/orders?dry=1`])
    expect(reached).toEqual([
      { principal: expect.objectContaining({ keyId: key.keyId }), route: 'POST /v1/orders', body: ORDER },
    ])
    expect(seen).toEqual([{ remoteAddr: '192.0.2.1' }])
  })

  it('its route is public, and only then without a key', async () => {
    const { app, reached } = createApp()
    expect((await app(new Request(`${ORIGIN}/v1/time`))).status).toBe(200)
    expect(reached).toEqual([{ principal: undefined, route: 'GET /v1/time', body: new Uint8Array(0) }])
    expect(await codeOf(await app(new Request(`${ORIGIN}/v1/whoami`)))).toBe('401 missing_credentials')
  })

  it('it is the target as the URL standard writes it, whatever the host is called', async () => {
    const { app, issue } = createApp()
    const { signer } = await issue()
    for (const [url, target] of [
      ['https://user@[::1]:8443/v1/orders?a=1%2F&b=//', '/v1/orders?a=1%2F&b=//'],
      [`${ORIGIN}/v1/x/../orders`, '/v1/orders'],
      [`${ORIGIN}/v1/orders?`, '/v1/orders?'],
    ] as const) {
      const { headers } = await signer.sign({ ...LIST, target })
      expect((await app({ ...requestLike(url, headers) })).status).toBe(200)
    }
    const { headers } = await signer.sign({ ...LIST, target: '/v1/x/../orders' })
    expect(await codeOf(await app(new Request(`${ORIGIN}/v1/x/../orders`, { headers })))).toBe(
      '401 invalid_credentials',
    )
  })
})

/** `Request` refuses user names in URLs; a platform might not. */
function requestLike(url: string, headers: Record<string, string>): Request {
  const parts = { url: new URL(url).href, method: 'GET', headers: new Headers(headers), body: null, bodyUsed: false }
  return parts as unknown as Request
}

describe('protect for fetch platforms refuses', () => {
  it.each<[string, (request: SignedRequest) => Request]>([
    ['a changed body', request => toRequest({ ...request, body: new Uint8Array([123, 125]) })],
    ['a changed query', request => toRequest({ ...request, target: '/v1/orders?dry=0' })],
    [
      'a changed content type',
      request => toRequest(request, { headers: { ...request.headers, 'content-type': 'a/b' } }),
    ],
  ])('%s', async (_title, alter) => {
    const { app, issue, reached } = createApp()
    const { signer } = await issue()
    const response = await app(alter(await signer.sign(PLACE)))
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('www-authenticate')).toBe('API-Key error="invalid_credentials"')
    expect(await codeOf(response)).toBe('401 invalid_credentials')
    expect(reached).toEqual([])
    expect((await app(toRequest(await signer.sign(PLACE)))).status).toBe(200)
  })

  it.each(['x-api-key', 'x-api-timestamp', 'x-api-nonce', 'x-api-signature'])('%s that came twice', async name => {
    const { app, issue, reached } = createApp()
    const { signer } = await issue()
    const request = await signer.sign(PLACE)
    const headers = new Headers(request.headers)
    headers.append(name, request.headers[name] ?? '')
    expect(await codeOf(await app(toRequest(request, { headers })))).toBe('401 malformed_credentials')
    expect(reached).toEqual([])
    expect((await app(toRequest(request))).status).toBe(200)
  })

  it('what is not declared, HEAD without a body', async () => {
    const { app, issue, reached } = createApp()
    const { signer } = await issue({ permissions: ['full'] })
    const undeclared = await signer.sign({ method: 'GET', target: '/v1/nothing' })
    expect(await codeOf(await app(toRequest(undeclared)))).toBe('403 route_not_declared')
    const head = await app(toRequest(await signer.sign({ method: 'HEAD', target: '/v1/whoami' })))
    expect([head.status, await head.text()]).toEqual([403, ''])
    expect(reached).toEqual([])
    expect((await app(toRequest(await signer.sign({ method: 'HEAD', target: '/v1/orders' })))).status).toBe(200)
  })

  it('a key with an allowlist, unless the host says how to know the address', async () => {
    const list = { ipAllowlist: ['192.0.2.1'] }
    const unsure = createApp()
    const { signer } = await unsure.issue(list)
    const headers = { 'x-forwarded-for': '192.0.2.1' }
    const info = { remoteAddr: '192.0.2.1' }
    expect(await codeOf(await unsure.app(toRequest(await signer.sign({ ...LIST, headers })), info))).toBe(
      '403 ip_not_allowed',
    )
    const sure = createApp({ protect: { clientIp: (_request, connection) => connection?.remoteAddr } })
    const listed = await sure.issue(list)
    expect((await sure.app(toRequest(await listed.signer.sign(LIST)), info)).status).toBe(200)
    expect(await codeOf(await sure.app(toRequest(await listed.signer.sign(LIST)), { remoteAddr: '192.0.2.2' }))).toBe(
      '403 ip_not_allowed',
    )
  })

  it('in the house’s own words where it has some', async () => {
    const house = { status: 418, headers: { 'x-house': '1' }, body: 'no' }
    const { app } = createApp({
      protect: { answer: ({ denial }) => (denial === 'missing_credentials' ? house : undefined) },
    })
    const worded = await app(new Request(`${ORIGIN}/v1/orders`))
    expect([worded.status, worded.headers.get('x-house'), await worded.text()]).toEqual([418, '1', 'no'])
    expect(await codeOf(await app(new Request(`${ORIGIN}/v1/nothing`)))).toBe('403 route_not_declared')
  })
})

describe('protect for fetch platforms reads a body', () => {
  function streamed(request: SignedRequest, chunks: readonly unknown[], fail?: Error): Request {
    const body = new ReadableStream({
      pull(controller) {
        const chunk = chunks.at(pulled++)
        if (chunk !== undefined) return controller.enqueue(chunk)
        if (fail !== undefined) return controller.error(fail)
        controller.close()
      },
      cancel: () => {
        cancelled++
      },
    })
    return toRequest(request, { body, duplex: 'half' } as RequestInit)
  }
  let pulled = 0
  let cancelled = 0

  it('in whatever pieces it comes', async () => {
    pulled = 0
    const { app, issue, reached } = createApp()
    const { signer } = await issue()
    const pieces = [ORDER.slice(0, 3), new Uint8Array(0), ORDER.slice(3)]
    expect((await app(streamed(await signer.sign(PLACE), pieces))).status).toBe(200)
    expect(reached[0]?.body).toEqual(ORDER)
  })

  it('up to the limit, and stops the sender above it', async () => {
    pulled = 0
    cancelled = 0
    const { app, issue, reached } = createApp({ protect: { maxBodyBytes: ORDER.length } })
    const { signer } = await issue()
    const request = await signer.sign(PLACE)
    const endless = Array.from({ length: 1000 }, () => new Uint8Array(10))
    expect(await codeOf(await app(streamed(request, endless)))).toBe('413 request_too_large')
    expect(pulled).toBeLessThan(10)
    expect(cancelled).toBe(1)
    const announced = { ...request.headers, 'content-length': String(ORDER.length + 1) }
    expect(await codeOf(await app(toRequest(request, { headers: announced })))).toBe('413 request_too_large')
    expect(reached).toEqual([])
    expect((await app(toRequest(request))).status).toBe(200)
  })

  it('and refuses one that breaks off or is not made of bytes', async () => {
    const { app, issue, reached, errors } = createApp()
    const { signer } = await issue()
    for (const [chunks, failure] of [
      [[ORDER], new Error('reset')],
      [['{"side":"buy"}'], undefined],
    ] as const) {
      pulled = 0
      expect(await codeOf(await app(streamed(await signer.sign(PLACE), chunks, failure)))).toBe('400 malformed_request')
    }
    expect([reached, errors]).toEqual([[], []])
  })

  it('but not one that somebody else took: 500, and what to move', async () => {
    const { app, issue, reached, errors } = createApp()
    const { signer } = await issue()
    const read = toRequest(await signer.sign(PLACE))
    await read.text()
    const locked = toRequest(await signer.sign(PLACE))
    locked.body?.getReader()
    const tasted = toRequest(await signer.sign(PLACE))
    const reader = tasted.body?.getReader()
    await reader?.read()
    reader?.releaseLock()
    for (const request of [read, locked, tasted]) expect(await codeOf(await app(request))).toBe('500 internal_error')
    expect(errors).toEqual([expect.any(ConfigError), expect.any(ConfigError), expect.any(ConfigError)])
    expect(errors[0]).toMatchObject({ field: 'body', message: expect.stringContaining('call protect first') })
    expect(reached).toEqual([])
  })
})

describe('protect for fetch platforms, when something fails on this side,', () => {
  it('answers 503 to an outage and 500 to a mistake, and tells the host alone', async () => {
    const outage = new Error('the disk is full')
    const replay = { claim: () => Promise.reject(outage), advance: () => false }
    const away = createApp({ world: { verifier: { replay } } })
    const { signer } = await away.issue()
    const response = await away.app(toRequest(await signer.sign(PLACE)))
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('disk')
    expect([away.reached, away.errors]).toEqual([[], [expect.any(StoreError)]])
    const mistaken = createApp({
      protect: {
        clientIp: () => {
          throw outage
        },
      },
    })
    expect(await codeOf(await mistaken.app(new Request(`${ORIGIN}/v1/time`)))).toBe('500 internal_error')
    expect([mistaken.reached, mistaken.errors]).toEqual([[], [outage]])
  })

  it('does not claim that nothing happened once the handler has begun', async () => {
    const failure = new StoreError('ERR_STORE_UNAVAILABLE', 'the ledger is gone')
    const { app, issue, errors } = createApp({ handler: () => Promise.reject(failure) })
    const { signer } = await issue()
    const response = await app(toRequest(await signer.sign(PLACE)))
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ detail: 'The operation failed; it may have been executed.' })
    expect(errors).toEqual([failure])
  })

  it('names a wrong option when it is built', () => {
    expect(() => createApp({ protect: { onError: undefined as never } })).toThrow(ConfigError)
    expect(() => createApp({ protect: { maxBody: 1 } as object })).toThrow(
      expect.objectContaining({ field: 'maxBody' }),
    )
    expect(() => createApp({ protect: { maxBodyBytes: 1 } })).not.toThrow()
  })
})

describe('The same app behind a real server', () => {
  it('judges the same way', async () => {
    const { app, issue } = createApp({ protect: { clientIp: (_request, info) => info?.remoteAddr } })
    const server = createServer(async (req, res) => {
      const init = { method: req.method ?? '', headers: req.headers as Record<string, string> }
      const request = new Request(`http://${req.headers.host}${req.url}`, init)
      const response = await app(request, { remoteAddr: req.socket.remoteAddress ?? '' })
      res.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { signer } = await issue({ ipAllowlist: ['127.0.0.1'] })
    const { headers } = await signer.sign(LIST)
    expect(await codeOf(await fetch(`${origin}/v1/orders?x`, { headers }))).toBe('401 invalid_credentials')
    expect((await fetch(`${origin}/v1/orders`, { headers })).status).toBe(200)
  })
})
