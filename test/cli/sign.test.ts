import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { targetOf } from '../../src/client/signer.js'
import type { WireRequest } from '../../src/http/request.js'
import { isMalformed, type Scheme } from '../../src/scheme.js'
import { proverOf } from '../laws/scheme-case.js'
import { requireBuild } from '../package/dist.js'
import { loadDialect } from '../schemes/dialects.js'
import { loadVectors, schemeIds, toWire, type VectorCredentials, type VectorFixture } from '../schemes/vectors.js'
import { describeUnless } from '../skips.js'
import { absentCurl } from './curl.js'
import { keylattice } from './in-process.js'
import { type Run, shell, temporaryFolder } from './keylattice.js'
import { startRecorder } from './recorder.js'
import { optionsOf } from './scheme-arguments.js'

requireBuild()

const KEY_ID = 'kl_test_key'
const SECRET = 'canary-of-a-secret-0123456789abcdef'
const { make } = await loadDialect('hmac-v1')
const hmacV1 = make({ audience: 'api.example.com' })
const signing = { env: { KEYLATTICE_SECRET: SECRET } }
const asHmacV1 = ['sign', '--audience', 'api.example.com', '-k', KEY_ID]

/** Whether the server of the dialect would take a request for one signed with these credentials. */
async function proves(scheme: Scheme, request: WireRequest, credentials: VectorCredentials): Promise<boolean> {
  const claim = scheme.read(request)
  if (claim === undefined || isMalformed(claim)) return false
  const prover = await proverOf(scheme, credentials)
  return prover.proves(scheme.stringToSign(request, claim), claim)
}

