import type { Scheme } from '../scheme.js'
import { isInstant } from '../time.js'
import type { SignedRequest } from './signer.js'

/** What a server said when it carried nothing out. */
export interface Refusal {
  /** Wire codes that it stands for: several where the house has one answer for them. */
  readonly denials: readonly string[]
  /** The server's own code. */
  readonly serverCode: string | undefined
  /** The server's own words, as they came: they may repeat anything that was sent. */
  readonly detail: string | undefined
  /** Epoch ms. */
  readonly serverTime: number | undefined
}

/** The request that was answered. */
export interface Sent {
  readonly scheme: Scheme
  readonly request: SignedRequest
  /** From sending it to the head of its answer, ms. */
  readonly elapsedMs: number
}

/** Reads a refusal out of an answer, whose body stays unread; `undefined` when it is none. */
export type ReadRefusal = (response: Response, sent?: Sent) => Promise<Refusal | undefined>

/** A refusal is short; nothing longer is read to the end. */
const MAX_CHARACTERS = 16_384

/** A `Date` header says the second that has begun; half a second is its mean error. */
const HALF_SECOND_MS = 500

/**
 * Reads problem details, as servers of this library answer. Costs nothing but for JSON of a status from 400 on.
 *
 * @source RFC 9457
 */
export const readProblem: ReadRefusal = async response => {
  const problem = response.status >= 400 && (await jsonOf(response))
  const { code, detail, serverTime = timeOfDate(response) } = Object(problem) as Readonly<Record<string, unknown>>
  if (typeof code !== 'string') return undefined
  return {
    denials: response.status < 500 ? [code] : [],
    serverCode: code,
    detail: typeof detail === 'string' ? detail : undefined,
    serverTime: isInstant(serverTime) ? serverTime : undefined,
  }
}

/** Server time by the `Date` header, to the second; where it is absent or hidden from a browser, none. */
export function timeOfDate({ headers }: Response): number | undefined {
  const time = Date.parse(headers.get('date') ?? '') + HALF_SECOND_MS
  return isInstant(time) ? time : undefined
}

/** The JSON of an answer that stays unread itself; `undefined` where it is anything else, too long, or breaks off. */
export async function jsonOf(response: Response): Promise<unknown> {
  if (!/json/i.test(response.headers.get('content-type') ?? '')) return undefined
  const reader = response.clone().body?.getReader()
  const decoder = new TextDecoder()
  try {
    for (let text = ''; text.length <= MAX_CHARACTERS; ) {
      const { done, value } = await reader!.read()
      if (done) return JSON.parse(text)
      text += decoder.decode(value, { stream: true })
    }
    // Not awaited: it waits until whoever reads the answer itself is done.
    reader!.cancel().catch(() => undefined)
  } catch {
    // A broken answer is no refusal; whoever reads it learns what is wrong with it.
  }
  return undefined
}
