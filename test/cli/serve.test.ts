import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createSignedFetch, createSigner } from '../../src/client/index.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { ROOT, requireBuild } from '../package/dist.js'
import { describeUnless } from '../skips.js'
import { absentCurl } from './curl.js'
import { cleanEnvironment, keylattice, PROGRAM, shell, temporaryFolder } from './keylattice.js'

requireBuild()

interface Served {
  readonly url: string
  readonly keys: readonly {
    readonly label: string
    readonly keyId: string
    readonly secret: string
    readonly passphrase?: string
  }[]
  readonly requests: readonly string[]
}

/** Starts the exchange, and waits until it says where it is. */
async function serve(args: readonly string[] = [], folder = temporaryFolder(), env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--port', '0', ...args], {
    env: cleanEnvironment(env),
    cwd: folder,
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said: string[] = []
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  const shown = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.endsWith('\n')) resolve(text)
    })
    child.once('exit', status => reject(new Error(`serve ended with ${status}: ${said.join('')}`)))
  })
  return { child, shown, said: () => said.join('') }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => child.once('exit', resolve))
}

async function serveJson(
  args: readonly string[] = [],
  folder?: string,
  env?: Record<string, string>,
): Promise<Served & Awaited<ReturnType<typeof serve>>> {
  const served = await serve([...args, '--json'], folder, env)
  return { ...served, ...(JSON.parse(served.shown) as Served) }
}

describe('serve', () => {
  it('lets its keys do what they may, and nothing else', async () => {
    const { url, keys, said } = await serveJson()
    const clients = keys.map(({ keyId, secret }) =>
      createSignedFetch({
        baseUrl: url,
        signer: createSigner({ scheme: hmacV1({ audience: new URL(url).host }), keyId, secret }),
      }),
    )
    const [trader, reader] = clients as [(typeof clients)[0], (typeof clients)[0]]
    const order = { method: 'POST', body: '{"side":"buy"}', headers: { 'content-type': 'application/json' } }
    expect((await fetch(`${url}/v1/time`)).status).toBe(200)
    expect((await fetch(`${url}/v1/balance`)).status).toBe(401)
    expect(await (await trader('/v1/balance')).json()).toEqual({ BTC: '1.5', EUR: '20000.00' })
    expect(await (await trader('/v1/orders', order)).json()).toEqual({ id: 1, side: 'buy', status: 'open' })
    expect((await reader('/v1/orders', order)).status).toBe(403)
    expect(await (await reader('/v1/orders')).json()).toHaveLength(1)
    expect((await trader('/v1/orders/1', { method: 'DELETE' })).status).toBe(200)
    expect((await trader('/v1/orders/1', { method: 'DELETE' })).status).toBe(422)
    expect((await trader('/v1/withdrawals', { method: 'POST' })).status).toBe(403)
    expect((await trader('/v1/nothing')).status).toBe(403)
    expect(said()).toContain(`allowed  GET /v1/balance  ${keys[0]?.keyId}`)
    expect(said()).toContain('refused (permission_denied)  POST /v1/orders')
    expect(said()).toContain('refused (route_not_declared)')
    expect(said()).not.toContain(keys[0]?.secret)
  })

  it('listens on this machine alone', async () => {
    const { url } = await serveJson()
    expect(new URL(url).hostname).toBe('127.0.0.1')
    expect(await keylattice(['serve', '--host', '0.0.0.0'])).toMatchObject({ status: 2 })
  })

  it('says that a port is taken', async () => {
    const { url } = await serveJson()
    const ran = await keylattice(['serve', '--port', new URL(url).port])
    expect(ran).toMatchObject({ status: 3, stdout: '' })
    expect(ran.stderr).toContain('is taken')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with code 0 on %s', async signal => {
    const { child } = await serve()
    child.kill(signal)
    expect(await ended(child)).toBe(0)
  })

  it('keeps keys in a store, whose secrets are sealed', async () => {
    const file = join(temporaryFolder(), 'demo.db')
    const env = { KEYLATTICE_MASTER_KEYS: `k1:${'ab'.repeat(32)}` }
    const first = await serveJson(['--store', file, '--audience', 'demo'], ROOT, env)
    const { keyId, secret } = first.keys[0] as Served['keys'][0]
    first.child.kill('SIGINT')
    await ended(first.child)
    expect(readFileSync(file).includes(secret)).toBe(false)
    const second = await serveJson(['--store', file, '--audience', 'demo'], ROOT, env)
    expect(second.keys).toEqual([])
    const args = ['sign', '--audience', 'demo', '-k', keyId, '--send', `${second.url}/v1/balance`]
    expect(await keylattice(args, { env: { KEYLATTICE_SECRET: secret } })).toMatchObject({ status: 0 })
    expect(await keylattice(['serve', '--store', file], { folder: ROOT })).toMatchObject({ status: 2, stdout: '' })
  })
})

describeUnless(absentCurl, 'What serve prints', () => {
  it.each(['hmac-v1', 'ed25519-v1', 'bitfinex', 'okx', 'bearer', 'binance', 'kraken', 'deribit'])(
    'can be pasted: %s',
    async scheme => {
      const { requests, url, keys } = await serveJson(['--scheme', scheme])
      expect(requests.length).toBeGreaterThan(0)
      for (const command of requests) {
        const answer = await shell(command.replace('curl ', 'curl --silent --fail-with-body '))
        expect(answer.status, `${command}\n${answer.stdout}`).toBe(0)
      }
      const again = await shell((requests[0] as string).replace('curl ', 'curl --silent --fail-with-body '))
      expect(again.status === 0).toBe(scheme === 'bearer' || scheme === 'deribit' ? again.status === 0 : false)
      expect([url, keys.length]).toEqual([expect.stringContaining('http://127.0.0.1:'), 2])
    },
  )

  it('is a script as a whole, whose last lines sign anew', async () => {
    const { shown } = await serve()
    const script = shown
      .replaceAll('npx keylattice', `'${process.execPath}' '${PROGRAM}'`)
      .replaceAll('curl ', 'curl --silent --show-error --fail ')
    const ran = await shell(`set -e\n${script}`)
    expect(ran.status, ran.stderr).toBe(0)
    expect(ran.stdout).toContain('HTTP 200 OK')
  })
})
