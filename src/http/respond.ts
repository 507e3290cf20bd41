import { DENIALS, type DenialCode, WIRE_DETAILS } from '../denials.js'

/** An answer to a refused request, for any framework. */
export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly body: string
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  413: 'Content Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/**
 * The answer to a denial, as problem details. It tells the wire code and no more; `serverTime` (epoch ms) comes with
 * every refused credential, so that a client can set its clock right.
 *
 * @param at server time of the decision, epoch ms
 * @source RFC 9457 (problem details), RFC 9110 section 11.6.1 (401 carries WWW-Authenticate)
 */
export function problemOf(denial: DenialCode, at: number): Problem {
  const { status, wire } = DENIALS[denial]
  const challenge: Record<string, string> = status === 401 ? { 'www-authenticate': `API-Key error="${wire}"` } : {}
  return problem(status, { code: wire, detail: WIRE_DETAILS[wire], serverTime: at }, challenge)
}

/** The answer when the request could not be judged: nothing was done, and it may be tried again. */
export function unavailableProblem(): Problem {
  const detail = 'The request could not be judged and was not executed.'
  return problem(503, { code: 'unavailable', detail }, { 'retry-after': '1' })
}

/** The answer when the host made a mistake. */
export function defectProblem(): Problem {
  return problem(500, { code: 'internal_error', detail: 'The request was not executed.' }, {})
}

/** The answer when an operation failed after its request was let through. */
export function failedProblem(): Problem {
  return problem(500, { code: 'internal_error', detail: 'The operation failed; it may have been executed.' }, {})
}

function problem(status: number, members: Record<string, unknown>, headers: Record<string, string>): Problem {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify({ title: TITLES[status], status, ...members }),
  }
}
