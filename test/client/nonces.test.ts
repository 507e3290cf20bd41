import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSignedFetch, createSigner, inTurn, type Nonces } from '../../src/client/index.js'
import { KeyError } from '../../src/errors.js'
import type { WireRequest } from '../../src/http/request.js'
import { type Claim, isMalformed } from '../../src/scheme.js'
import { bitfinex } from '../../src/schemes/bitfinex.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { kraken } from '../../src/schemes/kraken.js'
import { type Absent, absentService, describeUnless } from '../skips.js'
import { fileFromGuide } from './guide-code.js'
import { startHouse } from './house-server.js'

const secret = Buffer.from('a secret of the house').toString('base64')
const credentials = { keyId: 'key', secret }
const scheme = kraken()
const NOW = 1_767_225_600_000
const clock = () => NOW
const request = { method: 'POST', target: '/0/private/Balance' }

const nonceOf = (signed: WireRequest) => {
  const claim = scheme.read(signed)
  if (claim === undefined || isMalformed(claim)) throw new TypeError('unreadable')
  return BigInt((claim as Claim).nonce)
}

describe('The nonces of one signer', () => {
  it('are unique and rise in the order of the calls, however many are made at once', async () => {
    const signer = createSigner({ scheme, ...credentials, clock })
    const nonces = (await Promise.all(Array.from({ length: 500 }, () => signer.sign(request)))).map(nonceOf)
    expect(nonces).toEqual(nonces.toSorted((a, b) => (a < b ? -1 : 1)))
    expect(new Set(nonces).size).toBe(500)
  })

  it('come from the host where it says so, each at least the time', async () => {
    let last = 0n
    const asked: [string, bigint][] = []
    const nonces: Nonces = {
      async next(keyId, atLeast) {
        asked.push([keyId, atLeast])
        last = last < atLeast ? atLeast : last + 1n
        return last
      },
    }
    const signers = [1, 2].map(() => createSigner({ scheme, ...credentials, clock, nonces }))
    const signed = await Promise.all([...signers, ...signers].map(signer => signer.sign(request)))
    expect(signed.map(nonceOf)).toEqual([0n, 1n, 2n, 3n].map(more => BigInt(NOW) + more))
    expect(asked.map(([keyId]) => keyId)).toEqual(['key', 'key', 'key', 'key'])
    expect(asked[0]![1]).toBe(BigInt(NOW))
  })

  it('are in the units of the dialect, for logins too', async () => {
    const asked: bigint[] = []
    const nonces: Nonces = { next: (_, atLeast) => BigInt(asked.push(atLeast) && atLeast + 5n) }
    const signer = createSigner({ scheme: bitfinex(), keyId: 'key', secret, clock, nonces })
    const { headers } = await signer.sign({ method: 'POST', target: '/v2/auth/r/wallets', body: '{}' })
    expect(headers['bfx-nonce']).toBe(String(NOW * 1000 + 5))
    expect(await signer.login()).toMatchObject({ authNonce: NOW * 1000 + 5 })
    expect(asked).toEqual([BigInt(NOW) * 1000n, BigInt(NOW) * 1000n])
  })

  it('are refused where they would leave the key stuck', async () => {
    for (const next of [BigInt(NOW) - 1n, 1n, Number.NaN as unknown as bigint, undefined as unknown as bigint]) {
      const signer = createSigner({ scheme, ...credentials, clock, nonces: { next: () => next } })
      await expect(signer.sign(request)).rejects.toThrow(KeyError)
      await expect(signer.sign(request)).rejects.toMatchObject({ code: 'ERR_INPUT_INVALID', field: 'nonces' })
    }
  })

  it('are not asked for where they need not rise', async () => {
    const nonces: Nonces = { next: () => expect.unreachable() }
    const signer = createSigner({ scheme: hmacV1({ audience: 'a' }), ...credentials, nonces })
    await expect(signer.sign({ method: 'GET', target: '/' })).resolves.toBeDefined()
  })

  it('fail with the host, and the next ones are asked for again', async () => {
    let calls = 0
    const nonces: Nonces = { next: async (_, atLeast) => (++calls === 1 ? Promise.reject(new Error('down')) : atLeast) }
    const signer = createSigner({ scheme, ...credentials, clock, nonces })
    await expect(signer.sign(request)).rejects.toThrow('down')
    await expect(signer.sign(request)).resolves.toBeDefined()
  })
})

