import { describe, expect, it } from 'vitest'
import type { SignedRequest } from '../../src/client/index.js'
import { ConfigError, defineKeyPolicy, KeyError, StoreError, standardKeyPolicy } from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { createMemoryKeyStore } from '../../src/stores/memory.js'
import { JSON_TYPE, ORDER, type ServiceOptions, startService } from './service.js'

function send(origin: string, { method, target, headers, body }: SignedRequest): Promise<Response> {
  return fetch(origin + target, { method, headers, body: body.length > 0 ? Buffer.from(body) : null })
}

async function codeOf(response: Response): Promise<string> {
  return `${response.status} ${((await response.json()) as { code: string }).code}`
}

const placeOrder = { method: 'POST', target: '/v1/orders?dry=1', headers: JSON_TYPE, body: ORDER }

describe('protect for node:http lets a request through when', () => {
  it('it is signed: the handler gets principal, route and the bytes', async () => {
    const service = await startService()
    const { signer, key } = await service.issue()
    const response = await send(service.origin, await signer.sign(placeOrder))
    expect([response.status, await response.text()]).toEqual([200, 'done'])
    expect(service.reached).toEqual([
      { principal: expect.objectContaining({ keyId: key.keyId }), route: 'POST /v1/orders', body: ORDER },
    ])
    expect(service.reached[0]?.body.buffer.byteLength).toBe(ORDER.length)
  })

  it('its route is public, which gives no principal even to a caller with a key', async () => {
    const service = await startService()
    const { signer } = await service.issue()
    expect((await fetch(`${service.origin}/v1/time?x=1`)).status).toBe(200)
    expect((await send(service.origin, await signer.sign({ method: 'GET', target: '/v1/time' }))).status).toBe(200)
    expect((await fetch(`${service.origin}/v1/time`, { headers: { 'x-api-key': 'junk' } })).status).toBe(200)
    expect(service.reached.map(({ principal }) => principal)).toEqual([undefined, undefined, undefined])
  })

  it('its route asks for any key, and a key without permissions asks', async () => {
    const service = await startService()
    const { signer } = await service.issue({ permissions: [] })
    expect((await send(service.origin, await signer.sign({ method: 'GET', target: '/v1/whoami' }))).status).toBe(200)
    expect(await codeOf(await fetch(`${service.origin}/v1/whoami`))).toBe('401 missing_credentials')
  })

  it('HEAD is declared, and answers its refusal without a body', async () => {
    const service = await startService({ handler: (_req, res) => void res.end() })
    const { signer } = await service.issue()
    const request = await signer.sign({ method: 'HEAD', target: '/v1/orders' })
    expect((await send(service.origin, request)).status).toBe(200)
    const replayed = await send(service.origin, request)
    expect([replayed.status, await replayed.text()]).toEqual([401, ''])
  })
})

