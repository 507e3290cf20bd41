import { execFile } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { Absent } from '../../skips.js'
import { isThorough } from './places.js'

const run = promisify(execFile)
const HOST = '127.0.0.1'
/** Where Debian keeps the programs of each version. */
const DEBIAN = '/usr/lib/postgresql'

/** A PostgreSQL server that is the test's own, to be stopped at will. */
export interface Cluster {
  readonly host: string
  readonly port: number
  start(): Promise<void>
  /** Ends all its processes at once, as a crash does. */
  crash(): Promise<void>
  /** Cuts every connection there is. */
  cutConnections(): Promise<void>
  remove(): Promise<void>
}

function binariesFolder(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : []
  const folders = [process.env['KEYLATTICE_POSTGRES_BIN'], ...versions.map(version => join(DEBIAN, version, 'bin'))]
  return folders.find(folder => folder !== undefined && existsSync(join(folder, 'pg_ctl')))
}

/** @throws {Error} when the run requires one and there is none */
function findAbsent(): Absent {
  if (!isThorough) return 'a PostgreSQL that fails takes part in npm run test:services only'
  if (binariesFolder() !== undefined) return undefined
  throw new Error('no PostgreSQL programs, and the run requires them; KEYLATTICE_POSTGRES_BIN may name their folder')
}

export const absentCluster: Absent = findAbsent()

/** The server refuses to run as root; then it runs as its own user. */
async function unprivileged(): Promise<{ readonly uid?: number; readonly gid?: number }> {
  if (userInfo().uid !== 0) return {}
  const idOf = async (kind: string) => Number((await run('id', [kind, 'postgres'])).stdout)
  return { uid: await idOf('-u'), gid: await idOf('-g') }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, HOST, resolve))
  const { port } = server.address() as { readonly port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

/** Makes a server with an empty database `test`, and starts it. */
export async function startCluster(): Promise<Cluster> {
  const programs = binariesFolder() ?? ''
  const user = await unprivileged()
  const folder = mkdtempSync(join(tmpdir(), 'keylattice-postgres-'))
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid ?? user.uid)
  const port = await freePort()
  const data = join(folder, 'data')
  const call = (program: string, args: readonly string[]) =>
    run(join(programs, program), args, { ...user, cwd: folder, env: { PATH: process.env['PATH'] } })
  const settings = `-c listen_addresses=${HOST} -c port=${port} -c unix_socket_directories= -c max_connections=50`
  const start = async () => {
    await call('pg_ctl', ['start', '-w', '-D', data, '-l', join(folder, 'log'), '-o', settings])
  }
  const admin = async (sql: string) => {
    const client = new pg.Client({ host: HOST, port, user: 'postgres', database: 'postgres' })
    await client.connect()
    await client.query(sql)
    await client.end()
  }

  await call('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'])
  await start()
  await admin('CREATE DATABASE test')
  return {
    host: HOST,
    port,
    start,
    crash: async () => void (await call('pg_ctl', ['stop', '-w', '-m', 'immediate', '-D', data])),
    cutConnections: () => admin('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()'),
    async remove() {
      await call('pg_ctl', ['stop', '-w', '-m', 'immediate', '-D', data]).catch(() => {})
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
