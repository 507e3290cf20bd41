import { RequestError } from '../errors.js'

/** How far a call has come, and what ends it. */
export interface Progress {
  /** Whether a request is on its way, or was, and nothing is known of it. */
  isSent?: boolean
  readonly signal: AbortSignal | undefined
}

/**
 * Runs a call that may take `timeoutMs`. Its signal ends it then, or when the caller's own does; once it has resolved,
 * time has no power over what it resolved to.
 *
 * The promise rejects with `RequestError` `ERR_REQUEST_TIMEOUT`.
 */
export async function withTimeout<T>(
  timeoutMs: number,
  own: AbortSignal | undefined,
  call: (progress: Progress) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const { signal } = controller
  const progress: Progress = { signal: own ? AbortSignal.any([own, signal]) : signal }
  let timer: ReturnType<typeof setTimeout> | undefined
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const mayHaveExecuted = progress.isSent === true
      const message = `no answer within ${timeoutMs} ms; the request ${mayHaveExecuted ? 'may have been executed' : 'was not sent'}`
      const error = new RequestError('ERR_REQUEST_TIMEOUT', message, { mayHaveExecuted })
      reject(error)
      controller.abort(error)
    }, timeoutMs)
  })
  try {
    return await Promise.race([call(progress), expired])
  } finally {
    clearTimeout(timer)
  }
}
