import { ConfigError, KeyError, StoreError } from '../errors.js'
import { EXIT, type ExitCode } from './command.js'

/** Why a command stops without an answer. Its message is meant for the user, and holds no value that could be secret. */
export interface Failure extends Error {
  readonly exitCode: ExitCode
  readonly code: string
}

/** The command was used wrongly. */
export function usage(message: string): Failure {
  return failure(message, EXIT.usage, 'ERR_USAGE')
}

/** Something outside the command failed. */
export function failed(message: string, code = 'ERR_FAILED'): Failure {
  return failure(message, EXIT.failed, code)
}

function failure(message: string, exitCode: ExitCode, code: string): Failure {
  return Object.assign(new Error(message), { exitCode, code })
}

/** Anything thrown, as a failure. */
export function failureOf(error: unknown): Failure {
  if (isFailure(error)) return error
  // `StoreError` says that the database failed; what the driver said of it says why.
  if (error instanceof StoreError) return failed(withCause(error), error.code)
  if (error instanceof ConfigError || error instanceof KeyError) {
    return failure(error.message, EXIT.usage, error.code)
  }
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return failed(String(message || code || error), typeof code === 'string' ? code : 'ERR_FAILED')
}

function isFailure(error: unknown): error is Failure {
  return error instanceof Error && 'exitCode' in error
}

/** A lost connection has no message of its own in some drivers, only a code. */
function withCause({ message, cause }: StoreError): string {
  if (typeof cause !== 'object' || cause === null) return message
  const { message: why, code } = cause as { readonly message?: unknown; readonly code?: unknown }
  const said = [why, code].find(text => typeof text === 'string' && text !== '')
  return said === undefined ? message : `${message}: ${said}`
}
