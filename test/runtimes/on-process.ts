/**
 * The suite as a program of its own, for the runtimes that have processes: Node, Bun and Deno. What to do comes as JSON
 * in `KEYLATTICE_TASK`; what came of it goes to the output, one marked line each.
 */

import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { protect as protectFetch } from '../../src/middleware/fetch.js'
import { protect as protectNode } from '../../src/middleware/node.js'
import { callChecks } from './calls.js'
import { createHouse } from './house.js'
import { absence, sqliteDrivers } from './suite/absent.js'
import { type Check, expect, runChecks } from './suite/check.js'
import { overNetwork, runSuite } from './suite.js'
import { MARK, type Report, type Task } from './task.js'

/** What the programs use of runtimes that Node's types do not know. */
interface Globals {
  readonly Bun?: {
    serve(options: { port: number; hostname: string; fetch(request: Request, server: BunServer): unknown }): BunServer
  }
  readonly Deno?: {
    serve(
      options: { port: number; hostname: string; onListen(address: { port: number }): void },
      handler: (request: Request, info: { remoteAddr: { hostname: string } }) => Promise<Response>,
    ): unknown
  }
}

interface BunServer {
  readonly port: number
  requestIP(request: Request): { readonly address: string } | null
}

const HOST = '127.0.0.1'
const { Bun, Deno } = globalThis as Globals

function report(what: Report): void {
  console.log(MARK + JSON.stringify(what))
}

/** The house behind `node:http`, and beside it the files of a page. */
async function serveByNode(files: Readonly<Record<string, string>>): Promise<string> {
  const { options, answer } = createHouse()
  const judge = protectNode(options, async (_req, res, access) => void res.end(await answer(access)))
  const listener = async (req: IncomingMessage, res: ServerResponse) => {
    const file = files[req.url ?? '']
    if (file === undefined) {
      await judge(req, res)
      return
    }
    const type = file.endsWith('.html') ? 'text/html' : 'text/javascript'
    res.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(readFileSync(file))
  }
  const server = createServer((req, res) => void listener(req, res))
  await new Promise<void>(resolve => server.listen(0, HOST, resolve))
  return `http://${HOST}:${(server.address() as AddressInfo).port}`
}

/** The house behind the runtime's own server, where it has one that speaks `Request`. */
async function serveByFetch(): Promise<string | undefined> {
  const { options, answer } = createHouse()
  const judge = protectFetch<[ip: string | undefined]>(
    { ...options, clientIp: (_request, ip) => ip },
    async (_request, access) => new Response(await answer(access)),
  )
  if (Bun !== undefined) {
    const fetch = (request: Request, server: BunServer) => judge(request, server.requestIP(request)?.address)
    return `http://${HOST}:${Bun.serve({ port: 0, hostname: HOST, fetch }).port}`
  }
  if (Deno === undefined) return undefined
  const { serve } = Deno
  return new Promise(resolve => {
    const onListen = ({ port }: { port: number }) => resolve(`http://${HOST}:${port}`)
    serve({ port: 0, hostname: HOST, onListen }, (request, { remoteAddr }) => judge(request, remoteAddr.hostname))
  })
}

/** Every import path, as CommonJS asks for it. Stores and middleware take their drivers as values. */
function requireCheck(specifiers: readonly string[]): Check {
  const run = () => {
    const require = createRequire(import.meta.url)
    for (const specifier of specifiers) {
      expect(Object.keys(require(specifier) as object).length > 0, `${specifier} gives something`)
    }
  }
  return { capability: 'require', name: 'every import path can be required', run }
}

async function main(task: Task): Promise<void> {
  if (task.do === 'serve') {
    report({ servers: { node: await serveByNode(task.files) } })
    return
  }
  if (task.do === 'call') {
    const { capability, origin, knowsAddress } = task
    const target = overNetwork(origin, knowsAddress)
    report({ outcomes: await runChecks(callChecks(capability, () => target)) })
    process.exit(0)
  }
  const byFetch = await serveByFetch()
  report({ servers: { node: await serveByNode({}), ...(byFetch === undefined ? {} : { fetch: byFetch }) } })
  const more: readonly Check[] = [
    ...(byFetch === undefined ? [absence('fetch', 'has no server of its own that speaks `Request`')] : []),
    ...(task.specifiers.length > 0 ? [requireCheck(task.specifiers)] : []),
  ]
  report({ outcomes: await runSuite({ nodeServer: task.nodeServer, sqlite: await sqliteDrivers() }, more) })
}

await main(JSON.parse(process.env['KEYLATTICE_TASK'] ?? '') as Task)
