import { describe, expect, it } from 'vitest'
import type { SignedRequest } from '../../src/client/index.js'
import { JSON_TYPE, ORDER, startService } from './service.js'
import { bytesOf, chunked, linesOf, open, say } from './wire.js'

const LIST = { method: 'GET', target: '/v1/orders' }
const PLACE = { method: 'POST', target: '/v1/orders', headers: JSON_TYPE, body: ORDER }

type Lines = [string, string][]

describe('A header that came twice', () => {
  const credentials = ['x-api-key', 'x-api-timestamp', 'x-api-nonce', 'x-api-signature']

  it.each(credentials)('is no credential: %s', async name => {
    const service = await startService()
    const { signer } = await service.issue()
    const request = await signer.sign(PLACE)
    const lines = linesOf(request)
    const value = request.headers[name] ?? ''
    const twins: Lines[] = [
      [...lines, [name, value]],
      [[name, value], ...lines],
      [...lines, [name.toUpperCase(), 'x'.repeat(22)]],
      [...lines, [name, '']],
    ]
    for (const twin of twins) {
      const answer = await say(service.port, bytesOf(request, twin))
      expect([answer?.status, JSON.parse(answer?.body ?? '{}').code]).toEqual([401, 'malformed_credentials'])
    }
    expect(await say(service.port, bytesOf(request, lines))).toMatchObject({ status: 200 })
    expect(service.reached.length).toBe(1)
  })

  it('and is signed is refused too; one that nobody signs may repeat', async () => {
    const service = await startService()
    const { signer } = await service.issue()
    const request = await signer.sign(PLACE)
    const twice: Lines = [...linesOf(request), ['Content-Type', 'application/json']]
    const answer = await say(service.port, bytesOf(request, twice))
    expect([answer?.status, JSON.parse(answer?.body ?? '{}').code]).toEqual([400, 'malformed_request'])
    const traced: Lines = [['x-trace', '1'], ...linesOf(request), ['X-Trace', '2']]
    expect(await say(service.port, bytesOf(request, traced))).toMatchObject({ status: 200 })
  })

  it('by the thousand is like one that came twice', async () => {
    const service = await startService({ server: { maxHeaderSize: 2_000_000 } })
    const { signer } = await service.issue()
    const request = await signer.sign(LIST)
    service.server.maxHeadersCount = 0
    const many: Lines = Array.from({ length: 50_000 }, () => ['x-api-key', 'k'])
    expect(await say(service.port, bytesOf(request, [...linesOf(request), ...many]))).toMatchObject({ status: 401 })
    const other: Lines = many.map(([, value]) => ['x-trace', value])
    expect(await say(service.port, bytesOf(request, [...linesOf(request), ...other]))).toMatchObject({ status: 200 })
  })
})

describe('A header’s name', () => {
  it('is the same in any case, and another with an underscore', async () => {
    const service = await startService()
    const { signer } = await service.issue()
    const rename = (request: SignedRequest, to: (name: string) => string): Buffer =>
      bytesOf(
        request,
        linesOf(request).map(([name, value]) => [to(name), value]),
      )
    expect(
      await say(
        service.port,
        rename(await signer.sign(PLACE), name => name.toUpperCase()),
      ),
    ).toMatchObject({ status: 200 })
    const underscored = rename(await signer.sign(PLACE), name => name.replace(/^x-api-/, 'x_api_'))
    expect(JSON.parse((await say(service.port, underscored))?.body ?? '{}').code).toBe('missing_credentials')
  })

  it('may be __proto__ or constructor, which mean nothing', async () => {
    const service = await startService()
    const { signer } = await service.issue()
    const request = await signer.sign(PLACE)
    const odd: Lines = ['__proto__', '__proto__', 'constructor', 'toString'].map(name => [name, 'x-api-key'])
    expect(await say(service.port, bytesOf(request, [...odd, ...linesOf(request)]))).toMatchObject({ status: 200 })
    const bare = linesOf(request).filter(([name]) => !name.startsWith('x-api'))
    const answer = await say(service.port, bytesOf(request, [...odd, ...bare]))
    expect(JSON.parse(answer?.body ?? '{}').code).toBe('missing_credentials')
  })

  it('cannot change the method', async () => {
    const service = await startService()
    const { signer } = await service.issue({ permissions: ['read'] })
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' }
    const request = await signer.sign({ method: 'GET', target: '/v1/orders/1?_method=DELETE', headers })
    expect(await say(service.port, bytesOf(request))).toMatchObject({ status: 200 })
    expect(service.reached[0]?.route).toBe('GET /v1/orders/:id')
  })

  it('in a trailer is no header', async () => {
    const service = await startService()
    const { signer } = await service.issue()
    const request = await signer.sign(PLACE)
    const lines = linesOf(request).filter(([name]) => name !== 'content-length')
    const late = lines.filter(([name]) => name === 'x-api-signature')
    const early = lines.filter(([name]) => name !== 'x-api-signature')
    const send = (head: Lines, trailer: Lines) => {
      const text = trailer.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      const framed: Lines = [...head, ['transfer-encoding', 'chunked'], ['trailer', 'x-api-signature']]
      const bytes = bytesOf({ ...request, body: new Uint8Array(0) }, framed)
      return say(service.port, Buffer.concat([bytes, chunked(request.body, 10, text)]))
    }
    expect(await send(early, late)).toMatchObject({ status: 401 })
    expect(await send(lines, [])).toMatchObject({ status: 200 })
  })
})

