/** A real server that keeps every request as its bytes were. */

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { WireRequest } from '../../src/http/request.js'

export interface Recorder {
  readonly origin: string
  readonly requests: WireRequest[]
}

export async function startRecorder(status = 200): Promise<Recorder> {
  const requests: WireRequest[] = []
  const server = createServer(async (req, res) => {
    requests.push(await record(req))
    res.writeHead(status, { 'content-type': 'application/json' }).end('{"seen":true}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

async function record(req: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  const headers: Record<string, string | string[]> = {}
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = (req.rawHeaders[i] as string).toLowerCase()
    const value = req.rawHeaders[i + 1] as string
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  return { method: req.method ?? '', target: req.url ?? '', headers, body: new Uint8Array(Buffer.concat(chunks)) }
}
