import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hashes } from '#hash'
import { encodeUtf8 } from '../../src/bytes.js'
import type { WireRequest } from '../../src/http/request.js'
import { isMalformed, type Scheme } from '../../src/scheme.js'

/** What the server makes of a request; `accepted` is answered with 200. */
export type Verdict =
  | 'accepted'
  | 'missing_credentials'
  | 'malformed_credentials'
  | 'invalid_credentials'
  | 'timestamp_outside_window'

export interface SchemeServer {
  readonly origin: string
  /** Every request so far, as it was on the wire, and what was made of it. */
  readonly log: readonly { readonly request: WireRequest; readonly verdict: Verdict }[]
  close(): Promise<void>
}

export interface SchemeServerOptions {
  readonly scheme: Scheme
  readonly keyId: string
  readonly secret: string
  /** The server's clock, epoch ms; without it, time is not judged. */
  readonly now?: () => number
  /** Whether a refused timestamp is answered with the server's time. */
  readonly tellsTime?: boolean
}

/** A server that judges what arrives at its socket by the scheme alone. */
export async function startSchemeServer(options: SchemeServerOptions): Promise<SchemeServer> {
  const log: { request: WireRequest; verdict: Verdict }[] = []
  const server = createServer((incoming, outgoing) => {
    void toWire(incoming).then(request => {
      const verdict = judge(options, request)
      log.push({ request, verdict })
      if (request.target.startsWith('/redirect')) {
        outgoing.writeHead(307, { location: 'http://127.0.0.1:1/stolen' }).end()
        return
      }
      const serverTime = options.tellsTime === false ? undefined : options.now?.()
      const date = options.now === undefined ? {} : { date: new Date(options.now()).toUTCString() }
      outgoing.writeHead(verdict === 'accepted' ? 200 : 401, { ...date, 'content-type': 'application/problem+json' })
      outgoing.end(JSON.stringify({ code: verdict, serverTime }))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}

async function toWire(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array)
  const headers = Object.fromEntries(Object.entries(incoming.headersDistinct))
  return { method: incoming.method!, target: incoming.url!, headers, body: new Uint8Array(Buffer.concat(chunks)) }
}

function judge({ scheme, keyId, secret, now }: SchemeServerOptions, request: WireRequest): Verdict {
  const claim = scheme.read(request)
  if (claim === undefined) return 'missing_credentials'
  if (isMalformed(claim)) return 'malformed_credentials'
  if (now !== undefined && Math.abs(now() - claim.timestampMs) > 30_000) return 'timestamp_outside_window'
  const { proof } = scheme
  const proven =
    proof.kind === 'mac' &&
    hashes[proof.hash].mac(encodeUtf8(secret)).matches(scheme.stringToSign(request, claim), claim.tag)
  return proven && claim.keyId === keyId ? 'accepted' : 'invalid_credentials'
}
