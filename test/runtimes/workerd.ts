/** A worker in the runtime that Cloudflare's workers have. */

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { listenTo, type Running } from './processes.js'
import type { Report } from './task.js'

interface Listening {
  readonly event: string
  readonly port?: number
}

/**
 * Serves a bundled worker on loopback. Its reports come from the runtime itself, which says where it listens.
 *
 * @param compatibilityDate `YYYY-MM-DD`: the behaviour of that day, without any of Node's modules
 */
export function startWorker(binary: string, bundle: string, compatibilityDate: string): Running {
  const config = join(dirname(bundle), 'workerd.capnp')
  writeFileSync(config, configOf(basename(bundle), compatibilityDate))
  const args = ['serve', config, '--socket-addr=http=127.0.0.1:0', '--control-fd=1']
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  return listenTo(child, line => {
    const { event, port } = line.startsWith('{') ? (JSON.parse(line) as Listening) : { event: '' }
    return event === 'listen' ? serversAt(port) : undefined
  })
}

/** One socket; which way the house is reached goes by the name it is called by. */
function serversAt(port: number | undefined): Report {
  return { servers: { fetch: `http://127.0.0.1:${port}`, node: `http://localhost:${port}` } }
}

function configOf(bundle: string, compatibilityDate: string): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "loopback", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [
    (name = "main.js", esModule = "import { fetch } from './worker.js'; export default { fetch }"),
    (name = "worker.js", esModule = embed "${bundle}"),
  ],
  compatibilityDate = "${compatibilityDate}",
  globalOutbound = "loopback",
);
`
}
