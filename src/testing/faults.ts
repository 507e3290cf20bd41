import { StoreError } from '../errors.js'

/** Makes the calls of stores fail on demand. */
export interface Faults {
  /** The same store, its calls counted and failing as planned. */
  wrap<Store extends object>(store: Store): Store
  /**
   * Plans one outage: call number `call`, counted from 1 over all wrapped stores, throws `StoreError`
   * `ERR_STORE_UNAVAILABLE`; `before` it has any effect, or `after` it, as when the answer gets lost.
   */
  fail(call: number, when: 'before' | 'after'): void
  /** Calls so far. */
  calls(): number
}

/**
 * For tests that ask what happens when storage fails at any point: count the calls of an operation, then let each of
 * them fail, before and after its effect, and look at what the operation left behind.
 */
export function createFaults(): Faults {
  let calls = 0
  let planned: { readonly call: number; readonly when: 'before' | 'after' } | undefined

  function call(method: (...args: unknown[]) => unknown, store: object, args: unknown[]): unknown {
    calls++
    const fault = planned?.call === calls ? planned.when : undefined
    if (fault === 'before') throw outage()
    const answer = method.apply(store, args)
    if (fault === undefined) return answer
    return Promise.resolve(answer).then(() => Promise.reject(outage()))
  }

  return {
    wrap<Store extends object>(store: Store): Store {
      return new Proxy(store, {
        get(target, name): unknown {
          const member: unknown = Reflect.get(target, name)
          return typeof member === 'function'
            ? (...args: unknown[]) => call(member as (...args: unknown[]) => unknown, target, args)
            : member
        },
      })
    },
    fail(at: number, when: 'before' | 'after'): void {
      planned = { call: at, when }
    },
    calls: () => calls,
  }
}

function outage(): StoreError {
  return new StoreError('ERR_STORE_UNAVAILABLE', 'this outage was planned by a test')
}
