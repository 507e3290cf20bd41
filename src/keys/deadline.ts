import { StoreError } from '../errors.js'
import { type Awaitable, isPromiseLike } from '../store.js'

/** How long an answer is waited for, and who owes it, for the message. */
export interface Deadline {
  readonly timeoutMs: number
  readonly who: string
}

/**
 * The answer, or a `StoreError` once its time is up: what never answers is an outage, and must hold nobody for ever.
 * What comes later is dropped, be it an answer or a failure.
 */
export function within<T>(answer: PromiseLike<T>, { timeoutMs, who }: Deadline): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new StoreError('ERR_STORE_UNAVAILABLE', `${who} did not answer in time`))
    let timer = setTimeout(() => {
      // One more turn of the event loop: after a stall of this process the answer may be here and not yet read.
      timer = setTimeout(giveUp, 0)
    }, timeoutMs)
    answer.then(
      value => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/** The same function, its answers due in time. One that is there at once costs nothing. */
export function bounded<Args extends readonly unknown[], T>(
  call: (...args: Args) => Awaitable<T>,
  deadline: Deadline,
): (...args: Args) => Awaitable<T> {
  return (...args) => {
    const answer = call(...args)
    return isPromiseLike(answer) ? within(answer, deadline) : answer
  }
}

/** Does `work` later, unless that is called off. Keeps no process alive. */
export function later(delayMs: number, work: () => void): () => void {
  const timer: { unref?(): void } & ReturnType<typeof setTimeout> = setTimeout(work, delayMs)
  // A number in browsers.
  timer.unref?.()
  return () => clearTimeout(timer)
}
