import { WIRE_DETAILS, type WireCode } from '../denials.js'
import { RequestError, type RequestErrorDetail } from '../errors.js'
import type { Answered } from './fetch.js'
import { readProblem } from './refusal.js'

/** What to do about a refusal. Those that are not here are told by what they mean. */
const ADVICE: Readonly<Partial<Record<WireCode, string>>> = {
  missing_credentials:
    'the server found no credentials: it speaks another scheme, or something on the way dropped them',
  malformed_credentials: 'a credential is not in its exact format: look at the key id and the options of the scheme',
  recv_window_too_large: 'the receive window is larger than the server allows: lower recvWindowMs',
  invalid_credentials:
    'the key id, the secret, the passphrase or an option of the scheme is wrong, or the request was changed on its way',
  key_inactive: 'the key cannot be used at present: it is pending, suspended or not yet valid; ask whoever issued it',
  key_revoked: 'the key was revoked: use another',
  key_expired: 'the key has expired: have it renewed, or use another',
  ip_not_allowed: 'the key may not be used from this address: have the address added to its allowlist',
  address_not_allowed: 'the key may not withdraw to this address: have the address approved first',
  account_not_allowed: 'the key may not act for this account',
  permission_denied: 'the key may not do this: it lacks the permission',
  replayed:
    'this request was accepted before, and that may have been a moment ago; where several processes have the key, give createSigner nonces',
}

const UNAVAILABLE = 'unavailable'
const MAX_WORDS = 200
/** Whatever may be a key, a signature, a token or a digest. */
const OPAQUE = /[\w+/=.~%-]{32,}|(?=[\w+/=~%-]*\d)[\w+/=~%-]{20,}/g

/**
 * Hands back an answer that is a success, of status 200 to 299 and without a refusal in it. Anything else is thrown, with
 * a sentence on what to do. As `check` of `createSignedFetch` it knows how the house words its refusals, and which clock
 * the request was signed by.
 *
 * The promise rejects with `RequestError`: `ERR_REQUEST_REFUSED` for a refusal, `ERR_REQUEST_FAILED` for any other
 * failure. Nothing of the request is in it, and of the server's words nothing that could be a secret or a signature.
 */
export async function expectOk(response: Response, answered?: Partial<Answered>): Promise<Response> {
  const { refusals = readProblem, sent, signer } = answered ?? {}
  const refusal = await refusals(response, sent)
  if (response.ok && refusal === undefined) return response
  response.body?.cancel().catch(() => undefined)
  const { serverTime, serverCode, detail: words } = refusal ?? {}
  const denials = (refusal?.denials ?? []).filter(isWireCode)
  const local = signer ? signer.clockOffset.now() - signer.clockOffset.offsetMs : Date.now()
  const wait = Number(response.headers.get('retry-after') || Number.NaN) * 1000
  const detail: RequestErrorDetail = {
    mayHaveExecuted: denials.length > 0 ? denials.includes('replayed') : serverCode !== UNAVAILABLE,
    status: response.status,
    denials,
    ...(serverCode !== undefined && { serverCode: withoutSecrets(serverCode) }),
    ...(words !== undefined && { detail: withoutSecrets(words) }),
    ...(serverTime !== undefined && { serverTime, clockOffsetMs: Math.round(serverTime - local) }),
    ...(wait >= 0 && { retryAfterMs: wait }),
  }
  const code = denials.length > 0 ? 'ERR_REQUEST_REFUSED' : 'ERR_REQUEST_FAILED'
  throw new RequestError(code, messageOf(detail), detail)
}

function messageOf({
  status,
  denials = [],
  serverCode,
  detail,
  clockOffsetMs,
  mayHaveExecuted,
}: RequestErrorDetail): string {
  const [denial] = denials
  const said = [status, serverCode ?? denial].filter(part => part !== undefined).join(' ')
  if (denial === undefined) {
    const outcome = mayHaveExecuted ? 'it may have been executed' : 'nothing was executed; send it again'
    return `the request failed: ${said}; ${detail === undefined ? outcome : `${detail} (${outcome})`}`
  }
  const why = denials.length > 1 ? `it is one of ${denials.join(', ')}` : reasonOf(denial, clockOffsetMs)
  return `the request was refused: ${said}; ${why}`
}

function reasonOf(denial: WireCode, clockOffsetMs: number | undefined): string {
  if (denial !== 'timestamp_outside_window' || clockOffsetMs === undefined)
    return ADVICE[denial] ?? WIRE_DETAILS[denial]
  const seconds = Math.abs(clockOffsetMs) / 1000
  if (seconds < 1) return 'the clock is right, so the request was too long on its way: raise recvWindowMs'
  const side = clockOffsetMs > 0 ? 'behind' : 'ahead of'
  return `the clock is ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s ${side} the server's`
}

function isWireCode(code: string): code is WireCode {
  return Object.hasOwn(WIRE_DETAILS, code)
}

function withoutSecrets(text: string): string {
  const plain = text.slice(0, 10 * MAX_WORDS).replace(/[\p{Cc}\p{Cs}\p{Cf}]+/gu, ' ')
  return plain.replace(OPAQUE, '…').slice(0, MAX_WORDS)
}
