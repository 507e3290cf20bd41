import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseCaptured } from '../../src/cli/captured/read.js'
import type { WireRequest } from '../../src/http/request.js'
import { describeUnless } from '../skips.js'
import { absentCurl } from './curl.js'
import { shell, temporaryFolder } from './keylattice.js'
import { startRecorder } from './recorder.js'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const noFiles = async (): Promise<Uint8Array> => {
  throw new Error('no file may be read')
}
const parse = (text: string | Uint8Array) => parseCaptured(typeof text === 'string' ? encode(text) : text, noFiles)

/** Fields that curl adds without being asked, or that say where it was sent. */
const OWN = new Set(['host', 'accept', 'user-agent', 'content-length', 'connection', 'accept-encoding', 'expect'])

function meant({ method, target, headers, body }: WireRequest): unknown {
  const kept = Object.entries(headers).filter(([name]) => !OWN.has(name))
  return { method, target, headers: Object.fromEntries(kept), body: Buffer.from(body).toString('hex') }
}

/** Commands as people and programs write them; `URL` is where they go. */
const COMMANDS: readonly (readonly [what: string, command: string])[] = [
  ['a plain one', 'curl URL/v1/x?a=1'],
  ['a path that is not there', 'curl URL'],
  ['a query without a path', 'curl "URL?a=1"'],
  ['a fragment', "curl 'URL/x?a=1#part'"],
  ['options behind the address', 'curl URL/v1/x -H "X-A: 1" -X PATCH'],
  ['bundled short options', 'curl -sSX DELETE URL/v1/x'],
  ['a value right behind its letter', "curl -XPUT -d'a=1' URL/"],
  ['data, which makes a form of it', "curl -d a=1 -d 'b=2 3' URL/v1/x"],
  ['data as a query', "curl -G -d a=1 --data 'b=2' URL/v1/x?c=3"],
  ['JSON', `curl --json '{"a": 1}' URL/v1/x`],
  [
    'JSON by hand, over several lines',
    `curl URL/v1/x \\\n  -H 'Content-Type: application/json' \\\n  --data-raw '{"a":"it'\\''s"}'`,
  ],
  ['double quotes with escapes', 'curl URL/x --data-raw "a \\"b\\" \\\\ \\x \\$HOME"'],
  ['escapes without quotes', 'curl URL/x --data-raw a\\ b\\"c\\\'d'],
  ['an empty body', "curl -X POST --data-raw '' URL/x"],
  ['no content type', "curl -H 'Content-Type:' -d x URL/x"],
  ['an empty field', "curl -H 'X-Empty;' URL/x"],
  ['a field twice', "curl -H 'X-A: 1' -H 'x-a: 2' URL/x"],
  ['a cookie and a referrer', "curl -b 'a=b' -e https://example.com/ URL/x"],
  ['HEAD', 'curl -I URL/x'],
  ['flags that ask for nothing', 'curl -s -i -k --compressed --max-time 10 -o /dev/null URL/x'],
  [
    'a body of bytes, as sign writes it',
    "printf '\\000\\377\\012\\047' |\ncurl --request POST --url URL/x \\\n  --header 'content-type:' \\\n  --data-binary @-",
  ],
  ['a body from a file', 'curl --data-binary @body.bin URL/x'],
  ['a body from a file, without its line breaks', 'curl -d @body.bin URL/x'],
]

describeUnless(absentCurl, 'A curl command', () => {
  it.each(COMMANDS)('of %s is read as curl sends it', async (_what, written) => {
    const { origin, requests } = await startRecorder()
    const folder = temporaryFolder()
    const file = encode('line one\r\nline two\n')
    writeFileSync(join(folder, 'body.bin'), file)
    const command = written.replaceAll('URL', origin)
    const ran = await shell(command, { folder })
    expect(ran.status, ran.stderr).toBe(0)
    const { request, url } = await parseCaptured(encode(command), async () => file)
    expect(meant(request)).toEqual(meant(requests[0] as WireRequest))
    expect(url?.origin).toBe(origin)
  })
})

describe('A curl command', () => {
  it.each([
    ['a variable', 'curl "https://api.example.com/$KEY"'],
    ['a command inside', 'curl https://api.example.com/`id`'],
    ['a quote that does not end', "curl 'https://api.example.com/"],
    ['an option that is not known', 'curl --form a=b https://api.example.com/'],
    ['two addresses', 'curl https://a.example/ https://b.example/'],
    ['no address', 'curl -X POST'],
    ['fields from a file', 'curl -H @fields https://api.example.com/'],
    ['another program behind it', 'curl https://api.example.com/ && id'],
  ])('with %s is refused', async (_what, command) => {
    await expect(parse(command)).rejects.toMatchObject({ exitCode: 2 })
  })

  it("is read with the escapes of $'…', which browsers write", async () => {
    const { request } = await parse(`curl https://a.example/ --data-raw $'it\\'s \\u00e9\\n\\x41'`)
    expect(new TextDecoder().decode(request.body)).toBe("it's é\nA")
  })
})

