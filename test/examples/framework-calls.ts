/** Calls the example programs over HTTP as a signing client would, and as one that misbehaves. */

import { type IncomingHttpHeaders, request } from 'node:http'
import { createSigner, type SignedRequest, type Signer } from '../../src/client/index.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import type { Credentials } from './framework-program.js'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** What the JSON says; an empty object where there is none. */
  readonly json: Readonly<Record<string, unknown>>
}

export interface Sending {
  /** The address of this machine to call from. */
  readonly from?: string
  /** Sends the body in chunks of this many bytes, without its length. */
  readonly chunkBytes?: number
  /** Header fields that are sent besides those of the signature. */
  readonly headers?: Readonly<Record<string, string>>
}

export function signerOf({ keyId, secret }: Credentials): Signer {
  return createSigner({ scheme: hmacV1({ audience: 'api.example.com' }), keyId, secret })
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** An order whose text no parser would write in the same way again. */
export const ORDER = '{ "side": "buy",  "amount": 1.50 }'

export function signGet(signer: Signer, target: string): Promise<SignedRequest> {
  return signer.sign({ method: 'GET', target })
}

export function signOrder(signer: Signer, { target = '/v1/orders', body = ORDER } = {}): Promise<SignedRequest> {
  return signer.sign({ method: 'POST', target, headers: JSON_TYPE, body })
}

/** An order of at least this many bytes. */
export function orderOfBytes(size: number): string {
  return `{ "side": "buy",  "amount": 1.50, "note": "${'n'.repeat(size)}" }`
}

/** Resolves with the answer also when the server closes while there is more to send. */
export function send(address: string, signed: SignedRequest, sending: Sending = {}): Promise<Answer> {
  const { method, target, body } = signed
  const { hostname, port } = new URL(address)
  const { from, chunkBytes, headers = {} } = sending
  const length = chunkBytes === undefined && body.length > 0 ? { 'content-length': String(body.length) } : {}
  return new Promise((resolve, reject) => {
    let answered = false
    const outgoing = request(
      {
        ...{ hostname, port, method, path: target, agent: false },
        headers: { ...signed.headers, ...length, ...headers },
        ...(from !== undefined && { localAddress: from }),
      },
      incoming => {
        answered = true
        let text = ''
        incoming.setEncoding('utf8')
        incoming.on('data', chunk => (text += chunk))
        const settle = () => {
          outgoing.destroy()
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, json: jsonOf(text) })
        }
        incoming.once('end', settle)
        incoming.once('error', settle)
      },
    )
    // A server that has refused stops reading: what comes of the rest is no news.
    outgoing.on('error', error => (answered ? undefined : reject(error)))
    for (const chunk of chunksOf(body, chunkBytes)) outgoing.write(chunk)
    outgoing.end()
  })
}

function chunksOf(body: Uint8Array, size = body.length): readonly Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < body.length; at += size) chunks.push(body.subarray(at, at + size))
  return chunks
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
