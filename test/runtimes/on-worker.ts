/**
 * The suite as a worker: `POST /suite` runs it, anything else is for the house, which `localhost` reaches by
 * `node:http` and any other host by the worker's own way.
 */

import { protect } from '../../src/middleware/fetch.js'
import { protect as protectNode } from '../../src/middleware/node.js'
import { createHouse } from './house.js'
import { builtin, noRequire, sqliteDrivers } from './suite/absent.js'
import { runSuite } from './suite.js'

type Judge = (request: Request) => Promise<Response>

type Http = typeof import('node:http')

/** What workers have to be called by `node:http`. */
interface Bridge {
  httpServerHandler(options: { port: number }): { readonly fetch: Judge }
}

/** Any number: nothing listens, it only connects the two halves. */
const PORT = 8080

function build(): Judge {
  const { options, answer } = createHouse()
  return protect(options, async (_request, access) => new Response(await answer(access)))
}

async function buildOnNode(): Promise<Judge> {
  const { createServer } = (await builtin('node:http')) as unknown as Http
  const { httpServerHandler } = (await builtin('cloudflare:node')) as unknown as Bridge
  const { options, answer } = createHouse()
  const judge = protectNode(options, async (_req, res, access) => void res.end(await answer(access)))
  const server = createServer((req, res) => void judge(req, res))
  server.listen(PORT)
  return httpServerHandler({ port: PORT }).fetch
}

let house: Judge | undefined
let houseOnNode: Judge | undefined

/** What the runtime calls; the module that it loads hands it on. */
export async function fetch(request: Request, ...context: readonly unknown[]): Promise<Response> {
  const { pathname, hostname } = new URL(request.url)
  if (hostname === 'localhost') {
    houseOnNode ??= await buildOnNode()
    return Reflect.apply(houseOnNode, undefined, [request, ...context])
  }
  house ??= build()
  if (pathname !== '/suite') return house(request)
  const { nodeServer } = (await request.json()) as { nodeServer: string }
  return Response.json({ outcomes: await runSuite({ nodeServer, sqlite: await sqliteDrivers() }, [noRequire]) })
}
