/** A real nginx in front of the example programs, with a configuration of its own, without privileges. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Absent } from '../skips.js'
import { stop } from './framework-program.js'

/** Debian puts it where users who are not root do not look. */
const PROGRAM = ['nginx', '/usr/sbin/nginx'].find(name => spawnSync(name, ['-v']).status === 0)
/** `nobody`; used only by root, who could not test what an ordinary user meets. */
const NOBODY = 65_534

/**
 * Whether there is no nginx, or no address to call it from but its own: Linux has all of 127.0.0.0/8. With
 * `KEYLATTICE_REQUIRE_SERVICES=1` there has to be one.
 *
 * @throws {Error} when it must be there and is not
 */
export function absentNginx(): Absent {
  if (PROGRAM !== undefined && process.platform === 'linux') return undefined
  const absent = PROGRAM === undefined ? 'no nginx on this machine' : `no second address on ${process.platform}`
  if (process.env['KEYLATTICE_REQUIRE_SERVICES'] === '1') throw new Error(`${absent}, and the run requires one`)
  return absent
}

export interface Nginx {
  /** One for each server behind it, in the same order. */
  readonly addresses: readonly string[]
  stop(): Promise<void>
}

/**
 * In front of each server: `/api/…` goes on as `/…`, everything else unchanged, and who called is added to
 * `X-Forwarded-For`.
 */
export async function startNginx(servers: readonly string[]): Promise<Nginx> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'keylattice-nginx-')))
  chmodSync(folder, 0o755)
  const ports = await Promise.all(servers.map(freePort))
  const config = join(folder, 'nginx.conf')
  writeFileSync(
    config,
    configuration(
      folder,
      servers.map((server, at) => serverBlock(ports[at] as number, server)),
    ),
  )
  const isRoot = process.getuid?.() === 0
  if (isRoot) chownSync(folder, NOBODY, NOBODY)
  const child = spawn(PROGRAM ?? 'nginx', ['-e', 'stderr', '-p', folder, '-c', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  })
  let stderr = ''
  child.stderr.on('data', chunk => (stderr += chunk))
  const remove = async () => {
    await stop(child)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await Promise.all(ports.map(port => listening(port, child)))
  } catch (error) {
    await remove()
    throw new Error(`nginx did not start: ${stderr}`, { cause: error })
  }
  return { addresses: ports.map(port => `http://127.0.0.1:${port}`), stop: remove }
}

function configuration(folder: string, blocks: readonly string[]): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
    daemon off;
    worker_processes 1;
    pid ${folder}/nginx.pid;
    error_log stderr warn;
    events {}
    http {
      access_log off;
      client_max_body_size 64m;
      ${kinds.map(kind => `${kind}_temp_path ${folder}/${kind};`).join('\n      ')}
      proxy_http_version 1.1;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      ${blocks.join('\n')}
    }`
}

function serverBlock(port: number, server: string): string {
  return `
      server {
        listen 127.0.0.1:${port};
        location /api/ { proxy_pass ${server}/; }
        location / { proxy_pass ${server}; }
      }`
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const until = Date.now() + 30_000
  while (child.exitCode === null && Date.now() < until) {
    if (await answers(port)) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`nothing listens on port ${port}`)
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}