describe('protect for node:http refuses', () => {
  const altered: Record<string, (request: SignedRequest) => SignedRequest> = {
    'a changed body': request => ({ ...request, body: new TextEncoder().encode('{"side":"buy","amount":"9"}') }),
    'a changed query': request => ({ ...request, target: '/v1/orders?dry=0' }),
    'a changed content type': request => ({
      ...request,
      headers: { ...request.headers, 'content-type': 'text/plain' },
    }),
    'a body taken away': request => ({ ...request, body: new Uint8Array(0) }),
  }
  it.each(Object.entries(altered))('%s, with problem details and no word more', async (_title, alter) => {
    const service = await startService()
    const { signer } = await service.issue()
    const response = await send(service.origin, alter(await signer.sign(placeOrder)))
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('www-authenticate')).toBe('API-Key error="invalid_credentials"')
    expect(await response.json()).toEqual({
      title: 'Unauthorized',
      status: 401,
      code: 'invalid_credentials',
      detail: 'The key id, the signature or the passphrase is wrong.',
      serverTime: service.clock(),
    })
    expect([service.reached, service.errors]).toEqual([[], []])
  })

  it.each([
    ['GET', '/v1/nothing'],
    ['GET', '/v1/orders/'],
    ['GET', '/v1/orders-evil'],
    ['GET', '/V1/orders'],
    ['PUT', '/v1/orders'],
    ['OPTIONS', '/v1/orders'],
    ['HEAD', '/v1/time'],
  ])('%s %s, which is not declared, though the key may do everything', async (method, target) => {
    const service = await startService()
    const { signer } = await service.issue({ permissions: ['full'] })
    const response = await send(service.origin, await signer.sign({ method, target }))
    expect(response.status).toBe(403)
    expect(method === 'HEAD' ? '' : await codeOf(response)).toBe(method === 'HEAD' ? '' : '403 route_not_declared')
    expect(service.reached).toEqual([])
    expect(service.decisions).toEqual([
      expect.objectContaining({ method, path: target, ip: '127.0.0.1', at: service.clock() }),
    ])
  })

  it('a key without the permissions of the route, all of which it needs', async () => {
    const service = await startService()
    const { signer } = await service.issue({ permissions: ['read'] })
    const withdrawer = await service.issue({ permissions: ['withdraw'] })
    const withdraw = { method: 'POST', target: '/v1/withdrawals', body: ORDER }
    expect(await codeOf(await send(service.origin, await signer.sign(placeOrder)))).toBe('403 permission_denied')
    expect(await codeOf(await send(service.origin, await signer.sign(withdraw)))).toBe('403 permission_denied')
    expect(service.reached).toEqual([])
    expect((await send(service.origin, await withdrawer.signer.sign(withdraw))).status).toBe(200)
  })

  it('a key that is limited to accounts, unless the host says which account is acted on', async () => {
    const accountOf: NonNullable<ServiceOptions['protect']>['accountOf'] = ({ target }, route) => {
      expect(route).toBe('GET /v1/orders/:id')
      return target.endsWith('?none') ? null : target.slice('/v1/orders/'.length)
    }
    const answers: string[] = []
    for (const protect of [{}, { accountOf }]) {
      const service = await startService({ protect })
      const { signer } = await service.issue({ accounts: ['a1'] })
      for (const target of ['/v1/orders/a1', '/v1/orders/a2', '/v1/orders/a1?none']) {
        const response = await send(service.origin, await signer.sign({ method: 'GET', target }))
        answers.push(response.status === 200 ? '200' : await codeOf(response))
      }
    }
    const refused = '403 account_not_allowed'
    expect(answers).toEqual([refused, refused, refused, '200', refused, '200'])
  })

  it('a key that is bound to addresses, unless the host says where funds go', async () => {
    const home = { asset: 'BTC', network: 'bitcoin', address: 'bc1qhome', memo: null }
    const bound = { operations: withoutStepUp, addressRule: 'key', addressPermissions: ['withdraw'] } as const
    const world = { manager: { policy: defineKeyPolicy({ ...standardKeyPolicy, ...bound }) } }
    const withdrawalOf: NonNullable<ServiceOptions['protect']>['withdrawalOf'] = ({ body }, route) => {
      expect(route).toBe('POST /v1/withdrawals')
      return { ...home, address: new TextDecoder().decode(body) }
    }
    const answers: string[] = []
    for (const protect of [{}, { withdrawalOf }]) {
      const service = await startService({ world, protect })
      const { signer } = await service.issue({ permissions: ['withdraw'], addresses: [home] })
      for (const body of ['bc1qhome', 'bc1qthief']) {
        const response = await send(
          service.origin,
          await signer.sign({ method: 'POST', target: '/v1/withdrawals', body }),
        )
        answers.push(response.status === 200 ? '200' : await codeOf(response))
      }
    }
    const refused = '403 address_not_allowed'
    expect(answers).toEqual([refused, refused, '200', refused])
  })

  it('with the house’s own words where it has some', async () => {
    const service = await startService({
      protect: {
        answer: ({ denial }, { method, target }) =>
          target.startsWith('/v1/orders')
            ? { status: 418, headers: { 'x-house': method }, body: `["error","${denial}"]` }
            : undefined,
      },
    })
    const house = await fetch(`${service.origin}/v1/orders`)
    expect([house.status, house.headers.get('x-house'), await house.text()]).toEqual([
      418,
      'GET',
      '["error","missing_credentials"]',
    ])
    expect(await codeOf(await fetch(`${service.origin}/v1/whoami`))).toBe('401 missing_credentials')
    expect(await codeOf(await fetch(`${service.origin}/v1/nothing`))).toBe('403 route_not_declared')
  })
})

