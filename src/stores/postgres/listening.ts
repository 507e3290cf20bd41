import { ConfigError } from '../../errors.js'
import type { PostgresClient } from './connection.js'

/** A connection of its own, to listen on: a `PoolClient` or a connected `Client` of `pg`. */
export interface PostgresListener extends PostgresClient {
  on(event: 'notification', hear: (message: PostgresNotification) => void): unknown
  on(event: 'error' | 'end', hear: () => void): unknown
  /** Of a pool: gives the connection back; `true` = to be closed. */
  release?(destroy: boolean): unknown
  /** Closes a connection of no pool. */
  end?(): unknown
}

export interface PostgresNotification {
  readonly channel: string
  readonly payload?: string | undefined
}

/** Who is told what arrives, and that no more will. */
export interface Ear {
  readonly hear: (payload: string) => void
  readonly lost: () => void
}

/** Listens on a channel; resolves to what ends it. */
export type Listen = (ear: Ear) => Promise<() => Promise<void>>

/** A client that can listen by itself, as PGlite can. */
interface ListeningClient {
  listen(channel: string, hear: (payload: string) => void): PromiseLike<() => PromiseLike<void>>
}

/** A client that gives out connections, as a pool of `pg` does. */
interface ConnectingClient {
  connect(): PromiseLike<PostgresListener>
}

/** @param open what opens a connection to listen on; by default the client itself listens, or its pool gives one */
export function createListen(
  client: PostgresClient & Partial<ListeningClient & ConnectingClient>,
  channel: string,
  open: (() => PromiseLike<PostgresListener>) | undefined,
): Listen {
  if (open !== undefined) return listenOn(open, channel)
  if (typeof client.listen === 'function') return listenBy(client as ListeningClient, channel)
  if (typeof client.connect === 'function') return listenOn(() => (client as ConnectingClient).connect(), channel)
  return () =>
    Promise.reject(
      new ConfigError('ERR_OPTION_MISSING', `createPostgresStore needs the option 'openListener' to subscribe`, {
        field: 'openListener',
      }),
    )
}

function listenBy(client: ListeningClient, channel: string): Listen {
  return async ({ hear }) => {
    const stop = await client.listen(channel, hear)
    return async () => {
      await stop()
    }
  }
}

function listenOn(open: () => PromiseLike<PostgresListener>, channel: string): Listen {
  return async ({ hear, lost }) => {
    const connection = await open()
    let state: 'opening' | 'open' | 'closed' = 'opening'
    const close = async () => {
      if (state === 'closed') return
      state = 'closed'
      if (connection.release === undefined) await connection.end?.()
      else connection.release(true)
    }
    const fail = () => {
      if (state === 'open') lost()
      // It is broken: that it cannot be closed in good order is no news.
      close().catch(() => {})
    }
    connection.on('notification', message => {
      if (state === 'open' && message.channel === channel) hear(message.payload ?? '')
    })
    connection.on('error', fail)
    connection.on('end', fail)
    try {
      await connection.query(`LISTEN ${channel}`)
    } catch (error) {
      await close()
      throw error
    }
    state = 'open'
    return close
  }
}