/** Everything that has made one server see two requests where another saw one. */
const smuggling: Record<string, (head: string, inner: string) => string> = {
  'a length and chunks': (head, inner) => `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
  'two lengths': (head, inner) => `${head}Content-Length: 0\r\n\r\n${inner}`,
  'a length in a list': (head, inner) =>
    `${head.replace(/content-length: (\d+)/, 'content-length: $1, 0')}\r\n${inner}`,
  'a length with a sign': (head, inner) => `${head.replace(/content-length: /, 'content-length: +')}\r\n${inner}`,
  'chunks in disguise': (head, inner) => `${head}Transfer-Encoding: xchunked\r\n\r\n${inner}`,
  'chunks twice': (head, inner) =>
    `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${inner}`,
  'a blank before the colon': (head, inner) => `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`,
  'a line break in a value': (head, inner) => `${head}x-trace: 1\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
  'a bare line feed': (head, inner) => `${head}x-trace: 1\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
  'a folded line': (head, inner) => `${head}x-trace: 1\r\n Transfer-Encoding: chunked\r\n\r\n${inner}`,
  'a NUL': (head, inner) => `${head}x-trace: 1\0\r\n\r\n${inner}`,
  'a vertical tab': (head, inner) => `${head}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${inner}`,
}

describe('A request within a request', () => {
  it.each(Object.entries(smuggling))('cannot be hidden behind %s', async (_title, hide) => {
    const service = await startService()
    const { signer } = await service.issue()
    const outer = await signer.sign(PLACE)
    const inner = bytesOf(await signer.sign({ method: 'DELETE', target: '/v1/orders/7' })).toString('latin1')
    const head = bytesOf({ ...outer, body: new Uint8Array(0) }, linesOf(outer))
      .toString('latin1')
      .slice(0, -2)
    const connection = open(service.port)
    connection.send(Buffer.from(hide(head, inner), 'latin1'))
    const answers = await connection.answers(2)
    expect(service.reached).toEqual([])
    expect(answers.map(({ status }) => status)).toEqual([400])
  })

  it('is not needed: two of them on one connection are two', async () => {
    const service = await startService({ handler: (_req, res, { route }) => void res.end(route) })
    const { signer } = await service.issue()
    const remove = await signer.sign({ method: 'DELETE', target: '/v1/orders/7' })
    const connection = open(service.port)
    connection.send(Buffer.concat([bytesOf(await signer.sign(PLACE)), bytesOf(remove), bytesOf(remove)]))
    const answers = await connection.answers(3)
    expect(answers.map(({ status, body }) => (status === 200 ? body : status))).toEqual([
      'POST /v1/orders',
      'DELETE /v1/orders/7'.replace('7', ':id'),
      401,
    ])
  })
})

describe('A request target', () => {
  const odd = [
    'http://api.example.com/v1/orders',
    'https://evil.example/v1/orders',
    '//api.example.com/v1/orders',
    '/v1//orders',
    '/v1/./orders',
    '/v1/x/../orders',
    '/v1/%2e%2e/v1/orders',
    '/v1/orders/..%2forders',
    '/v1/orders/%2e',
    '/v1/%6frders',
    '/v1\\orders',
    '/v1/orders#/v1/time',
    '/v1/orders?x=1#/v1/time',
    '/v1/orders;x=1',
    '/v1/orders/a;b',
    '/v1/orders%00',
    '/v1/orders/\xe9',
    '*',
  ]
  it.each(odd)('that is read in two ways is refused: %s', async target => {
    const service = await startService()
    const { signer } = await service.issue({ permissions: ['full'] })
    const request = { ...(await signer.sign(LIST)), target }
    const answer = await say(service.port, bytesOf(request))
    expect([400, 403]).toContain(answer?.status)
    expect(service.reached).toEqual([])
  })

  it.each(['/v1/orders', '/v1/orders?', '/v1/orders?a=1&a=%2F..&b=//', '/v1/orders/a%20b', '/v1/orders/a:b,c'])(
    'that is plain is judged as it was sent: %s',
    async target => {
      const service = await startService()
      const { signer } = await service.issue()
      expect(await say(service.port, bytesOf(await signer.sign({ ...LIST, target })))).toMatchObject({ status: 200 })
      const other = {
        ...(await signer.sign({ ...LIST, target })),
        target: `${target}${target.includes('?') ? '&' : '?'}z`,
      }
      expect(await say(service.port, bytesOf(other))).toMatchObject({ status: 401 })
    },
  )
})

describe('A connection', () => {
  it('stays usable after every refusal whose body is short', async () => {
    const service = await startService()
    const { signer } = await service.issue()
    const refused = [
      { ...(await signer.sign(PLACE)), target: '/v1/orders?x' },
      await signer.sign({ ...PLACE, target: '/v1/nowhere' }),
      { ...(await signer.sign(PLACE)), headers: {} },
    ]
    const connection = open(service.port)
    const statuses: (number | undefined)[] = []
    for (const request of [...refused, await signer.sign(PLACE)]) {
      connection.send(bytesOf(request))
      statuses.push((await connection.answers(statuses.length + 1)).at(-1)?.status)
    }
    expect(statuses).toEqual([401, 403, 401, 200])
    expect(service.reached.length).toBe(1)
  })

  it.each(['POST', 'HEAD'])('is closed after a refusal whose body has no end in sight: %s', async method => {
    const service = await startService()
    const connection = open(service.port)
    connection.send(`${method} /v1/nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n`)
    const [head = ''] = await connection.heads(1)
    expect(head).toMatch(/^HTTP\/1.1 403 [\s\S]*\r\nconnection: close\r\n/i)
    await connection.closed
  })

  it('is closed at once by a client that has read its refusal', async () => {
    const service = await startService()
    const connection = open(service.port)
    const closing = new Promise<void>(resolve =>
      service.server.once('request', (_req, res) => res.once('close', resolve)),
    )
    connection.send('POST /v1/nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n')
    await connection.answers(1)
    connection.socket.destroy()
    await closing
    expect(service.errors).toEqual([])
  })
})

describe('A header of a megabyte', () => {
  const huge = 'k'.repeat(1_000_000)

  it('is refused by Node, and the server goes on', async () => {
    const service = await startService()
    const { signer } = await service.issue()
    const request = await signer.sign(LIST)
    const answer = await say(service.port, bytesOf(request, [...linesOf(request), ['x-trace', huge]]))
    expect(answer === undefined || answer.status === 431).toBe(true)
    expect(await say(service.port, bytesOf(request))).toMatchObject({ status: 200 })
  })

  it.each(['x-api-key', 'x-api-timestamp', 'x-api-nonce', 'x-api-signature', 'x-api-recv-window', 'content-type'])(
    'is refused by us where Node was told to take it: %s',
    async name => {
      const service = await startService({ server: { maxHeaderSize: 2_000_000 } })
      const { signer } = await service.issue()
      const request = await signer.sign(PLACE)
      const long: Lines = linesOf(request).filter(line => line[0] !== name)
      const answer = await say(service.port, bytesOf(request, [...long, [name, huge]]))
      expect([400, 401]).toContain(answer?.status)
      expect(answer?.body.length).toBeLessThan(500)
      const harmless: Lines = [...linesOf(request), ['x-trace', huge]]
      expect(await say(service.port, bytesOf(request, harmless))).toMatchObject({ status: 200 })
    },
  )
})