describe('protect for node:http takes the client’s address', () => {
  it('from the socket, also where IPv4 arrives on an IPv6 socket', async () => {
    for (const host of ['127.0.0.1', '::']) {
      const service = await startService({ host })
      const inside = await service.issue({ ipAllowlist: ['127.0.0.1'] })
      const outside = await service.issue({ ipAllowlist: ['203.0.113.7'] })
      const list = { method: 'GET', target: '/v1/orders' }
      expect((await send(service.origin, await inside.signer.sign(list))).status).toBe(200)
      expect(await codeOf(await send(service.origin, await outside.signer.sign(list)))).toBe('403 ip_not_allowed')
    }
  })

  it('never from a header, unless the host reads one', async () => {
    const list = {
      method: 'GET',
      target: '/v1/orders',
      headers: { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7', 'x-real-ip': '203.0.113.7' },
    }
    const plain = await startService()
    const spoofing = await plain.issue({ ipAllowlist: ['203.0.113.7'] })
    expect(await codeOf(await send(plain.origin, await spoofing.signer.sign(list)))).toBe('403 ip_not_allowed')
    const proxied = await startService({ protect: { clientIp: req => String(req.headers['x-real-ip']) } })
    const { signer } = await proxied.issue({ ipAllowlist: ['203.0.113.7'] })
    expect((await send(proxied.origin, await signer.sign(list))).status).toBe(200)
    const unknown = await startService({ protect: { clientIp: () => undefined } })
    const listed = await unknown.issue({ ipAllowlist: ['127.0.0.1'] })
    expect(await codeOf(await send(unknown.origin, await listed.signer.sign(list)))).toBe('403 ip_not_allowed')
  })
})

describe('protect for node:http, when something fails on this side,', () => {
  const outage = new Error('the disk under rows.db is full')

  it('answers 503 while the key store is away, and 200 when it is back', async () => {
    const keys = createMemoryKeyStore()
    let away = true
    const service = await startService({
      world: { keys: { ...keys, get: keyId => (away ? Promise.reject(outage) : keys.get(keyId)) } },
    })
    away = false
    const { signer } = await service.issue()
    away = true
    const refused = await send(service.origin, await signer.sign(placeOrder))
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.text()).not.toContain('disk')
    expect([service.reached, service.errors]).toEqual([[], [expect.any(StoreError)]])
    away = false
    expect((await send(service.origin, await signer.sign(placeOrder))).status).toBe(200)
  })

  it('answers 503 when the replay guard cannot remember', async () => {
    const replay = { claim: () => Promise.reject(outage), advance: () => Promise.reject(outage) }
    const service = await startService({ world: { verifier: { replay } } })
    const { signer } = await service.issue()
    expect(await codeOf(await send(service.origin, await signer.sign(placeOrder)))).toBe('503 unavailable')
    expect([service.reached, service.errors]).toEqual([[], [expect.any(StoreError)]])
  })

  const mistakes: Record<string, [ServiceOptions, unknown]> = {
    'routes of another model': [
      {
        protect: {
          routes: { match: (_method, pattern) => ({ pattern, permission: 'margin' }), table: () => [] },
        },
      },
      expect.any(KeyError),
    ],
    'a decision hook that throws': [
      {
        world: {
          verifier: {
            onDecision: () => {
              throw outage
            },
          },
        },
      },
      outage,
    ],
    'an account reader that throws': [
      {
        protect: {
          accountOf: () => {
            throw outage
          },
        },
      },
      outage,
    ],
  }
  it.each(Object.entries(mistakes))('answers 500 to %s, and nobody gets in', async (_title, [options, error]) => {
    const service = await startService(options)
    const { signer } = await service.issue({ permissions: ['full'] })
    const response = await send(service.origin, await signer.sign(placeOrder))
    const text = await response.text()
    expect([response.status, JSON.parse(text).detail]).toEqual([500, 'The request was not executed.'])
    expect(text).not.toMatch(/disk|margin/)
    expect([service.reached, service.errors]).toEqual([[], [error]])
  })

  it('does not claim that nothing happened once the handler has begun, whatever it throws', async () => {
    const failure = new StoreError('ERR_STORE_UNAVAILABLE', 'the ledger is gone')
    const service = await startService({ handler: () => Promise.reject(failure) })
    const { signer } = await service.issue()
    const response = await send(service.origin, await signer.sign(placeOrder))
    expect(await response.json()).toEqual({
      title: 'Internal Server Error',
      status: 500,
      code: 'internal_error',
      detail: 'The operation failed; it may have been executed.',
    })
    expect(service.errors).toEqual([failure])
  })

  it('breaks the connection when the handler fails in the middle of its answer, and lets a finished one be', async () => {
    const failure = new Error('half way')
    // More than a socket takes at once.
    const rest = '-whole'.repeat(1_000_000)
    const fail = (finish: boolean): ServiceOptions => ({
      handler: (_req, res) => {
        res.writeHead(200, { 'content-length': 4 + rest.length }).write('half')
        if (finish) res.end(rest)
        throw failure
      },
    })
    const list = { method: 'GET', target: '/v1/orders' }
    const half = await startService(fail(false))
    await expect(send(half.origin, await (await half.issue()).signer.sign(list)).then(r => r.text())).rejects.toThrow()
    const whole = await startService(fail(true))
    const response = await send(whole.origin, await (await whole.issue()).signer.sign(list))
    expect(await response.text()).toBe(`half${rest}`)
    expect([half.errors, whole.errors]).toEqual([[failure], [failure]])
  })
})

describe('protect for node:http checks its options', () => {
  it.each([
    ['onError', { onError: undefined }],
    ['verifier', { verifier: {} }],
    ['routes', { routes: {} }],
    ['clientIp', { clientIp: '127.0.0.1' }],
    ['maxBodyBytes', { maxBodyBytes: '1mb' }],
    ['maxBody', { maxBody: 1 }],
  ])('and names %s when it is wrong', async (field, wrong) => {
    await expect(startService({ protect: wrong as object })).rejects.toThrow(expect.objectContaining({ field }))
    await expect(startService({ protect: wrong as object })).rejects.toThrow(ConfigError)
  })

  it('and takes a right one', async () => {
    await expect(startService({ protect: { maxBodyBytes: 0 } })).resolves.toBeDefined()
  })
})
