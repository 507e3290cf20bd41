import { invalidOption } from '../../options.js'
import type { ReplayStore } from '../../store.js'
import type { Commands } from './commands.js'
import type { Names } from './names.js'
import { createOperationIds } from './operation-ids.js'

/** Most nonces one key may have remembered. */
const MAX_WINDOW = 65_536

const MAX_NONCE = 2n ** 64n - 1n
/** Of the highest nonce. Lua counts in doubles, so nonces stay text; of equal length, they compare as numbers do. */
const NONCE_DIGITS = 20

/**
 * KEYS: a sorted set of equal scores, so that it is ordered by its members: `:`, a nonce, `:`, the id of the operation
 * that added it. Before them stands `!` and the highest nonce dropped: it and all below stay refused, also when the
 * window is wider later.
 * ARGV: the nonce, the window, the operation id.
 */
const ADVANCE = `
local set, nonce, window = KEYS[1], ARGV[1], tonumber(ARGV[2])
local own = ':' .. nonce .. ':' .. ARGV[3]
local function memberAt(rank) return redis.call('ZRANGE', set, rank, rank)[1] or '' end
local function nonceAt(rank) return string.sub(memberAt(rank), 2, 21) end

local known = redis.call('ZRANGEBYLEX', set, '[:' .. nonce .. ':', '(:' .. nonce .. ';')[1]
if known then return known == own and '1' or '0' end

local floors = string.sub(memberAt(0), 1, 1) == '!' and 1 or 0
local held = redis.call('ZCARD', set) - floors
local lowest = floors + math.max(held - window, 0)
if lowest > 0 and nonce <= nonceAt(lowest - 1) then return '0' end
if held >= window and nonce <= nonceAt(lowest) then return '0' end

redis.call('ZADD', set, 0, own)
if held >= window then
  local last = floors + held - window
  local dropped = nonceAt(last)
  redis.call('ZREMRANGEBYRANK', set, 0, last)
  redis.call('ZADD', set, 0, '!' .. dropped)
end
return '1'`

export async function createAdvance(commands: Commands, names: Names): Promise<ReplayStore['advance']> {
  const run = await commands.prepare(ADVANCE)
  const nextId = createOperationIds()
  return async (keyId, nonce, window) => {
    if (!Number.isSafeInteger(window) || window < 1 || window > MAX_WINDOW) {
      throw invalidOption('advance', 'window', `an integer from 1 to ${MAX_WINDOW}`)
    }
    if (nonce < 0n || nonce > MAX_NONCE) return false
    const digits = String(nonce).padStart(NONCE_DIGITS, '0')
    return (await run([names.window(keyId)], [digits, String(window), nextId()])) === '1'
  }
}
