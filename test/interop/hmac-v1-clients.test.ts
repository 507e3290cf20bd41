import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { type SchemeServer, startSchemeServer } from '../client/scheme-server.js'
import { describeUnless } from '../skips.js'

const scheme = hmacV1({ audience: 'api.example.com' })
const keyId = 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s'
const secret = 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1234567890aB'

const clients: readonly (readonly [file: string, needs: readonly string[]])[] = [
  ['sign.sh', ['sh', 'curl', 'openssl', 'od']],
  ['sign.py', ['python3']],
]

for (const [file, needs] of clients) {
  const missing = needs.filter(command => spawnSync('which', [command]).status !== 0)

  describeUnless(
    missing.length > 0 ? `no ${missing.join(', ')}` : undefined,
    `The client docs/examples/clients/${file}`,
    () => {
      let server: SchemeServer
      beforeAll(async () => {
        server = await startSchemeServer({ scheme, keyId, secret, now: Date.now })
      })
      afterAll(() => server.close())

      const run = (args: readonly string[], more: Record<string, string> = {}) =>
        runClient(file, args, {
          KEYLATTICE_KEY_ID: keyId,
          KEYLATTICE_SECRET: secret,
          KEYLATTICE_AUDIENCE: 'api.example.com',
          ...more,
        })

      it.each([
        ['GET', '/v1/balance', undefined],
        ['GET', '', undefined],
        ['GET', '?a=1', undefined],
        ['GET', '/v1/orders?', undefined],
        ['GET', '/v1/orders?b=2&a=1&c=%2f+%20[x]#fragment', undefined],
        ['GET', '/v1/a/../b/%2e%2e/c', undefined],
        ['DELETE', '/v1/orders/17', undefined],
        ['POST', '/v1/orders', '{"market":"BTC-EUR","amount":"0.25"}'],
        ['PUT', '/v1/notes?x', 'Z\u00fcrich \u{1f4b6} 100% \\n \'quoted\' "$HOME"\n\n'],
      ])('has its request accepted: %s %s', async (method, path, body) => {
        const { status, stdout, stderr } = await run([
          method,
          server.origin + path,
          ...(body === undefined ? [] : [body]),
        ])
        expect(stderr).toBe('')
        expect(JSON.parse(stdout)).toMatchObject({ code: 'accepted' })
        expect(status).toBe(0)
        const { request } = server.log.at(-1)!
        expect([request.method, new TextDecoder().decode(request.body)]).toEqual([method, body ?? ''])
        expect(request.headers['content-type']).toEqual(body === undefined ? undefined : ['application/json'])
      })

      it('sends another content type where it is told to', async () => {
        const { status } = await run(['POST', `${server.origin}/v1/notes`, 'x'], {
          KEYLATTICE_CONTENT_TYPE: 'text/plain; charset=utf-8',
        })
        expect(server.log.at(-1)!.request.headers['content-type']).toEqual(['text/plain; charset=utf-8'])
        expect(status).toBe(0)
      })

      it('signs under a secret longer than a block of the hash', async () => {
        const long = await startSchemeServer({ scheme, keyId, secret: secret.repeat(3) })
        const { status } = await run(['GET', `${long.origin}/v1/balance`], { KEYLATTICE_SECRET: secret.repeat(3) })
        expect(long.log.map(({ verdict }) => verdict)).toEqual(['accepted'])
        expect(status).toBe(0)
        await long.close()
      })

      it.each([
        ['another secret', { KEYLATTICE_SECRET: `${secret}x` }, 'invalid_credentials'],
        ['another audience', { KEYLATTICE_AUDIENCE: 'api.sandbox.example.com' }, 'invalid_credentials'],
        ['another key id', { KEYLATTICE_KEY_ID: `${keyId}x` }, 'invalid_credentials'],
        ['a key id that is none', { KEYLATTICE_KEY_ID: 'a b' }, 'malformed_credentials'],
      ])('is refused with %s, and says so in its exit status', async (_, more, code) => {
        const { status, stdout } = await run(['GET', `${server.origin}/v1/balance`], more)
        expect(JSON.parse(stdout)).toMatchObject({ code })
        expect(status).not.toBe(0)
      })

      it('has a signature that no other request passes with', async () => {
        await run(['POST', `${server.origin}/v1/orders?a=1`, '{}'])
        const { request, verdict } = server.log.at(-1)!
        expect(verdict).toBe('accepted')
        const headers = Object.entries(request.headers).flatMap(([name, values]) =>
          (values as string[]).map(value => [name, value] as [string, string]),
        )
        const send = (target: string, init: RequestInit) =>
          fetch(server.origin + target, {
            method: 'POST',
            body: '{}',
            headers: headers.filter(([name]) => name.startsWith('x-') || name === 'content-type'),
            ...init,
          })
        expect((await send('/v1/orders?a=1', {})).status).toBe(200)
        expect((await send('/v1/orders?a=2', {})).status).toBe(401)
        expect((await send('/v1/orders?a=1', { body: '{ }' })).status).toBe(401)
        expect((await send('/v1/orders?a=1', { method: 'PUT' })).status).toBe(401)
      })

      it('does not follow a redirect', async () => {
        const { stderr } = await run(['GET', `${server.origin}/redirect`])
        expect(server.log.at(-1)!.request.target).toBe('/redirect')
        expect(stderr).not.toContain('refused')
      })

      it('says how it is used', async () => {
        const { status, stdout, stderr } = await run([])
        expect(status).not.toBe(0)
        expect(stdout + stderr).toContain(`Usage: ${file} METHOD URL [BODY]`)
      })
    },
  )
}

/** Not `spawnSync`: the server answers on this thread. */
function runClient(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<Pick<SpawnSyncReturns<string>, 'status' | 'stdout' | 'stderr'>> {
  const script = fileURLToPath(new URL(`../../docs/examples/clients/${file}`, import.meta.url))
  const child = spawn(file.endsWith('.py') ? 'python3' : 'sh', [script, ...args], {
    env: { PATH: process.env['PATH'], ...env },
  })
  return new Promise((resolve, reject) => {
    const [stdout, stderr]: [string[], string[]] = [[], []]
    child.stdout.on('data', chunk => stdout.push(String(chunk)))
    child.stderr.on('data', chunk => stderr.push(String(chunk)))
    child.on('error', reject)
    child.on('close', status => resolve({ status, stdout: stdout.join(''), stderr: stderr.join('') }))
  })
}