describe('Raw HTTP', () => {
  it('is read byte by byte, with lines that end in CRLF', async () => {
    const head = 'POST /v1/x?a=1 HTTP/1.1\r\nHost: api.example.com\r\nX-A: 1\r\nx-a:2 \r\nContent-Length: 4\r\n\r\n'
    const { request, url } = await parse(Buffer.concat([encode(head), Uint8Array.of(0, 255, 10, 13)]))
    expect(request).toMatchObject({ method: 'POST', target: '/v1/x?a=1' })
    expect(request.headers).toEqual({ host: 'api.example.com', 'x-a': ['1', '2'], 'content-length': '4' })
    expect([...request.body]).toEqual([0, 255, 10, 13])
    expect(url?.host).toBe('api.example.com')
  })

  it('is read with lines that end in LF, and without the line break an editor added', async () => {
    const { request } = await parse('PUT /x HTTP/1.1\ncontent-length: 2\n\n{}\n')
    expect(new TextDecoder().decode(request.body)).toBe('{}')
  })

  it('keeps a line break that was sent', async () => {
    const { request } = await parse('PUT /x HTTP/1.1\ncontent-length: 3\n\n{}\n')
    expect(new TextDecoder().decode(request.body)).toBe('{}\n')
  })

  it('keeps everything where nothing says how long the body is', async () => {
    const { request } = await parse('PUT /x HTTP/1.1\n\n{}\n')
    expect(new TextDecoder().decode(request.body)).toBe('{}\n')
  })

  it('may name the whole address, as a proxy is asked', async () => {
    const { request, url } = await parse('GET http://api.example.com:81/x?y HTTP/1.1\r\n\r\n')
    expect([request.target, url?.host]).toEqual(['/x?y', 'api.example.com:81'])
  })

  it.each([
    ['too short a body', 'PUT /x HTTP/1.1\ncontent-length: 9\n\n{}'],
    ['too long a body', 'PUT /x HTTP/1.1\ncontent-length: 1\n\n{}'],
    ['a length that is none', 'PUT /x HTTP/1.1\ncontent-length: two\n\n{}'],
    ['chunks', 'PUT /x HTTP/1.1\ntransfer-encoding: chunked\n\n2\r\n{}\r\n0\r\n\r\n'],
    ['a field without a colon', 'PUT /x HTTP/1.1\nwhat\n\n'],
  ])('with %s is refused', async (_what, text) => {
    await expect(parse(text)).rejects.toMatchObject({ exitCode: 2 })
  })
})

describe('JSON', () => {
  it('is read with a body of any kind', async () => {
    const base = { method: 'POST', url: 'https://api.example.com/a b?c#d', headers: { 'X-A': '1', 'x-b': ['1', '2'] } }
    const bodies = [{ body: '{}' }, { bodyBase64: 'e30=' }, { bodyHex: '7b7d' }]
    for (const body of bodies) {
      const { request } = await parse(JSON.stringify({ ...base, ...body }))
      expect(request).toMatchObject({ method: 'POST', target: '/a b?c', headers: { 'x-a': '1', 'x-b': ['1', '2'] } })
      expect(new TextDecoder().decode(request.body)).toBe('{}')
    }
  })

  it.each([
    ['no method', { url: 'https://a.example/' }],
    ['no address', { method: 'GET' }],
    ['an address that is none', { method: 'GET', url: '/x' }],
    ['a parsed body', { method: 'GET', target: '/', body: { a: 1 } }],
    ['bad base64', { method: 'GET', target: '/', bodyBase64: 'e30' }],
    ['fields that are no texts', { method: 'GET', target: '/', headers: { a: 1 } }],
  ])('with %s is refused', async (_what, value) => {
    await expect(parse(JSON.stringify(value))).rejects.toMatchObject({ exitCode: 2 })
  })
})

describe('Anything else', () => {
  it.each(['', 'GET /x', 'wget https://a.example/', '[]', '{'])('as %j is refused', async text => {
    await expect(parse(text)).rejects.toMatchObject({ exitCode: 2 })
  })
})
