import { DENIALS, WIRE_DETAILS, type WireCode } from '../denials.js'

/** A JSON Schema, in the words that OpenAPI 3.0 and 3.1 share. */
export type JsonSchema = Readonly<Record<string, unknown>>

export interface ProblemComponents {
  readonly schemas: Readonly<Record<string, JsonSchema>>
  readonly responses: Readonly<Record<string, object>>
}

/** A reference to a response, by status. */
export type ProblemResponses = Readonly<Record<string, { readonly $ref: string }>>

/** Codes of answers that are no denials, by status. */
const FAILURES = { 500: 'internal_error', 503: 'unavailable' } as const

/** What the answer of a status means, for readers. */
const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request is not in the form this server accepts.',
  401: 'The request is not proven, its key cannot be used, or it is not fresh.',
  403: 'The key may not do this.',
  413: 'The request is too large.',
  500: 'A mistake on the side of the server; `detail` says whether the operation may have been executed.',
  503: 'The request could not be judged, and was not executed. Try it again.',
}

/** What anybody can get, and what the bearer of a key can get. */
const PUBLIC_STATUSES = [400, 413, 500]
const KEYED_STATUSES = [400, 401, 403, 413, 500, 503]

/** The answers to refused requests, from the table of denials. */
export function problemComponents(): ProblemComponents {
  return {
    schemas: Object.fromEntries(KEYED_STATUSES.map(status => [nameOf(status), schemaOf(status)])),
    responses: Object.fromEntries(KEYED_STATUSES.map(status => [nameOf(status), responseOf(status)])),
  }
}

export function problemResponses(access: 'key' | 'public'): ProblemResponses {
  const statuses = access === 'key' ? KEYED_STATUSES : PUBLIC_STATUSES
  return Object.fromEntries(statuses.map(status => [status, { $ref: `#/components/responses/${nameOf(status)}` }]))
}

function nameOf(status: number): string {
  return `ApiKeyProblem${status}`
}

/** Codes of a status: what a declared route can answer, so not that it is not declared. */
function codesOf(status: number): readonly string[] {
  const denials = Object.values(DENIALS).filter(denial => denial.status === status)
  const codes = new Set<string>(denials.map(({ wire }) => wire).filter(wire => wire !== 'route_not_declared'))
  const failure = FAILURES[status as keyof typeof FAILURES]
  return failure === undefined ? [...codes] : [...codes, failure]
}

/** @source RFC 9457 section 3.1 */
function schemaOf(status: number): JsonSchema {
  const codes = codesOf(status)
  const told = codes.filter((code): code is WireCode => Object.hasOwn(WIRE_DETAILS, code))
  const meanings = told.map(code => `- \`${code}\`: ${WIRE_DETAILS[code]}`)
  const serverTime = { type: 'integer', format: 'int64', description: 'Clock of the server, epoch milliseconds.' }
  const isDenial = told.length > 0
  return {
    type: 'object',
    required: ['title', 'status', 'code', 'detail', ...(isDenial ? ['serverTime'] : [])],
    properties: {
      title: { type: 'string' },
      status: { type: 'integer', enum: [status] },
      code: { type: 'string', enum: codes, ...(isDenial ? { description: meanings.join('\n') } : {}) },
      detail: { type: 'string' },
      ...(isDenial ? { serverTime } : {}),
    },
  }
}

function responseOf(status: number): object {
  const headers: Record<number, object> = {
    401: { 'WWW-Authenticate': { description: 'API-Key, with the code.', schema: { type: 'string' } } },
    503: { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } },
  }
  const schema = { $ref: `#/components/schemas/${nameOf(status)}` }
  return {
    description: MEANINGS[status],
    ...(headers[status] && { headers: headers[status] }),
    content: { 'application/problem+json': { schema } },
  }
}
