import { KeyError, type SealError, StoreError } from '../errors.js'
import { type Awaitable, isPromiseLike, type KeyRow, type KeyStore } from '../store.js'
import type { Clock } from '../time.js'
import type { CompiledKey } from './compiled-key.js'
import { isMistypedKeyId } from './credentials.js'
import { type Deadline, within } from './deadline.js'
import { createFlights, type Flight, type Flights } from './flights.js'
import { createKeptKeys, isEqualRow, type KeptKeys } from './kept-keys.js'
import { type AsOf, createStaleness, type Staleness } from './staleness.js'

/** What loading found: the key, why it cannot be used, or nothing. */
export type LoadedKey = CompiledKey | KeyError | SealError | undefined

export interface KeyCacheOptions {
  readonly store: Pick<KeyStore, 'get'>
  readonly compile: (row: KeyRow) => Promise<CompiledKey>
  readonly clock: Clock
  /** Compiled keys kept; the least recently used ones leave. */
  readonly maxKeys: number
  /** How long a key may be used without asking the store, ms. 0 = ask every time. */
  readonly maxStalenessMs: number
  /** How long the store, and then the sealer, may take to answer, ms. */
  readonly storeTimeoutMs: number
}

export interface KeyCache {
  /**
   * The compiled key of an id. Answers at once where the store does and the key is compiled; the row is read anyway
   * unless it is younger than `maxStalenessMs`, and a changed row is compiled anew. An answer is never older than the
   * question, but for that staleness: who asks while a read is under way waits for the read after it.
   *
   * @throws {StoreError} `ERR_STORE_UNAVAILABLE`, or whatever else the store threw, as its cause
   */
  load(keyId: string): Awaitable<LoadedKey>
  /** Forgets a key, or with `undefined` uses none before its row was read again. What is under way is not kept. */
  drop(keyId: string | undefined): void
  /** From here on every load asks the store. */
  close(): void
}

/** A question to the store that is under way. */
interface Asked {
  readonly asOf: AsOf
  /** What is being compiled, where the store had answered at once. */
  readonly row: KeyRow | undefined
}

type KeyFlight = Flight<Asked, LoadedKey>

export function createKeyCache(options: KeyCacheOptions): KeyCache {
  const kept = createKeptKeys(options)
  const flights = createFlights<Asked, LoadedKey>()
  const staleness = createStaleness(options.clock, options.maxStalenessMs)
  const deadline = { timeoutMs: options.storeTimeoutMs, who: 'the key store' }
  const read = createReader({ store: options.store, kept, flights, staleness, deadline })

  /** A key as fresh as the staleness allows is for everybody; that there is none, for those who asked before only. */
  function join(keyId: string, flight: KeyFlight): Promise<LoadedKey> {
    const follow = (): Promise<LoadedKey> => flights.follow(keyId, flight, () => read(keyId))
    const isShared = staleness.isFresh(flight.about.asOf)
    const joined = isShared ? flight.answer.then(found => (isKey(found) ? found : follow())) : follow()
    return within(joined, deadline)
  }

  return {
    load(keyId: string): Awaitable<LoadedKey> {
      const known = kept.get(keyId)
      if (known !== undefined && staleness.isFresh(known.asOf)) return known.key
      if (known === undefined && isMistypedKeyId(keyId)) return undefined
      const flight = flights.get(keyId)
      return flight === undefined || flight.about.row !== undefined ? read(keyId) : join(keyId, flight)
    },
    drop(keyId: string | undefined): void {
      flights.outdate(keyId)
      if (keyId === undefined) staleness.distrust()
      else kept.forget(keyId)
    },
    close: staleness.end,
  }
}

interface ReaderOptions {
  readonly store: Pick<KeyStore, 'get'>
  readonly kept: KeptKeys
  readonly flights: Flights<Asked, LoadedKey>
  readonly staleness: Staleness
  readonly deadline: Deadline
}

/** Builds what asks the store, now, and compiles what it answers unless that is done. */
function createReader({ store, kept, flights, staleness, deadline }: ReaderOptions) {
  return (keyId: string): Awaitable<LoadedKey> => {
    // The time before the read: a row may change while it travels.
    const asOf = staleness.now()
    const row = getRow(store, keyId)
    if (row instanceof KeyError) return row
    if (isPromiseLike(row)) {
      const reading = within(row, deadline)
      const about = { asOf, row: undefined }
      return flights.depart(keyId, about, isOutdated =>
        reading.then(found => {
          const known = kept.settled(keyId, found, asOf)
          return found === undefined || known !== undefined ? known : kept.compile(found, { asOf, isOutdated })
        }, unreadableRow),
      )
    }
    const known = kept.settled(keyId, row, asOf)
    if (row === undefined || known !== undefined) return known
    // What compiles the very same row already is waited for.
    const flight = flights.get(keyId)
    if (flight?.about.row !== undefined && isEqualRow(flight.about.row, row)) return flight.answer
    return flights.depart(keyId, { asOf, row }, isOutdated => kept.compile(row, { asOf, isOutdated }))
  }
}

function isKey(loaded: LoadedKey): loaded is CompiledKey {
  return loaded !== undefined && !(loaded instanceof Error)
}

function getRow(store: Pick<KeyStore, 'get'>, keyId: string): Awaitable<KeyRow | undefined> | KeyError {
  try {
    return store.get(keyId)
  } catch (cause) {
    return unreadableRow(cause)
  }
}

/** A row that cannot be one of ours harms its own key; any other failure of the store is an outage. */
function unreadableRow(cause: unknown): KeyError {
  if (!(cause instanceof StoreError)) throw new StoreError('ERR_STORE_UNAVAILABLE', 'the key store failed', { cause })
  if (cause.code !== 'ERR_STORE_CORRUPT') throw cause
  const detail = cause.field === undefined ? { cause } : { cause, field: cause.field }
  return new KeyError('ERR_KEY_CORRUPT', 'the stored key cannot be read', detail)
}
