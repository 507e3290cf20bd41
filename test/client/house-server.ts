/** A house on loopback that judges one key as a server does, and words its refusals in its own way. */

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DenialCode } from '../../src/denials.js'
import type { Answer } from '../../src/http/answer.js'
import type { WireRequest } from '../../src/http/request.js'
import { problemOf } from '../../src/http/respond.js'
import { isMalformed, type Scheme } from '../../src/scheme.js'
import { createMemoryReplayStore } from '../../src/stores/memory.js'
import { checkFreshness, createReplayGuard, type ReplayGuard } from '../../src/verify/freshness.js'
import { type Prover, proverOf } from '../laws/scheme-case.js'
import type { VectorCredentials } from '../schemes/vectors.js'

export interface House {
  readonly origin: string
  /** Every request so far, and what was made of it. */
  readonly log: readonly { readonly request: WireRequest; readonly verdict: DenialCode | 'accepted' }[]
  close(): Promise<void>
}

export interface HouseOptions {
  readonly scheme: Scheme
  readonly credentials: VectorCredentials
  /** Server time, epoch ms. Default: the system's. */
  readonly now?: () => number
  /** Default: problem details. */
  readonly answer?: Answer | undefined
}

export async function startHouse({ scheme, credentials, answer, now = Date.now }: HouseOptions): Promise<House> {
  const log: { request: WireRequest; verdict: DenialCode | 'accepted' }[] = []
  const prover = await proverOf(scheme, credentials)
  const guard = createReplayGuard(createMemoryReplayStore({ clock: now }), 0)
  const refuse = answer ?? (({ denial, at }) => problemOf(denial, at))
  const server = createServer((incoming, outgoing) => {
    void toWire(incoming).then(async request => {
      const verdict = await judge({ scheme, prover, guard, now: now() }, request)
      log.push({ request, verdict })
      outgoing.setHeader('date', new Date(now()).toUTCString())
      if (verdict === 'accepted')
        return outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
      const { status, headers, body } = refuse({ denial: verdict, at: now() })
      return outgoing.writeHead(status, headers).end(body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function toWire(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array)
  const headers = Object.fromEntries(Object.entries(incoming.headersDistinct))
  return { method: incoming.method!, target: incoming.url!, headers, body: new Uint8Array(Buffer.concat(chunks)) }
}

interface Judge {
  readonly scheme: Scheme
  readonly prover: Prover
  readonly guard: ReplayGuard
  readonly now: number
}

async function judge({ scheme, prover, guard, now }: Judge, request: WireRequest): Promise<DenialCode | 'accepted'> {
  const claim = scheme.read(request)
  if (claim === undefined) return 'missing_credentials'
  if (isMalformed(claim)) return 'malformed_credentials'
  const stale = checkFreshness(scheme.freshness, claim, now)
  if (stale !== undefined) return stale.denial
  if (!(await prover.proves(scheme.stringToSign(request, claim), claim))) return 'wrong_signature'
  return (await guard(scheme.freshness, claim, request.method)) ? 'accepted' : 'replayed'
}
