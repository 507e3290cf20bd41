import { request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { SignedRequest } from '../client/signer.js'
import { failed } from './failures.js'

/** What a server answered. */
export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** Sends a request exactly as it was signed: the target is not parsed and put together again. */
export function send(request: SignedRequest, origin: URL, timeoutMs: number): Promise<Answer> {
  const { method, target: path, headers, body } = request
  const start = origin.protocol === 'https:' ? secureRequest : plainRequest
  return new Promise((resolve, reject) => {
    const sent = start(origin, { method, path, headers: { ...headers, 'content-length': body.length } }, answer => {
      const chunks: Uint8Array[] = []
      let length = 0
      answer.on('data', (chunk: Uint8Array) => {
        length += chunk.length
        if (length > MAX_ANSWER_BYTES) answer.destroy(new Error('the answer is too long'))
        chunks.push(chunk)
      })
      answer.on('error', error => reject(networkFailure(error)))
      answer.on('end', () => {
        const { statusCode: status = 0, statusMessage: reason = '' } = answer
        resolve({ status, reason, headers: answer.headers, body: Buffer.concat(chunks) })
      })
    })
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    sent.on('error', error => reject(networkFailure(error)))
    sent.end(body)
  })
}

function networkFailure(error: Error & { readonly code?: string }): Error {
  return failed(`the request failed: ${error.message || error.code}`, error.code)
}