/** Signs, runs what was printed, and gives back what the server received. */
async function receivedFrom(
  args: readonly string[],
  { origin, requests }: Awaited<ReturnType<typeof startRecorder>>,
  options: { env: Record<string, string>; folder?: string; stdin?: Uint8Array },
) {
  const folder = options.folder ?? temporaryFolder()
  const printed = await keylattice(args, { ...options, folder })
  expect(printed, origin).toMatchObject({ status: 0 })
  const ran = await shell(printed.stdout, { env: options.env, folder })
  expect(ran, printed.stdout).toMatchObject({ status: 0, stdout: '{"seen":true}' })
  return { received: requests.at(-1) as WireRequest, printed }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const BODIES: readonly (readonly [what: string, body: Uint8Array])[] = [
  ['quotes of every kind', encode(`it's "quoted" \`and\` $HOME \\ \\' !! \${x} $(id)`)],
  ['line breaks', encode('one\ntwo\r\n\nthree\n')],
  ['a tab and blanks at both ends', encode(' \ta\t ')],
  ['an @ at the start, which curl takes for a file', encode('@package.json')],
  ['percent signs and escapes, which printf reads', encode('100%s %d \\n \\0 %%')],
  ['text beyond ASCII', encode('żółć 🔑 \u2028')],
  ['a byte order mark', encode('\ufeff{}')],
  ['a NUL and other controls', encode('a\0b\u0001\u001b[31m')],
  ['a leading dash', encode('-d --data')],
  ['nothing', encode('')],
  ['every byte there is', Uint8Array.from({ length: 256 }, (_, at) => at)],
  ['bytes that are no UTF-8', Uint8Array.of(0xff, 0xfe, 0x80, 0x27, 0x0a)],
  ['64 KiB of bytes', Uint8Array.from({ length: 65_536 }, (_, at) => (at * 31) % 256)],
]

describeUnless(absentCurl, 'The command that sign prints, run by a shell and curl', () => {
  it.each(BODIES)('sends a body of %s as it was signed', async (_what, body) => {
    const server = await startRecorder()
    const args = [...asHmacV1, 'POST', `${server.origin}/v1/orders`, '--data-file', '-']
    const { received } = await receivedFrom(args, server, { ...signing, stdin: body })
    expect(Buffer.compare(received.body, body)).toBe(0)
    expect(await proves(hmacV1, received, { keyId: KEY_ID, secret: SECRET })).toBe(true)
  })

  it.each(BODIES)('sends a body of %s from its file', async (_what, body) => {
    const server = await startRecorder()
    const folder = temporaryFolder()
    writeFileSync(join(folder, "the body's file"), body)
    const args = [...asHmacV1, 'PUT', `${server.origin}/v1/orders`, '--data-file', "the body's file"]
    const { received } = await receivedFrom(args, server, { ...signing, folder })
    expect(Buffer.compare(received.body, body)).toBe(0)
    expect(await proves(hmacV1, received, { keyId: KEY_ID, secret: SECRET })).toBe(true)
  })

  it('sends a long body from the file that --body-out names', async () => {
    const server = await startRecorder()
    const folder = temporaryFolder()
    const body = new Uint8Array(2_000_000).fill(7)
    const args = [...asHmacV1, 'POST', `${server.origin}/v1/x`, '--data-file', '-', '--body-out', 'body.bin']
    const { received } = await receivedFrom(args, server, { ...signing, folder, stdin: body })
    expect(received.body.length).toBe(body.length)
    expect(await proves(hmacV1, received, { keyId: KEY_ID, secret: SECRET })).toBe(true)
  })

  it('refuses a long body from stdin without --body-out', async () => {
    const ran = await keylattice([...asHmacV1, 'POST', 'https://api.example.com/', '--data-file', '-'], {
      ...signing,
      stdin: new Uint8Array(70_000),
    })
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toContain('--body-out')
  })

  it.each([
    ['/v1/orders?symbol=BTC%2FUSD&a=1&a=2&empty=&flag'],
    ["/v1/it's?x='quoted'&y=%22"],
    ['/v1/list?ids[]=1&ids[]=2&set={a,b}&range=[1-3]'],
    ['/v1/a%2e%2e/b'],
    ['/v1/orders?'],
    ['/v1/$HOME/`id`/!x?*=~'],
  ])('asks for %s exactly', async target => {
    const server = await startRecorder()
    const { received, printed } = await receivedFrom([...asHmacV1, `${server.origin}${target}`], server, signing)
    expect(received.target, printed.stdout).toBe(targetOf(new URL(target, server.origin)))
    expect(await proves(hmacV1, received, { keyId: KEY_ID, secret: SECRET })).toBe(true)
  })

  it.each(['GET', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS'])('uses the method %s', async method => {
    const server = await startRecorder()
    const folder = temporaryFolder()
    const printed = await keylattice([...asHmacV1, method, `${server.origin}/v1/x`], { ...signing, folder })
    const { status } = await shell(printed.stdout, { folder })
    expect(status).toBe(0)
    expect(server.requests[0]?.method).toBe(method)
    expect(await proves(hmacV1, server.requests[0] as WireRequest, { keyId: KEY_ID, secret: SECRET })).toBe(true)
  })

  it('sends header fields as given, and no content type that nobody signed', async () => {
    const server = await startRecorder()
    const fields = ['-H', "X-Note: it's “fine”", '-H', 'x-empty:', '-H', 'Content-Type: text/plain; a="b"']
    const plain = await receivedFrom([...asHmacV1, 'POST', `${server.origin}/`, '-d', 'x'], server, signing)
    expect(plain.received.headers['content-type']).toBeUndefined()
    const { received } = await receivedFrom(
      [...asHmacV1, ...fields.with(1, "X-Note: it's $fine"), 'POST', `${server.origin}/`, '-d', 'x'],
      server,
      signing,
    )
    expect(received.headers).toMatchObject({
      'x-note': "it's $fine",
      'x-empty': '',
      'content-type': 'text/plain; a="b"',
    })
    expect(await proves(hmacV1, received, { keyId: KEY_ID, secret: SECRET })).toBe(true)
  })
})

const CASES = schemeIds.flatMap(id =>
  loadVectors(id).fixtures.map(fixture => ({ id, name: `${id}: ${fixture.name}`, fixture })),
)

/** Arguments that say what a fixture says. */
function argumentsOf(id: string, fixture: VectorFixture): readonly string[] {
  const key = id === 'bearer' ? [] : ['-k', fixture.credentials.keyId]
  return ['sign', ...optionsOf(id, fixture), ...key]
}

describeUnless(absentCurl, 'sign, for every scheme there is', () => {
  it.each(CASES)(
    '$name: what curl sends is signed, and shows neither secret nor passphrase',
    async ({ id, fixture }) => {
      const server = await startRecorder()
      const { credentials, options } = fixture
      const { secret, passphrase } = credentials
      const env = { KEYLATTICE_SECRET: secret, ...(passphrase !== undefined && { KEYLATTICE_PASSPHRASE: passphrase }) }
      const scheme = (await loadDialect(id)).make(options)
      for (const unsigned of fixture.requests) {
        const { method, target, headers, body } = toWire(unsigned)
        const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${String(value)}`])
        const args = [...argumentsOf(id, fixture), ...fields, '--data-file', '-', method, server.origin + target]
        const { received, printed } = await receivedFrom(args, server, { env, stdin: body })
        expect(await proves(scheme, received, credentials), printed.stdout).toBe(true)
        expectHidden(printed, secret)
        if (passphrase !== undefined) expectHidden(printed, passphrase)
      }
    },
  )

  it('finds out a request that was tampered with', async () => {
    const server = await startRecorder()
    const printed = await keylattice([...asHmacV1, 'POST', `${server.origin}/v1/x`, '-d', 'amount=1'], signing)
    await shell(printed.stdout.replace('amount=1', 'amount=9'))
    expect(await proves(hmacV1, server.requests[0] as WireRequest, { keyId: KEY_ID, secret: SECRET })).toBe(false)
  })
})

function expectHidden({ stdout, stderr }: Run, secret: string): void {
  expect(`${stdout}${stderr}`.includes(secret), stdout).toBe(false)
}

describe('sign --send', () => {
  it('sends the request as signed, and prints the answer', async () => {
    const server = await startRecorder()
    const body = Uint8Array.of(0, 255, 10, 39)
    const ran = await keylattice([...asHmacV1, '--send', 'POST', `${server.origin}/a?b=[1]`, '--data-file', '-'], {
      ...signing,
      stdin: body,
    })
    expect(ran).toEqual({ status: 0, stdout: 'HTTP 200 OK\n{"seen":true}\n', stderr: '' })
    expect(server.requests[0]).toMatchObject({ method: 'POST', target: '/a?b=[1]', body })
    expect(await proves(hmacV1, server.requests[0] as WireRequest, { keyId: KEY_ID, secret: SECRET })).toBe(true)
  })

  it.each([
    [401, 1],
    [404, 1],
    [503, 3],
    [302, 0],
  ])('ends with the right code when the server says %i', async (status, code) => {
    const { origin } = await startRecorder(status)
    const ran = await keylattice([...asHmacV1, '--send', '--json', origin], signing)
    expect(ran.status).toBe(code)
    expect(JSON.parse(ran.stdout)).toMatchObject({ status, body: '{"seen":true}' })
  })

  it('says that nobody listens, with code 3', async () => {
    const ran = await keylattice([...asHmacV1, '--send', 'http://127.0.0.1:9'], signing)
    expect(ran).toMatchObject({ status: 3, stdout: '' })
    expect(ran.stderr).toContain('the request failed')
  })

  it('sends no token in clear but to this machine', async () => {
    const args = ['sign', '--scheme', 'bearer', '--send']
    const env = { KEYLATTICE_SECRET: 'kl_test_x.0123456789abcdef' }
    const { origin, requests } = await startRecorder()
    expect(await keylattice([...args, 'http://api.example.com/'], { env })).toMatchObject({ status: 2, stdout: '' })
    expect(await keylattice([...args, origin], { env })).toMatchObject({ status: 0 })
    expect(requests[0]?.headers['authorization']).toBe(`Bearer ${env.KEYLATTICE_SECRET}`)
  })
})

describe('sign', () => {
  it('prints what it signed as JSON, without what is secret', async () => {
    const args = ['sign', '--json', '--scheme', 'okx', '-k', KEY_ID, 'https://www.okx.com/api/v5/account/balance']
    const env = { ...signing.env, KEYLATTICE_PASSPHRASE: 'canary-passphrase' }
    const ran = await keylattice(args, { env })
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(JSON.parse(ran.stdout)).toMatchObject({
      method: 'GET',
      target: '/api/v5/account/balance',
      headers: { 'ok-access-key': KEY_ID, 'ok-access-passphrase': '[redacted]' },
      bodyBase64: '',
    })
    expectHidden(ran, 'canary-passphrase')
  })

  it('takes everything from a credentials URI, and asks for the deployment it names', async () => {
    const folder = temporaryFolder()
    const made = await keylattice(
      ['keygen', 'credentials', '--uri', '--scheme', 'hmac-v1', '--audience', 'prod', '--out', 'uri.txt'],
      { folder },
    )
    expect(made.status).toBe(0)
    const uri = readFileSync(join(folder, 'uri.txt'), 'utf8')
    const [, keyId, secret] = /keyId=(\w+)&secret=(\w+)/.exec(uri) as unknown as [string, string, string]
    const { origin, requests } = await startRecorder()
    const ran = await keylattice(['sign', '--send', '--credentials-file', 'uri.txt', origin], { folder })
    expect(ran.status).toBe(0)
    expect(await proves(make({ audience: 'prod' }), requests[0] as WireRequest, { keyId, secret })).toBe(true)
    expect(await proves(hmacV1, requests[0] as WireRequest, { keyId, secret })).toBe(false)
  })

  it('names the option of the scheme that is missing', async () => {
    const ran = await keylattice(
      ['sign', '--scheme', 'bitcoin-suisse', '-k', KEY_ID, 'https://api.example.com/'],
      signing,
    )
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toContain("needs the option 'order'")
  })

  it.each([
    [['--scheme', 'hmac1'], 'Did you mean hmac-v1?'],
    [['--scheme', 'binance'], "no option 'audience'"],
    [['--scheme-option', 'headerPrefx=x'], 'Did you mean headerPrefix?'],
    [['--scheme-option', 'x'], 'name=value'],
    [['-H', 'no colon'], "'name: value'"],
    [['-H', 'a: 1', '-H', 'A: 2'], 'once only'],
    [['--recv-window', '1e3'], 'whole number'],
    [['-d', 'x', '--data-file', 'y'], 'not both'],
    [['--secret-file', 'missing.txt'], 'there is no such file'],
  ])('refuses %j, and says why', async (args, why) => {
    const ran = await keylattice([...asHmacV1, ...args, 'https://api.example.com/'], signing)
    expect([2, 3]).toContain(ran.status)
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toContain(why)
  })

  it.each(['api.example.com/v1', 'ftp://api.example.com/', '/v1/balance'])('refuses %s, which is no URL', async url => {
    expect(await keylattice([...asHmacV1, url], signing)).toMatchObject({ status: 2, stdout: '' })
  })
})
