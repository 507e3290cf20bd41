import { StoreError } from '../errors.js'
import { later, within } from '../keys/deadline.js'
import type { Report } from '../keys/invalidation.js'
import { type Awaitable, isPromiseLike, type UsageStore } from '../store.js'
import type { Clock } from '../time.js'

/** Counts uses in memory, and writes them beside the requests. */
export interface UsageRecorder {
  /** Counts one use. Hot path: one look-up. Never waits, never throws. */
  count(keyId: string, at: number, address: string | undefined): void
  /** Writes what was counted so far. What the store does not take is reported, and stays counted. */
  flush(): Promise<void>
}

export interface UsageRecorderOptions {
  readonly usage: UsageStore
  readonly clock: Clock
  /** A key is written at most once in this time, ms. */
  readonly intervalMs: number
  /** How long a write may take, ms. */
  readonly timeoutMs: number
  readonly report: Report
}

/** Keys counted at a time; uses of more are reported, and lost. */
const MAX_KEYS = 100_000
/** How often it looks for what is to be written, and after a failure, ms. */
const TICK_MS = 1000
const RETRY_MS = 5000
/** Writes on their way at a time, where the store does not answer at once. */
const PARALLEL = 16
/** No address is longer than this. */
const MAX_ADDRESS = 64

/** The uses of a key since it was last written. */
interface Use {
  readonly keyId: string
  count: number
  lastUsedAt: number
  lastAddress: string | null
  /** Epoch ms before which it is not written again. */
  restsUntil: number
  /** Whether it is to be written, or being written. */
  isDue: boolean
}

interface Counted {
  /** Those that rest stand in the order in which their rest ends. */
  readonly uses: Map<string, Use>
  readonly due: Set<Use>
}

/**
 * The first use of a key is written within a second or so, so that a sweep for idle keys sees it; the uses of the next
 * `intervalMs` go together into the write after it.
 */
export function createUsageRecorder(options: UsageRecorderOptions): UsageRecorder {
  const { clock, report, intervalMs } = options
  const counted: Counted = { uses: new Map(), due: new Set() }
  const write = createWriter(options, counted)
  let isTicking = false
  let writing: Promise<boolean> | undefined
  let uncounted = 0

  /** Whether everything due was written. */
  function run(): Promise<boolean> {
    writing ??= write().finally(() => {
      writing = undefined
    })
    return writing
  }

  function tickIn(delayMs: number): void {
    if (isTicking) return
    isTicking = true
    later(delayMs, async () => {
      collect(counted, clock(), intervalMs)
      const isWritten = await run()
      if (uncounted > 0) report(new StoreError('ERR_STORE_UNAVAILABLE', `${uncounted} uses of keys were not counted`))
      uncounted = 0
      isTicking = false
      if (counted.uses.size > 0) tickIn(isWritten ? TICK_MS : RETRY_MS)
    })
  }

  return {
    count(keyId, at, address): void {
      const use = counted.uses.get(keyId) ?? (counted.uses.size < MAX_KEYS ? addUse(counted, keyId, at) : undefined)
      if (use === undefined) return void uncounted++
      use.count++
      if (at >= use.lastUsedAt) {
        use.lastUsedAt = at
        use.lastAddress = address !== undefined && address.length <= MAX_ADDRESS ? address : null
      }
      tickIn(TICK_MS)
    },
    async flush(): Promise<void> {
      // What is being written may have been used since.
      await writing
      collect(counted, Number.POSITIVE_INFINITY, intervalMs)
      while (counted.due.size > 0 && (await run()));
    },
  }
}

function addUse({ uses, due }: Counted, keyId: string, at: number): Use {
  const use: Use = { keyId, count: 0, lastUsedAt: at, lastAddress: null, restsUntil: at, isDue: true }
  uses.set(keyId, use)
  due.add(use)
  return use
}

/** Finds those whose rest is over: those used since are due, the others are forgotten. */
function collect({ uses, due }: Counted, now: number, intervalMs: number): void {
  for (const use of uses.values()) {
    if (use.isDue) continue
    // A rest longer than any means that the clock was set back.
    if (now < use.restsUntil && now >= use.restsUntil - intervalMs) return
    if (use.count === 0) uses.delete(use.keyId)
    else {
      use.isDue = true
      due.add(use)
    }
  }
}

/** Builds what writes everything due, some at a time. It tells whether it could; if not, what is left stays due. */
function createWriter(
  { usage, clock, intervalMs, timeoutMs, report }: UsageRecorderOptions,
  { uses, due }: Counted,
): () => Promise<boolean> {
  let failure: unknown

  function writeOne(use: Use): Awaitable<boolean> {
    const { keyId, lastUsedAt, lastAddress, count } = use
    const done = (): boolean => {
      use.count -= count
      use.isDue = false
      use.restsUntil = clock() + intervalMs
      // To the end, among those that begin to rest.
      uses.delete(keyId)
      uses.set(keyId, use)
      return true
    }
    const failed = (cause: unknown): boolean => {
      failure = cause
      due.add(use)
      return false
    }
    try {
      const writing = usage.touch({ keyId, lastUsedAt, lastAddress, count })
      if (!isPromiseLike(writing)) return done()
      return within(writing, { timeoutMs, who: 'the usage store' }).then(done, failed)
    } catch (cause) {
      return failed(cause)
    }
  }

  return async () => {
    while (due.size > 0) {
      const written = await Promise.all(writeSome(due, writeOne))
      if (!written.includes(true)) {
        const message = `the usage store failed; uses of ${due.size} keys wait`
        report(new StoreError('ERR_STORE_UNAVAILABLE', message, { cause: failure }))
        return false
      }
      // The requests that wait get their turn.
      if (due.size > 0) await new Promise(resolve => setTimeout(resolve, 0))
    }
    return true
  }
}

/** A store that answers at once holds the thread meanwhile, so it gets one write a turn. */
function writeSome(due: Set<Use>, writeOne: (use: Use) => Awaitable<boolean>): readonly Awaitable<boolean>[] {
  const writes: Awaitable<boolean>[] = []
  for (const use of due) {
    due.delete(use)
    const write = writeOne(use)
    writes.push(write)
    if (writes.length === PARALLEL || !isPromiseLike(write)) break
  }
  return writes
}
