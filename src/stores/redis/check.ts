import { ConfigError, StoreError } from '../../errors.js'
import { invalidOption } from '../../options.js'
import type { Clock } from '../../time.js'
import type { RedisPort, Send } from './client.js'
import { type Commands, codeOf, failure } from './commands.js'
import { GROUPS, type Names } from './names.js'
import { evictingRedis } from './weakenings.js'

export interface Expected {
  readonly where: string
  readonly clock: Clock
  /** How far a server's clock may be ahead, ms. */
  readonly clockSkewMs: number
  readonly eviction: typeof evictingRedis | undefined
}

/** What was found out about the servers. */
export interface Found {
  /** Whether one script may use keys of different hash tags. */
  readonly together: boolean
}

/** A write that changes nothing, since a replica will not do. */
const PROBE = `
redis.call('DEL', KEYS[1] .. ':none')
return 'OK'`

/** @throws {ConfigError} when the servers are not as they must be @throws {StoreError} when they do not answer */
export async function checkServers(
  { port, commands, names }: { readonly port: RedisPort; readonly commands: Commands; readonly names: Names },
  expected: Expected,
): Promise<Found> {
  const probe = await commands.prepare(PROBE)
  const horizons = GROUPS.map(names.horizon)
  const [answers, together] = await Promise.all([
    Promise.all(horizons.map(horizon => probe([horizon], []))),
    probe(horizons, []).then(
      () => true,
      error => !isCrossSlot(error) && Promise.reject(error),
    ),
  ]).catch(error => {
    throw isMoved(error) ? invalidOption(expected.where, 'client', 'a Cluster client, since the server is one') : error
  })
  if (answers.some(answer => answer !== 'OK')) {
    throw invalidOption(expected.where, 'client', 'a client that answers with text, not with Buffers')
  }
  for (const send of await port.masters()) await checkMaster(send, expected)
  return { together }
}

function isCrossSlot(error: unknown): boolean {
  return error instanceof StoreError && codeOf(error.cause) === 'CROSSSLOT'
}

function isMoved(error: unknown): boolean {
  return error instanceof StoreError && codeOf(error.cause) === 'MOVED'
}

async function checkMaster(send: Send, { where, clock, clockSkewMs, eviction }: Expected): Promise<void> {
  const policy = await readPolicy(send)
  if (policy !== 'noeviction' && eviction !== evictingRedis) throw policyError(where, policy)
  const time = await Promise.resolve(send(['TIME'])).catch(error => {
    throw failure(error)
  })
  const [seconds, microseconds] = Array.isArray(time) ? time : []
  const ahead = Number(seconds) * 1000 + Number(microseconds) / 1000 - clock()
  // Written so that NaN is refused.
  if (ahead <= clockSkewMs) return
  const message = `${where}: the clock of Redis is ahead by more than 'clockSkewMs', and nonces are judged by it; synchronise both clocks`
  throw new ConfigError('ERR_OPTION_INVALID', message, { field: 'client' })
}

/** What the server does when its memory is full; `undefined` if it does not tell. */
async function readPolicy(send: Send): Promise<string | undefined> {
  const info = await answerOf(send, ['INFO', 'memory'])
  const stated = typeof info === 'string' ? /^maxmemory_policy:(.*?)\r?$/m.exec(info)?.[1] : undefined
  if (stated !== undefined) return stated
  const config = await answerOf(send, ['CONFIG', 'GET', 'maxmemory-policy'])
  const value: unknown = Array.isArray(config) ? config[1] : Object(config)['maxmemory-policy']
  return typeof value === 'string' ? value : undefined
}

/** Managed servers refuse one question or the other. */
async function answerOf(send: Send, words: readonly string[]): Promise<unknown> {
  try {
    return await send(words)
  } catch {
    return undefined
  }
}

function policyError(where: string, policy: string | undefined): ConfigError {
  const found = policy === undefined ? 'Redis does not tell its maxmemory-policy' : 'Redis evicts keys when it is full'
  const message = `${where}: ${found}; add 'maxmemory-policy noeviction' to its configuration, or pass eviction: evictingRedis from keylattice/insecure`
  return new ConfigError('ERR_OPTION_INVALID', message, { field: 'eviction' })
}
