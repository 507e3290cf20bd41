import { StoreError } from '../errors.js'
import { expectInteger, invalidOption, readOptions } from '../options.js'
import { isPromiseLike } from '../store.js'

/** What shall happen to which calls. */
export interface PlannedFault {
  /**
   * `fail`: throws `StoreError` `ERR_STORE_UNAVAILABLE`, or rejects with it. `hang`: never answers. `slow`: comes
   * `delayMs` later.
   */
  readonly kind: 'fail' | 'hang' | 'slow'
  /** `before` the call has any effect, or `after` it, so that only the answer is lost or late. */
  readonly when: 'before' | 'after'
  /** Name of the method, like `claim`. Left out: any. */
  readonly operation?: string
  /** The first call it happens to, counted as `calls(operation)` counts. Left out: the next one. */
  readonly call?: number
  /** How many calls in a row it happens to; `Infinity` = all from then on. Default 1. */
  readonly count?: number
  /** What a call that fails throws instead: an error of a driver, say. */
  readonly error?: Error
  /** How late a `slow` call is, ms of real time, 1–60,000. */
  readonly delayMs?: number
}

/** Makes the calls of stores fail on demand. */
export interface Faults {
  /** The same store, its calls counted and failing as planned. Anything with methods can be wrapped, also a driver. */
  wrap<Store extends object>(store: Store): Store
  /**
   * Plans a fault beside those planned already. Of several that meet one call, the first planned happens.
   *
   * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
   */
  plan(fault: PlannedFault): void
  /**
   * Plans one outage and drops what was planned before: call number `call`, counted from 1 over all wrapped stores,
   * throws `StoreError` `ERR_STORE_UNAVAILABLE`, `before` it has any effect, or `after` it.
   */
  fail(call: number, when: 'before' | 'after'): void
  /** Drops what was planned. Calls that hang never answer all the same. */
  clear(): void
  /** Calls so far over all wrapped stores, of one method or of all. */
  calls(operation?: string): number
}

/** A fault with everything filled in. */
interface Plan {
  readonly kind: 'fail' | 'hang' | 'slow'
  readonly when: 'before' | 'after'
  readonly operation: string | undefined
  readonly first: number
  readonly last: number
  readonly delayMs: number
  readonly error: Error | undefined
}

/** What a proxy was asked to call. */
interface Call {
  readonly operation: string
  perform(): unknown
}

/**
 * For tests that ask what happens when storage fails at any point: count the calls of an operation, then let each of
 * them fail, before and after its effect, and look at what the operation left behind.
 */
export function createFaults(): Faults {
  const counts = new Map<string, number>()
  let plans: Plan[] = []
  const calls = (operation?: string): number => {
    if (operation !== undefined) return counts.get(operation) ?? 0
    return [...counts.values()].reduce((sum, count) => sum + count, 0)
  }

  function answer({ operation, perform }: Call): unknown {
    counts.set(operation, calls(operation) + 1)
    const plan = plans.find(each => {
      const number = calls(each.operation)
      return (each.operation ?? operation) === operation && number >= each.first && number <= each.last
    })
    if (plan === undefined) return perform()
    return plan.when === 'before' ? disturb(plan, perform) : disturbAnswer(plan, perform())
  }

  return {
    wrap: store => wrapCalls(store, answer),
    plan(fault: PlannedFault): void {
      plans.push(readPlan(fault, calls))
    },
    fail(call: number, when: 'before' | 'after'): void {
      plans = [{ kind: 'fail', when, operation: undefined, first: call, last: call, delayMs: 0, error: undefined }]
    },
    clear(): void {
      plans = []
    },
    calls,
  }
}

function wrapCalls<Store extends object>(store: Store, answer: (call: Call) => unknown): Store {
  return new Proxy(store, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => answer({ operation: String(name), perform: () => member.apply(target, args) })
    },
  })
}

function disturb({ kind, delayMs, error = outage() }: Plan, perform: () => unknown): unknown {
  if (kind === 'fail') throw error
  if (kind === 'hang') return new Promise(() => {})
  return new Promise(resolve => setTimeout(resolve, delayMs)).then(perform)
}

/** A store that answers at once fails at once. */
function disturbAnswer(plan: Plan, answer: unknown): unknown {
  if (isPromiseLike(answer)) return answer.then(value => disturb(plan, () => value))
  return disturb(plan, () => answer)
}

function readPlan(fault: PlannedFault, calls: Faults['calls']): Plan {
  const where = 'plan'
  const known = { required: ['kind', 'when'], optional: ['operation', 'call', 'count', 'error', 'delayMs'] } as const
  const { kind, when, operation, ...own } = readOptions(where, fault, known)
  if (kind !== 'fail' && kind !== 'hang' && kind !== 'slow') throw invalidOption(where, 'kind', 'fail, hang or slow')
  if (when !== 'before' && when !== 'after') throw invalidOption(where, 'when', 'before or after')
  const { call: first = calls(operation) + 1, count = 1, delayMs = 0, error } = own
  expectInteger(where, ['call', first], { min: 1, max: Number.MAX_SAFE_INTEGER })
  if (count !== Number.POSITIVE_INFINITY) expectInteger(where, ['count', count], { min: 1, max: 1_000_000 })
  if (error !== undefined && !(error instanceof Error)) throw invalidOption(where, 'error', 'an Error')
  if (kind === 'slow') expectInteger(where, ['delayMs', delayMs], { min: 1, max: 60_000 })
  return { kind, when, operation, first, last: first + count - 1, delayMs, error }
}

function outage(): StoreError {
  return new StoreError('ERR_STORE_UNAVAILABLE', 'this outage was planned by a test')
}
