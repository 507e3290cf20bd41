import { invalidOption, readInteger, readOptions } from '../options.js'
import type { InvalidationChannel, KeyStore, ReplayStore, UsageStore } from '../store.js'
import { type Clock, systemClock } from '../time.js'
import { createRedisChannel } from './redis/channel.js'
import { checkServers, type Expected } from './redis/check.js'
import { createClaim } from './redis/claims.js'
import { type IoredisClient, type NodeRedisClient, openPort } from './redis/client.js'
import { createCommands } from './redis/commands.js'
import { createRedisKeyStore } from './redis/keys.js'
import { createNames } from './redis/names.js'
import { createAdvance } from './redis/rising.js'
import { createRedisUsageStore } from './redis/usage.js'
import { evictingRedis } from './redis/weakenings.js'

export type { IoredisClient, NodeRedisClient }

export interface RedisStoreOptions {
  /** What all names begin with: up to 64 of `A–Z a–z 0–9 : . _ -`. Default `keylattice:`. */
  readonly prefix?: string
  /** Longest wait for an answer, ms, attempts included. Default 3000. */
  readonly timeoutMs?: number
  /**
   * Live nonces one key may have; further claims are refused until some fall due. Default: any number. Counted in steps
   * of 5 s of expiry, so that a few claims too many may be refused, never a live nonce dropped.
   */
  readonly maxClaimsPerKey?: number
  /** How far the servers' clocks may be ahead of this process's when it starts, ms. Default 1000, as in the verifier. */
  readonly clockSkewMs?: number
  /** This process's clock, compared with the servers' at the start. Nonces are judged by the servers' clocks. */
  readonly clock?: Clock
  /** `evictingRedis` from `keylattice/insecure` lets a server be used that may evict nonces. */
  readonly eviction?: typeof evictingRedis
}

/** What Redis keeps. */
export interface RedisStore {
  readonly keys: KeyStore
  readonly replay: ReplayStore
  readonly usage: UsageStore
  readonly invalidation: InvalidationChannel
}

const PREFIX = /^[A-Za-z0-9:._-]{0,64}$/

/**
 * Opens the stores of a Redis (6.2 or later, or Valkey): one server, one behind Sentinel, or a Cluster. Every operation is
 * one script on one master, sent on the client's own connection; only a subscription opens another.
 *
 * All stores reject with `StoreError`: `ERR_STORE_UNAVAILABLE` when Redis or the driver fails or does not answer within
 * `timeoutMs`, `ERR_STORE_CORRUPT` for what somebody else wrote; and with `KeyError` `ERR_INPUT_INVALID` for text with
 * half a surrogate pair. A command that the driver sends again after its connection broke takes effect once.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`; `ERR_OPTION_INVALID`, also for a server that evicts keys, or whose clock
 * is ahead
 * @throws {StoreError} `ERR_STORE_UNAVAILABLE`
 */
export async function createRedisStore(
  client: NodeRedisClient | IoredisClient,
  options: RedisStoreOptions = {},
): Promise<RedisStore> {
  const where = 'createRedisStore'
  const { prefix, timeoutMs, maxClaimsPerKey, ...expected } = readRedisOptions(where, options)
  const port = openPort(where, client)
  const names = createNames(prefix)
  const commands = createCommands(port, timeoutMs)
  const { together } = await checkServers({ port, commands, names }, expected)
  const [keys, claim, advance, usage, invalidation] = await Promise.all([
    createRedisKeyStore(commands, names),
    createClaim(commands, names, { together, maxClaimsPerKey }),
    createAdvance(commands, names),
    createRedisUsageStore(commands, names),
    createRedisChannel(commands, names, port),
  ])
  return { keys, replay: { claim, advance }, usage, invalidation }
}

interface CheckedOptions extends Expected {
  readonly prefix: string
  readonly timeoutMs: number
  readonly maxClaimsPerKey: number | undefined
}

function readRedisOptions(where: string, options: RedisStoreOptions): CheckedOptions {
  const own = readOptions(where, options, {
    required: [],
    optional: ['prefix', 'timeoutMs', 'maxClaimsPerKey', 'clockSkewMs', 'clock', 'eviction'],
  })
  const from = { where, options: own }
  const { prefix = 'keylattice:', maxClaimsPerKey, clock = systemClock, eviction } = own
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    throw invalidOption(where, 'prefix', 'up to 64 of A–Z, a–z, 0–9, :, ., _ and -')
  }
  if (typeof clock !== 'function') throw invalidOption(where, 'clock', 'a function')
  if (eviction !== undefined && eviction !== evictingRedis) throw invalidOption(where, 'eviction', 'evictingRedis')
  const claims = { min: 1, max: 16_777_216, fallback: 1 }
  return {
    where,
    prefix,
    clock,
    eviction,
    timeoutMs: readInteger(from, 'timeoutMs', { min: 1, max: 60_000, fallback: 3000 }),
    clockSkewMs: readInteger(from, 'clockSkewMs', { min: 0, max: 86_400_000, fallback: 1000 }),
    maxClaimsPerKey: maxClaimsPerKey === undefined ? undefined : readInteger(from, 'maxClaimsPerKey', claims),
  }
}
