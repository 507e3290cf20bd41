import type { DenialCode } from '../denials.js'
import type { KeyError, SealError } from '../errors.js'
import type { Principal } from '../keys/compiled-key.js'

/** A request that may proceed. */
export interface Allowed {
  readonly ok: true
  readonly principal: Principal
}

/** A request that may not. */
export interface Denied {
  readonly ok: false
  /** The exact reason, for logs; callers get its wire code (`DENIALS[denial].wire`). */
  readonly denial: DenialCode
  /** The key id the request named. Proven only where `DENIALS[denial].proven`. */
  readonly keyId: string | undefined
  /** Server time of the decision, epoch ms. */
  readonly at: number
  /** Name of the request field that failed, where one did. */
  readonly field: string | undefined
}

export type Verdict = Allowed | Denied

/** A verdict and its circumstances, for logs, metrics and the audit trail. Holds no secret and no signature. */
export interface Decision {
  readonly verdict: Verdict
  /** Id of the scheme that read the request, if one did. */
  readonly scheme: string | undefined
  readonly keyId: string | undefined
  /** Empty for the login of a session. */
  readonly method: string
  /** The request target without its query, which may hold private data. */
  readonly path: string
  readonly ip: string | undefined
  /** Epoch ms. */
  readonly at: number
  /** What made a stored key unreadable (`key_corrupt`). */
  readonly error: KeyError | SealError | undefined
}

/** A step's reason to stop: a denial, and the field it is about. */
export interface Refusal {
  readonly denial: DenialCode
  readonly field?: string
}

/** Whether a step stopped the request. */
export function isRefusal(step: object): step is Refusal {
  return 'denial' in step
}
