import { expectInteger, readOptions } from '../options.js'
import { baseOf, urlBelow } from './base-url.js'
import { prepare, type SignedRequestInit } from './outgoing.js'
import { type ReadRefusal, type Refusal, readProblem, type Sent } from './refusal.js'
import { type Signer, targetOf } from './signer.js'
import type { Streams } from './streams.js'
import { type Progress, withTimeout } from './timeout.js'

/** What is known of the answer that is looked at. */
export interface Answered {
  readonly signer: Signer
  readonly refusals: ReadRefusal
  readonly sent: Sent
}

export interface SignedFetchOptions {
  readonly signer: Signer
  /** Where URLs start: the origin, and the path if any, below which everything lies that is sent a signature. */
  readonly baseUrl: string | URL
  /** Default: the platform's. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /**
   * How long a call may take until its answer begins, ms: signing, sending, and sending once more. Default: as long as
   * the platform lets it.
   */
  readonly timeoutMs?: number
  /** How the server words its refusals: `refusalsOf(okxAnswer)`. Default: as servers of this library do. */
  readonly refusals?: ReadRefusal
  /** Looks at every answer before it is returned; `expectOk` throws what is a failure. */
  readonly check?: (response: Response, answered: Answered) => Response | Promise<Response>
  /** What signs bodies that are streamed, where its scheme is the signer's. */
  readonly streams?: Streams
}

/** Like `fetch`, except that by default it returns a redirect instead of following it. */
export type SignedFetch = (input: string | URL | Request, init?: SignedRequestInit) => Promise<Response>

const WHERE = 'createSignedFetch'
const OPTIONAL = ['fetch', 'timeoutMs', 'refusals', 'check', 'streams'] as const
/** The longest that a timer can be set for. */
const TIMEOUT = { min: 1, max: 2 ** 31 - 1 }

/**
 * Builds a `fetch` that signs. It sends exactly the bytes and the content type it signed. When the server refuses the
 * timestamp, the signer's clock is corrected by the server's and the request sent once more, signed anew: nothing was
 * carried out then. Any other answer, of whatever status, is returned as it is.
 *
 * What it returns rejects with `KeyError` `ERR_INPUT_INVALID`, field `url` or `body`; with `RequestError`
 * `ERR_REQUEST_TIMEOUT`; as `signer.sign`, as `fetch`.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function createSignedFetch(options: SignedFetchOptions): SignedFetch {
  const given = readOptions(WHERE, options, { required: ['signer', 'baseUrl'], optional: OPTIONAL })
  const { fetch = globalThis.fetch, timeoutMs } = given
  if (timeoutMs !== undefined) expectInteger(WHERE, ['timeoutMs', timeoutMs], TIMEOUT)
  const settings = { ...given, fetch, base: baseOf(given.baseUrl) }
  return (input, init = {}) => {
    const own = init.signal ?? (input instanceof Request ? input.signal : undefined)
    if (timeoutMs === undefined) return exchange(settings, [input, init], { signal: own })
    return withTimeout(timeoutMs, own, progress => exchange(settings, [input, init], progress))
  }
}

interface Settings extends SignedFetchOptions {
  readonly base: URL
  readonly fetch: NonNullable<SignedFetchOptions['fetch']>
}

/** Signs and sends; and once more where the server's clock turns out to be another. */
async function exchange(
  settings: Settings,
  [input, init]: readonly [input: string | URL | Request, init: SignedRequestInit],
  progress: Progress,
): Promise<Response> {
  const { signer, base, fetch, refusals = readProblem, check } = settings
  const { scheme, clockOffset } = signer
  const { signal } = progress
  const isRequest = input instanceof Request
  const url = urlBelow(base, isRequest ? input.url : input)
  const { open, ...unsigned } = await prepare(isRequest ? input : url, init, settings)
  for (let attempt = 1; ; attempt++) {
    const request = await signer.sign({ ...unsigned, target: targetOf(url) })
    signal?.throwIfAborted()
    const { method, target, headers } = request
    const sending = { redirect: 'manual', ...init, method, headers, body: open(request.body), duplex: 'half', signal }
    const settle = clockOffset.measure()
    const departure = performance.now()
    progress.isSent = true
    const response = await fetch(url.origin + target, sending as RequestInit)
    const sent = { scheme, request, elapsedMs: performance.now() - departure }
    const serverTime = attempt === 1 ? timeOfRefusal(await refusals(response, sent)) : undefined
    if (serverTime === undefined) return check ? check(response, { signer, refusals, sent }) : response
    progress.isSent = false
    clockOffset.reset()
    settle(serverTime)
    response.body?.cancel().catch(() => undefined)
  }
}

/** The server's time, if this is a refusal of the timestamp and nothing else, and says it. */
function timeOfRefusal(refusal: Refusal | undefined): number | undefined {
  return refusal?.denials.join() === 'timestamp_outside_window' ? refusal.serverTime : undefined
}