describe('Requests in turn', () => {
  /** Answers after the time that the path names, ms. */
  const slow = (order: string[]) => async (url: string) => {
    const path = new URL(url).pathname.slice(1)
    order.push(`sent ${path}`)
    await new Promise(resolve => setTimeout(resolve, Number(path)))
    order.push(`answered ${path}`)
    if (path === '1') throw new TypeError('broken')
    return new Response()
  }
  const options = { signer: createSigner({ scheme, ...credentials }), baseUrl: 'https://api.example.com' }
  const post = { method: 'POST' }

  it('wait for the one before, whatever becomes of it', async () => {
    const order: string[] = []
    const send = inTurn(createSignedFetch({ ...options, fetch: slow(order) }))
    const all = await Promise.allSettled([send('/30', post), send('/1', post), send('/5', post)])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(order).toEqual(['sent 30', 'answered 30', 'sent 1', 'answered 1', 'sent 5', 'answered 5'])
  })

  it('would else overtake each other', async () => {
    const order: string[] = []
    const send = createSignedFetch({ ...options, fetch: slow(order) })
    await Promise.all([send('/30', post), send('/5', post)])
    expect(order.at(-1)).toBe('answered 30')
  })
})

const PROCESSES = 4
const EACH = 60
// Below node_modules, so that the workers find the drivers.
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/keylattice/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'keylattice-nonces-'))
const redisUrl = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'
const { hostname, port } = new URL(redisUrl)
const absentRedis: Absent = await absentService('Redis', Number(port || 6379), hostname)

describe('Several processes that sign with one key', () => {
  const pid = `${process.pid}-${Math.random().toString(36).slice(2)}`
  const worker = join(CACHE, `nonce-worker.${pid}.mjs`)
  const shared = join(CACHE, `nonces.${pid}.mjs`)

  /** Bundles a module as a process of its own can run it. */
  async function bundle(file: string, outfile: string): Promise<string> {
    mkdirSync(CACHE, { recursive: true })
    const alias = { '#hash': 'hash.node', '#mac': 'mac.node', '#key-pairs': 'key-pairs.node' }
    const inSource = (name: string) => fileURLToPath(new URL(`../../src/crypto/${name}.ts`, import.meta.url))
    await build({
      entryPoints: [file],
      outfile,
      alias: Object.fromEntries(Object.entries(alias).map(([name, path]) => [name, inSource(path)])),
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'error',
    })
    return pathToFileURL(outfile).href
  }

  beforeAll(() => bundle(fileURLToPath(new URL('nonce-worker.ts', import.meta.url)), worker))
  afterAll(() => {
    rmSync(folder, { recursive: true })
    for (const file of [worker, shared]) rmSync(file, { force: true })
  })

  async function sendFromAll(module: string, from: string) {
    const house = await startHouse({ scheme, credentials, now: clock })
    const children: ChildProcess[] = []
    try {
      const readers = Array.from({ length: PROCESSES }, () => {
        const child = spawn(process.execPath, [worker, module, from, house.origin, String(EACH)], {
          stdio: ['pipe', 'pipe', 'inherit'],
        })
        children.push(child)
        return createInterface(child.stdout!)[Symbol.asyncIterator]()
      })
      for (const reader of readers) expect((await reader.next()).value).toBe('ready')
      for (const child of children) child.stdin!.write('go\n')
      const statuses = await Promise.all(readers.map(async reader => JSON.parse((await reader.next()).value as string)))
      const nonces = house.log.map(({ request: signed }) => nonceOf(signed))
      return { statuses: statuses.flat() as number[], nonces, verdicts: house.log.map(({ verdict }) => verdict) }
    } finally {
      for (const child of children) child.kill()
      await house.close()
    }
  }

  it('are accepted with the counter in a file that the guide shows', async () => {
    const module = await bundle(fileFromGuide('createNonces'), shared)
    const { statuses, nonces, verdicts } = await sendFromAll(module, join(folder, 'nonces.db'))
    expect(statuses).toHaveLength(PROCESSES * EACH)
    expect(new Set(verdicts)).toEqual(new Set(['accepted']))
    expect(new Set(nonces).size).toBe(PROCESSES * EACH)
    // Without a gap: each was reserved once, and used.
    const sorted = nonces.toSorted((a, b) => (a < b ? -1 : 1))
    expect(sorted.at(-1)! - sorted[0]!).toBe(BigInt(PROCESSES * EACH - 1))
  })

  it('are refused as replays without one', async () => {
    const { verdicts } = await sendFromAll('', '')
    expect(verdicts.filter(verdict => verdict === 'replayed').length).toBeGreaterThanOrEqual((PROCESSES - 1) * EACH)
  })

  describeUnless(absentRedis, 'with Redis', () => {
    it('are accepted with the counter in Redis that the guide shows', async () => {
      const client = await createClient({ url: redisUrl }).connect()
      await client.del('nonce:key')
      const module = await bundle(fileFromGuide('createRedisNonces'), shared)
      const { nonces, verdicts } = await sendFromAll(module, redisUrl)
      await client.del('nonce:key')
      client.destroy()
      expect(new Set(verdicts)).toEqual(new Set(['accepted']))
      expect(new Set(nonces).size).toBe(PROCESSES * EACH)
    })
  })
})
