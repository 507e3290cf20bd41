import { ConfigError, StoreError } from '../errors.js'
import { invalidOption } from '../options.js'
import { type Awaitable, type InvalidationChannel, isPromiseLike } from '../store.js'
import { later, within } from './deadline.js'

/** Told the id of each changed key, or `undefined` where anything may have changed. */
type Listener = (keyId: string | undefined) => void

/** Where failures go that are nobody's answer. It never throws. */
export type Report = (error: unknown) => void

/** How long after a failed attempt to listen the next one is made, ms. */
const RETRY_MS = 5000

/**
 * Who listens in this process, by the channel: a manager and the verifiers that were given the same one meet here, and
 * need not wait for the network to bring a message back.
 */
const listeners = /* @__PURE__ */ new WeakMap<InvalidationChannel, Set<Listener>>()

function listenersOf(channel: InvalidationChannel): Set<Listener> {
  const known = listeners.get(channel) ?? new Set()
  listeners.set(channel, known)
  return known
}

/** @throws {ConfigError} `ERR_OPTION_INVALID` */
export function expectChannel(where: string, channel: InvalidationChannel | undefined): void {
  if (channel === undefined) return
  if (typeof channel.publish !== 'function' || typeof channel.subscribe !== 'function')
    throw invalidOption(where, 'invalidation', 'an InvalidationChannel')
}

/** What fails beside the requests would be seen nowhere else. */
export function missingReporter(where: string, failing: string): ConfigError {
  const message = `${where} needs the option 'onError' with '${failing}'`
  return new ConfigError('ERR_OPTION_MISSING', message, { field: 'onError' })
}

/** Makes a hook of the host safe to call from where nobody could catch what it throws. */
export function reporter(onError: ((error: unknown) => void) | undefined): Report {
  return error => {
    try {
      onError?.(error)
    } catch {
      // Nobody is left to tell.
    }
  }
}

/** Tells everybody who may hold a key in memory that it has changed. */
export interface Announcer {
  /** The verifiers of this process have dropped the key when it returns; a message to the others is on its way. */
  changed(keyId: string): void
  /** Resolves once every message has left or has been reported as lost. Never rejects. */
  sent(): Promise<unknown>
}

/** @param timeoutMs longest time a message may take to leave */
export function createAnnouncer(
  channel: InvalidationChannel | undefined,
  { timeoutMs, report }: { readonly timeoutMs: number; readonly report: Report },
): Announcer {
  if (channel === undefined) return { changed: () => {}, sent: async () => {} }
  let leaving: Promise<unknown> = Promise.resolve()

  function lost(cause: unknown): void {
    const message = 'the invalidation channel failed: other processes may use what they know of a key until it is stale'
    report(new StoreError('ERR_STORE_UNAVAILABLE', message, { cause }))
  }

  function publish(keyId: string): void {
    const publishing = channel?.publish(keyId)
    if (publishing === undefined || !isPromiseLike(publishing)) return
    const message = within(publishing, { timeoutMs, who: 'the invalidation channel' }).catch(lost)
    leaving = Promise.all([leaving, message])
  }

  return {
    changed(keyId: string): void {
      for (const listener of listenersOf(channel)) listener(keyId)
      try {
        publish(keyId)
      } catch (cause) {
        lost(cause)
      }
    },
    sent: () => leaving,
  }
}

/** What listens to a channel. */
export interface Listening {
  /**
   * Resolves once it listens.
   *
   * @throws {StoreError} when the latest attempt failed; another one follows
   * @throws {ConfigError} when the channel was set up wrongly
   */
  ready(): Promise<void>
  /** Listens no more. What fails on the way is reported. */
  end(): Promise<void>
}

/**
 * Listens: to managers of this process from now on, to all others once the channel says so. What was missed before is
 * unknown, so the listener is told `undefined` then. An attempt that fails is reported and made again.
 */
export function listenTo(
  channel: InvalidationChannel,
  { listener, timeoutMs, report }: { readonly listener: Listener; readonly timeoutMs: number; readonly report: Report },
): Listening {
  let hasEnded = false
  let stop: (() => Awaitable<void>) | undefined
  let callOff = (): void => {}
  let attempt: Promise<void>

  async function subscribe(): Promise<void> {
    try {
      stop = await channel.subscribe(listener)
    } catch (cause) {
      const error = unheard(cause)
      report(error)
      if (!hasEnded && error instanceof StoreError) callOff = later(RETRY_MS, start)
      throw error
    }
    listener(undefined)
    if (hasEnded) await silence()
  }

  async function silence(): Promise<void> {
    try {
      const stopping = stop?.()
      stop = undefined
      if (stopping !== undefined)
        await within(Promise.resolve(stopping), { timeoutMs, who: 'the invalidation channel' })
    } catch (error) {
      report(error)
    }
  }

  function start(): void {
    attempt = subscribe()
    // Whoever waits for it is told; nobody has to.
    attempt.catch(() => {})
  }

  listenersOf(channel).add(listener)
  start()
  return {
    ready: () => attempt,
    async end(): Promise<void> {
      hasEnded = true
      callOff()
      listenersOf(channel).delete(listener)
      await silence()
    },
  }
}

/** A channel that was set up wrongly will never be listened to; any other failure may pass. */
function unheard(cause: unknown): ConfigError | StoreError {
  if (cause instanceof ConfigError || cause instanceof StoreError) return cause
  return new StoreError('ERR_STORE_UNAVAILABLE', 'the invalidation channel cannot be listened to', { cause })
}
