import { KeyError } from '../errors.js'
import { readOptions } from '../options.js'
import { isInstant } from '../time.js'
import { type Signer, targetOf } from './signer.js'

export interface SignedFetchOptions {
  readonly signer: Signer
  /** Where relative URLs start, and the one origin that is ever sent a signature. */
  readonly baseUrl: string | URL
  /** Default: the platform's. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
}

/** Like `fetch`, except that it takes no `Request` and by default returns a redirect instead of following it. */
export type SignedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** A `Date` header says the second that has begun; half a second is its mean error. */
const HALF_SECOND_MS = 500

/**
 * Builds a `fetch` that signs. It sends exactly the bytes and the content type it signed. When the server refuses the
 * timestamp, the signer's clock is corrected by the server's and the request sent once more, signed anew: that
 * refusal comes before anything is carried out. Any other answer, of whatever status, is returned as it is.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`
 */
export function createSignedFetch(options: SignedFetchOptions): SignedFetch {
  const given = readOptions('createSignedFetch', options, { required: ['signer', 'baseUrl'], optional: ['fetch'] })
  const { signer, fetch: send = globalThis.fetch } = given
  const base = new URL(given.baseUrl)
  return async (input, init) => {
    const url = new URL(input, base)
    if (url.origin !== base.origin) {
      throw new KeyError('ERR_INPUT_INVALID', "the URL must have the origin of 'baseUrl'", { field: 'url' })
    }
    // Platforms differ in whether they send an empty query's '?'.
    url.search ||= ''
    // `Request` decides about method, content type and body exactly as `fetch` will.
    const request = new Request(url, init)
    const unsigned = {
      method: request.method,
      target: targetOf(url),
      headers: Object.fromEntries(request.headers),
      body: new Uint8Array(await request.arrayBuffer()),
    }
    for (let attempt = 1; ; attempt++) {
      const settle = signer.clockOffset.measure()
      const { method, target, headers, body } = signer.sign(unsigned)
      const sent = { redirect: 'manual', ...init, method, headers, body: body.length > 0 ? body : null } as RequestInit
      const response = await send(url.origin + target, sent)
      const serverTime = attempt === 1 ? await timeOfRefusal(response) : undefined
      if (serverTime === undefined) return response
      signer.clockOffset.reset()
      settle(serverTime)
      await response.body?.cancel()
    }
  }
}

/** The server's time, if this is a refusal of the timestamp and says it. */
async function timeOfRefusal(response: Response): Promise<number | undefined> {
  if (response.status !== 401) return undefined
  const problem: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  const { code, serverTime } = Object(problem) as { code?: unknown; serverTime?: unknown }
  if (code !== 'timestamp_outside_window') return undefined
  const time = serverTime ?? Date.parse(response.headers.get('date') ?? '') + HALF_SECOND_MS
  return isInstant(time) ? time : undefined
}
