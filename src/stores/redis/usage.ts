import type { KeyUsage, UsageStore } from '../../store.js'
import type { Commands } from './commands.js'
import type { Names } from './names.js'
import { checkWellFormed, readList, readText, readWhole } from './replies.js'

/**
 * KEYS: the usage, a hash. ARGV: the instant, the count, and the address, if there is one.
 * Instants are below 2^53, where doubles are exact.
 */
const TOUCH = `
local at = redis.call('HGET', KEYS[1], 'at')
if not at or tonumber(ARGV[1]) >= tonumber(at) then
  redis.call('HSET', KEYS[1], 'at', ARGV[1])
  if ARGV[3] then redis.call('HSET', KEYS[1], 'address', ARGV[3]) else redis.call('HDEL', KEYS[1], 'address') end
end
redis.call('HINCRBY', KEYS[1], 'count', ARGV[2])
return 'OK'`

const GET = `return redis.call('HMGET', KEYS[1], 'at', 'address', 'count')`

export async function createRedisUsageStore(commands: Commands, names: Names): Promise<UsageStore> {
  const [touch, get] = await Promise.all([commands.prepare(TOUCH), commands.prepare(GET)])
  return {
    async touch({ keyId, lastUsedAt, lastAddress, count }: KeyUsage): Promise<void> {
      checkWellFormed({ keyId, lastAddress })
      const address = lastAddress === null ? [] : [lastAddress]
      await touch([names.usage(keyId)], [String(lastUsedAt), String(count), ...address])
    },
    async get(keyId: string): Promise<KeyUsage | undefined> {
      if (!keyId.isWellFormed()) return undefined
      const [at, address, count] = readList(await get([names.usage(keyId)], []), 'usage')
      if (at === null && count === null) return undefined
      return {
        keyId,
        lastUsedAt: readWhole(at, 'at'),
        lastAddress: address === null ? null : readText(address, 'address'),
        count: readWhole(count, 'count'),
      }
    },
  }
}
