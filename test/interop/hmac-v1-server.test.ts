import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defineRoutes } from '../../src/index.js'
import { protect } from '../../src/middleware/node.js'
import { createMemoryReplayStore } from '../../src/stores/memory.js'
import { describeUnless } from '../skips.js'
import { createWorld, OWNER, permissions } from '../world.js'

/** The clients in other languages against the whole of the library: manager, stores, verifier, routes, middleware. */
const CLIENTS = [
  ['sign.sh', ['sh', 'curl', 'openssl', 'od']],
  ['sign.py', ['python3']],
] as const

for (const [file, needs] of CLIENTS) {
  const missing = needs.filter(command => spawnSync('which', [command]).status !== 0)
  const absent = missing.length > 0 ? `no ${missing.join(', ')}` : undefined

  describeUnless(absent, `An exchange that is called by ${file}`, () => {
    const clock = Date.now
    const world = createWorld({ verifier: { clock, replay: createMemoryReplayStore() }, manager: { clock } })
    let server: Server
    let origin = ''
    let env: Record<string, string> = {}
    let keyId = ''

    beforeAll(async () => {
      const routes = defineRoutes(permissions, { 'GET /v1/balance': 'read', 'POST /v1/withdrawals': 'withdraw' })
      const handler = protect(
        { verifier: world.verifier, routes, onError: error => expect.fail(String(error)) },
        (_, res, { principal }) => {
          res.setHeader('content-type', 'application/json').end(JSON.stringify({ owner: principal?.owner }))
        },
      )
      server = createServer(handler).listen(0, '127.0.0.1')
      await new Promise(resolve => server.once('listening', resolve))
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const { key, secret } = await world.issue({ permissions: ['trade'], ipAllowlist: ['127.0.0.1'] })
      keyId = key.keyId
      env = { KEYLATTICE_KEY_ID: keyId, KEYLATTICE_SECRET: secret, KEYLATTICE_AUDIENCE: 'api.example.com' }
    })
    afterAll(() => server.close())

    const call = (args: readonly string[]) => run(file, args, env)

    it('lets through what its key may do, and tells why it refuses the rest', async () => {
      expect(await call(['GET', `${origin}/v1/balance`])).toMatchObject({ status: 0, answer: { owner: OWNER } })
      const withdrawal = await call(['POST', `${origin}/v1/withdrawals`, '{"amount":"1"}'])
      expect(withdrawal).toMatchObject({ answer: { code: 'permission_denied' } })
      expect(withdrawal.status).not.toBe(0)
      expect(await call(['GET', `${origin}/v1/secrets`])).toMatchObject({ answer: { code: 'route_not_declared' } })
    })

    it('stops it the moment its key is revoked', async () => {
      await world.manager.revoke({ owner: OWNER, keyId, reason: 'leaked' })
      expect(await call(['GET', `${origin}/v1/balance`])).toMatchObject({ answer: { code: 'key_revoked' } })
    })
  })
}

async function run(file: string, args: readonly string[], env: Record<string, string>) {
  const path = fileURLToPath(new URL(`../../docs/examples/clients/${file}`, import.meta.url))
  const command = file.endsWith('.py') ? 'python3' : 'sh'
  const child: ChildProcess = spawn(command, [path, ...args], { env: { PATH: process.env['PATH'], ...env } })
  let stdout = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  const status = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { status, answer: JSON.parse(stdout) as unknown }
}
