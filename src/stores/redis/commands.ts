import { encodeHex, encodeUtf8 } from '../../bytes.js'
import { StoreError } from '../../errors.js'
import type { RedisPort } from './client.js'

/** Runs one script on the master that holds its keys, in one round trip. */
export type Run = (keys: readonly string[], args: readonly string[]) => Promise<unknown>

export interface Commands {
  /**
   * A script, ready to run. It is atomic, and always runs on a master, so that nothing stale is read.
   *
   * A run rejects with `StoreError`: `ERR_STORE_UNAVAILABLE` with the driver's error as its cause, also when there is
   * no answer in time; `ERR_STORE_CORRUPT` when a key holds another type of value.
   */
  prepare(source: string): Promise<Run>
  /** Waits for something else of the driver's no longer than for a script. Rejects with `StoreError`. */
  wait(work: PromiseLike<unknown>): Promise<void>
}

/** Errors by which a server says that it has done nothing, and may well do it in a moment. */
const PASSING = new Set(['ASK', 'CLUSTERDOWN', 'LOADING', 'MASTERDOWN', 'MOVED', 'READONLY', 'TRYAGAIN'])

/** Waits between attempts, ms. */
const PAUSES: readonly number[] = [25, 100, 250]

/** @param timeoutMs longest wait for an answer, all attempts together */
export function createCommands(port: RedisPort, timeoutMs: number): Commands {
  return {
    prepare: async source => {
      const sha = await sha1(source)
      return (keys, args) => {
        const rest = [String(keys.length), ...keys, ...args]
        return inTime(timeoutMs, isOver => {
          const byName = () => port.send(keys[0] ?? '', ['EVALSHA', sha, ...rest])
          const inFull = () => port.send(keys[0] ?? '', ['EVAL', source, ...rest])
          return attempt({ send: byName, inFull, isOver }, PAUSES)
        })
      }
    },
    wait: async work => {
      await inTime(timeoutMs, () => work).catch(error => {
        throw error instanceof StoreError ? error : failure(error)
      })
    },
  }
}

interface Attempt {
  send(): PromiseLike<unknown>
  /** Sends the script itself, to a server that does not know it yet. */
  inFull(): PromiseLike<unknown>
  isOver(): boolean
}

async function attempt(work: Attempt, pauses: readonly number[]): Promise<unknown> {
  try {
    return await work.send()
  } catch (error) {
    const code = codeOf(error)
    if (code === 'NOSCRIPT' && work.send !== work.inFull) return attempt({ ...work, send: work.inFull }, pauses)
    const [pause, ...later] = pauses
    if (pause === undefined || !PASSING.has(code)) throw failure(error, code)
    await new Promise(resolve => setTimeout(resolve, pause))
    // Whoever was told of a failure must not see an effect of what was sent after.
    if (work.isOver()) throw failure(error, code)
    return attempt(work, later)
  }
}

function inTime<T>(timeoutMs: number, work: (isOver: () => boolean) => PromiseLike<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false
    const timer = setTimeout(() => {
      over = true
      reject(new StoreError('ERR_STORE_UNAVAILABLE', `Redis did not answer within ${timeoutMs} ms`))
    }, timeoutMs)
    const settle = () => clearTimeout(timer)
    work(() => over).then(
      value => {
        settle()
        resolve(value)
      },
      error => {
        settle()
        reject(error)
      },
    )
  })
}

/** The word in capitals that errors of Redis begin with; empty for other errors. */
export function codeOf(error: unknown): string {
  return error instanceof Error ? (/^[A-Z]+(?= |$)/.exec(error.message)?.[0] ?? '') : ''
}

export function failure(cause: unknown, code: string = codeOf(cause)): StoreError {
  if (code === 'WRONGTYPE') {
    return new StoreError('ERR_STORE_CORRUPT', 'a key of this store holds another type of value', { cause })
  }
  return new StoreError('ERR_STORE_UNAVAILABLE', 'Redis failed', { cause })
}

/** The name that Redis gives a script. */
async function sha1(source: string): Promise<string> {
  return encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-1', encodeUtf8(source) as BufferSource)))
}
