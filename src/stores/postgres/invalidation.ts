import { ConfigError, StoreError } from '../../errors.js'
import type { InvalidationChannel } from '../../store.js'
import { isStorable } from '../sql/columns.js'
import { MAX_BYTES } from '../sql/sizes.js'
import type { Connection } from './connection.js'
import type { Listen } from './listening.js'

type Hear = (keyId: string | undefined) => void
type Close = () => Promise<void>

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 5_000

/** A message is a colon and the key id. Any other says that some key has changed. */
export function createPostgresInvalidation({ bare }: Connection, channel: string, listen: Listen): InvalidationChannel {
  return {
    async publish(keyId: string): Promise<void> {
      // NOTIFY carries less than 8000 bytes, which is more than the key id of any row.
      const payload = isStorable(keyId) && keyId.length <= MAX_BYTES.keyId ? `:${keyId}` : ''
      await bare('SELECT pg_notify($1, $2)::text AS sent', [channel, payload])
    },
    subscribe: createSubscribers(listen),
  }
}

/** All subscribers share one connection that listens, open while there is a subscriber. */
function createSubscribers(listen: Listen): (hear: Hear) => Promise<Close> {
  const subscribers = new Set<{ readonly hear: Hear }>()
  const session = createSession(listen, {
    isWanted: () => subscribers.size > 0,
    tell(keyId) {
      for (const { hear } of subscribers) hear(keyId)
    },
  })

  return async hear => {
    const subscriber = { hear }
    subscribers.add(subscriber)
    try {
      await session.open()
    } catch (cause) {
      subscribers.delete(subscriber)
      if (cause instanceof ConfigError || cause instanceof StoreError) throw cause
      throw unavailable(cause)
    }
    return async () => {
      if (subscribers.delete(subscriber) && subscribers.size === 0) await session.close()
    }
  }
}

interface Audience {
  isWanted(): boolean
  readonly tell: Hear
}

interface Session {
  /** Resolves once it listens. */
  open(): Promise<void>
  close(): Promise<void>
}

/** Opens a lost connection again, as long as it is wanted, and then says that messages may have been missed. */
function createSession(listen: Listen, { isWanted, tell }: Audience): Session {
  let current: Promise<Close> | undefined

  function begin(connect: (lost: () => void) => Promise<Close>): Promise<Close> {
    const begun: Promise<Close> = connect(() => {
      if (current === begun) current = begin(connectAgain)
    })
    begun.catch(() => {
      if (current === begun) current = undefined
    })
    return begun
  }

  const connect = (lost: () => void) => listen({ hear: payload => tell(readPayload(payload)), lost })

  async function connectAgain(lost: () => void): Promise<Close> {
    for (let pauseMs = FIRST_PAUSE_MS; isWanted(); pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      await pause(pauseMs)
      try {
        const close = await connect(lost)
        tell(undefined)
        return close
      } catch {}
    }
    throw unavailable()
  }

  return {
    async open() {
      current ??= begin(connect)
      await current
    },
    async close() {
      const closing = current
      current = undefined
      const close = await closing?.catch(() => undefined)
      await close?.()
    },
  }
}

function unavailable(cause?: unknown): StoreError {
  return new StoreError('ERR_STORE_UNAVAILABLE', 'the PostgreSQL database does not listen', { cause })
}

function readPayload(payload: string): string | undefined {
  return payload.startsWith(':') ? payload.slice(1) : undefined
}

/** Does not keep the process alive. */
function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    const timer: { unref?(): void } & ReturnType<typeof setTimeout> = setTimeout(resolve, ms)
    timer.unref?.()
  })
}
