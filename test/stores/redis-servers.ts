/** Redis for tests: the one that listens here, or servers started from the local binary and killed afterwards. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket, connect as tcpConnect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import type { IoredisClient, NodeRedisClient } from '../../src/stores/redis.js'
import { type Absent, absentService } from '../skips.js'

const url = new URL(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379')

/** The Redis that serves this machine. */
export const SHARED: { readonly host: string; readonly port: number } = {
  host: url.hostname,
  port: Number(url.port || 6379),
}

export const absentRedis = (): Promise<Absent> => absentService('Redis', SHARED.port, SHARED.host)

/** Servers of a test's own are started where services are required, since that takes seconds. */
export function absentBinary(): Absent {
  if (process.env['KEYLATTICE_REQUIRE_SERVICES'] !== '1') return 'servers of its own are started by test:services only'
  if (spawnSync('redis-server', ['--version']).status === 0) return undefined
  throw new Error('no redis-server to start, and the run requires one')
}

/** A prefix nobody else uses. */
export const freshPrefix = (): string => `kltest:${randomBytes(8).toString('hex')}:`

export interface TestClient {
  readonly client: NodeRedisClient & IoredisClient
  close(): unknown
}

/** Connects the way each driver is used by hosts. Errors are what the tests ask about, so nobody else hears them. */
export const DRIVERS: readonly (readonly [string, (port: number, host?: string) => Promise<TestClient>])[] = [
  [
    'redis',
    async (port, host = '127.0.0.1') => {
      const client = createClient({ socket: { host, port } }).on('error', () => {})
      await client.connect()
      return testClient(client, () => client.destroy())
    },
  ],
  [
    'ioredis',
    async (port, host = '127.0.0.1') => {
      const client = new Redis({ host, port, lazyConnect: true, maxRetriesPerRequest: 3 }).on('error', () => {})
      await client.connect()
      return testClient(client, () => client.disconnect())
    },
  ],
]

/** Either client, since each test runs with both. */
export function testClient(client: NodeRedisClient | IoredisClient, close: () => unknown): TestClient {
  return { client: client as NodeRedisClient & IoredisClient, close }
}

/** Sends one command to one server, on a connection of its own. */
export async function command(port: number, ...words: readonly string[]): Promise<unknown> {
  const admin = new Redis({ port, lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false })
  admin.on('error', () => {})
  try {
    await admin.connect()
    const [name = '', ...args] = words
    return await admin.call(name, args)
  } finally {
    admin.disconnect()
  }
}

/** Deletes what a test left behind, found by its prefix. */
export async function removeKeys(prefixes: readonly string[]): Promise<void> {
  const admin = new Redis({ ...SHARED })
  for (const prefix of prefixes) {
    for await (const names of admin.scanStream({ match: `${prefix}*`, count: 1000 })) {
      if (names.length > 0) await admin.unlink(names)
    }
  }
  admin.disconnect()
}

export interface TestServer {
  readonly port: number
  readonly process: ChildProcess
  /** Ends it at once, as when a machine dies. */
  kill(): Promise<void>
}

const servers = new Set<TestServer>()
const folders: string[] = []

/** Waits until something holds, ten seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await Promise.resolve(holds()).catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`after ten seconds: ${what}`)
    await sleep(20)
  }
}

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Starts a server on a free port, in a folder of its own, with nothing written to disk unless asked for. */
export async function startRedis(...args: readonly string[]): Promise<TestServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'keylattice-redis-'))
  folders.push(folder)
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  return spawnServer(port, [...own, ...args])
}

export async function spawnServer(port: number, args: readonly string[]): Promise<TestServer> {
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()))
  const server: TestServer = {
    port,
    process: child,
    kill: () => {
      child.kill('SIGKILL')
      return gone
    },
  }
  servers.add(server)
  await until(async () => (await command(port, 'PING')) === 'PONG', 'the server answers')
  return server
}

/** Ends all servers of the file. To be called after its tests. */
export async function stopServers(): Promise<void> {
  await Promise.all([...servers].map(server => server.kill()))
  servers.clear()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** Three masters that share all slots. */
export async function startCluster(): Promise<readonly TestServer[]> {
  const nodes = await Promise.all(
    [0, 1, 2].map(async () => {
      const bus = ['--cluster-port', String(await freePort())]
      return startRedis('--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', ...bus)
    }),
  )
  const [first] = nodes
  const bus = String(await command(first!.port, 'CONFIG', 'GET', 'cluster-port')).split(',')[1] ?? ''
  for (const [i, { port }] of nodes.entries()) {
    const [from, to] = [Math.ceil((i * 16_384) / 3), Math.ceil(((i + 1) * 16_384) / 3) - 1]
    await command(port, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    if (i > 0) await command(port, 'CLUSTER', 'MEET', '127.0.0.1', String(first!.port), bus)
  }
  for (const { port } of nodes) {
    await until(async () => {
      const info = String(await command(port, 'CLUSTER', 'INFO'))
      return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')
    }, 'the cluster is formed')
  }
  return nodes
}

/** A master, a replica and a Sentinel that puts the replica in its place. */
export async function startSentinel(...masterArgs: readonly string[]) {
  const master = await startRedis(...masterArgs)
  const replica = await startRedis('--replicaof', '127.0.0.1', String(master.port), ...masterArgs)
  await until(
    async () => String(await command(replica.port, 'INFO', 'replication')).includes('link_status:up'),
    'it replicates',
  )
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'keylattice-sentinel-'))
  folders.push(folder)
  const file = join(folder, 'sentinel.conf')
  const { writeFileSync } = await import('node:fs')
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor guard 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds guard 500',
      'sentinel failover-timeout guard 3000',
    ].join('\n'),
  )
  const sentinel = await spawnServer(port, [file, '--sentinel'])
  await until(async () => {
    const info = String(await command(port, 'INFO', 'sentinel'))
    return info.includes('status=ok') && info.includes('slaves=1')
  }, 'the Sentinel knows both')
  return { master, replica, sentinel }
}

/** Stands between a client and a server, and cuts, holds or lets pass what goes through. */
export interface BreakableLine {
  readonly port: number
  /** Ends all connections; new ones are let through. */
  cut(): void
  /** From now on no answer passes; `false` = they pass again, and those held first. */
  hold(held: boolean): void
  close(): void
}

export async function startProxy(port: number, host = '127.0.0.1'): Promise<BreakableLine> {
  const sockets = new Set<Socket>()
  const answers = new Set<Socket>()
  let isHeld = false
  const server = createServer(near => {
    const far = tcpConnect({ port, host })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {}).on('close', () => other.destroy())
    }
    answers.add(far)
    if (isHeld) far.pause()
    near.on('data', data => far.write(data))
    far.on('data', data => near.write(data))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    answers.clear()
  }
  return {
    port: (server.address() as { port: number }).port,
    cut,
    hold: held => {
      isHeld = held
      for (const socket of answers) held ? socket.pause() : socket.resume()
    },
    close: () => {
      cut()
      server.close()
    },
  }
}
