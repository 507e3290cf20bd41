/**
 * Exceptions mean a defect or an outage; a refused request is data (see `denials.ts`).
 * Messages name the option or field that failed and say what was expected. They never contain its value.
 */

import type { WireCode } from './denials.js'

export type ConfigErrorCode =
  | 'ERR_OPTION_UNKNOWN'
  | 'ERR_OPTION_MISSING'
  | 'ERR_OPTION_INVALID'
  | 'ERR_PERMISSION_INVALID'
  | 'ERR_PERMISSION_CYCLE'
  | 'ERR_PERMISSION_FOREIGN'
  | 'ERR_SCHEME_UNCOVERED'
  | 'ERR_PLATFORM'

export type KeyErrorCode =
  | 'ERR_INPUT_INVALID'
  | 'ERR_PERMISSION_UNKNOWN'
  | 'ERR_PERMISSION_EXCLUDED'
  | 'ERR_CEILING_EXCEEDED'
  | 'ERR_POLICY_VIOLATED'
  | 'ERR_KEY_LIMIT'
  | 'ERR_KEY_NOT_FOUND'
  | 'ERR_KEY_CONFLICT'
  | 'ERR_KEY_STATE'
  | 'ERR_KEY_CORRUPT'
  | 'ERR_SECRET_REVEALED'
  | 'ERR_OPERATION_FORBIDDEN'
  | 'ERR_SECOND_FACTOR_REQUIRED'
  | 'ERR_SECOND_FACTOR_REFUSED'
  | 'ERR_SECOND_FACTOR_LOCKED'
  | 'ERR_CONFIRMATION_REQUIRED'
  | 'ERR_CONFIRMATION_INVALID'
  | 'ERR_TERMS_REQUIRED'
  | 'ERR_OWNER_NOT_ELIGIBLE'

export type StoreErrorCode = 'ERR_STORE_UNAVAILABLE' | 'ERR_STORE_SCHEMA' | 'ERR_STORE_CORRUPT'

export type SealErrorCode = 'ERR_SEAL_KEY_UNKNOWN' | 'ERR_SEAL_MALFORMED' | 'ERR_SEAL_REFUSED'

export type RequestErrorCode = 'ERR_REQUEST_REFUSED' | 'ERR_REQUEST_FAILED' | 'ERR_REQUEST_TIMEOUT'

/** What an exception may carry besides its code: the option or field it is about, and what caused it. */
export interface ErrorDetail {
  /** Name of the option or record field that failed, e.g. `ipAllowlist[2]`. */
  readonly field?: string
  readonly cause?: unknown
}

/** What is known of a request that came to nothing. */
export interface RequestErrorDetail extends ErrorDetail {
  /** `false` only where it is known that nothing was carried out, so that it may be sent again. */
  readonly mayHaveExecuted: boolean
  /** HTTP status of the answer. */
  readonly status?: number
  /** Wire codes of the refusal: several where the house has one answer for them, none for any other failure. */
  readonly denials?: readonly WireCode[]
  /** The server's own code. */
  readonly serverCode?: string
  /** The server's own words, shortened, and without anything that could be a secret or a signature. */
  readonly detail?: string
  /** Epoch ms. */
  readonly serverTime?: number
  /** How far the server's clock is ahead of the local one, ms. */
  readonly clockOffsetMs?: number
  /** How long the server asks to wait, ms. */
  readonly retryAfterMs?: number
}

abstract class KeylatticeError<Code extends string> extends Error {
  declare readonly code: Code
  declare readonly field: string | undefined

  constructor(code: Code, message: string, detail: ErrorDetail = {}) {
    super(message, detail)
    this.code = code
    this.field = detail.field
  }
}

/** The library was set up wrongly. Thrown while building, never per request. */
export class ConfigError extends KeylatticeError<ConfigErrorCode> {
  override readonly name = 'ConfigError'
}

/** An operation on a key was refused: bad input, above its ceiling, wrong state, lost a race. */
export class KeyError extends KeylatticeError<KeyErrorCode> {
  override readonly name = 'KeyError'
}

/** Storage failed or holds something this version must not touch. Nothing is let through. */
export class StoreError extends KeylatticeError<StoreErrorCode> {
  override readonly name = 'StoreError'
}

/** A sealed secret could not be opened. */
export class SealError extends KeylatticeError<SealErrorCode> {
  override readonly name = 'SealError'
}

/** A request of the client was refused, failed, or was not answered in time. */
export class RequestError extends KeylatticeError<RequestErrorCode> {
  override readonly name = 'RequestError'
  declare readonly mayHaveExecuted: boolean
  declare readonly status?: number
  declare readonly denials: readonly WireCode[]
  declare readonly serverCode?: string
  declare readonly detail?: string
  declare readonly serverTime?: number
  declare readonly clockOffsetMs?: number
  declare readonly retryAfterMs?: number

  constructor(code: RequestErrorCode, message: string, detail: RequestErrorDetail) {
    super(code, message, detail)
    const { cause: _, ...known } = detail
    Object.assign(this, { denials: [], ...known })
  }
}
