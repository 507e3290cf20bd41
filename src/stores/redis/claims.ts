import type { ReplayStore } from '../../store.js'
import { isInstant } from '../../time.js'
import { createBatches, type PendingClaim } from './batches.js'
import type { Commands, Run } from './commands.js'
import { GROUPS, type Names } from './names.js'
import { createOperationIds } from './operation-ids.js'
import { corrupt } from './replies.js'

export interface ClaimOptions {
  /** Whether keys of different groups may be in one command. A Cluster refuses that. */
  readonly together: boolean
  /** Live tokens one API key may have; `undefined` = any number. */
  readonly maxClaimsPerKey: number | undefined
}

/**
 * KEYS: the horizon, then the token of each claim. ARGV: the operation id, then the expiry of each claim.
 * Answers with 1 (accepted) or 0 for each claim.
 *
 * Time is the server's: one clock for all who share it, and the one by which it forgets. A token whose time has passed
 * by that clock is refused, so what was forgotten cannot be accepted. Should that clock itself be set back, the highest
 * time seen (to 100 ms) rules for an hour, or until it is reached again.
 */
const TIME = `
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local horizon = tonumber(call('GET', KEYS[1]) or 0)
if now > horizon + 100 then
  call('SET', KEYS[1], now)
elseif now < horizon and call('PTTL', KEYS[1]) < 0 then
  call('PEXPIRE', KEYS[1], 3600000)
end
horizon = math.max(now, horizon)
local answers = {}
`

const CLAIM = `${TIME}
for i = 1, #KEYS - 1 do
  local token, id, expiry = KEYS[i + 1], ARGV[1] .. i, ARGV[i + 1]
  if expiry + 0 <= horizon then
    answers[i] = '0'
  elseif call('SET', token, id, 'NX', 'PXAT', expiry) or redis.pcall('GET', token) == id then
    answers[i] = '1'
  else
    answers[i] = '0'
  end
end
return table.concat(answers)`

/**
 * The same under a limit. KEYS: the horizon, then for each claim its token and the tally of its API key, a hash of the
 * numbers accepted by expiry. ARGV: the operation id, the expiries, the limit.
 *
 * A tally counts in steps of 5 s, so it is never below the number of live tokens.
 */
const CLAIM_LIMITED = `${TIME}
local limit = tonumber(ARGV[#ARGV])

local function isFull(tally)
  local live = 0
  local counts = call('HGETALL', tally)
  for i = 1, #counts, 2 do
    if counts[i] * 5000 <= now then call('HDEL', tally, counts[i]) else live = live + counts[i + 1] end
  end
  return live >= limit
end

local function count(tally, expiry)
  call('HINCRBY', tally, math.ceil(expiry / 5000), 1)
  local left = expiry - now + 5000
  if call('PTTL', tally) < left then call('PEXPIRE', tally, left) end
end

for i = 1, (#KEYS - 1) / 2 do
  local token, tally, id, expiry = KEYS[i * 2], KEYS[i * 2 + 1], ARGV[1] .. i, ARGV[i + 1]
  answers[i] = '0'
  if expiry + 0 > horizon then
    if not isFull(tally) and call('SET', token, id, 'NX', 'PXAT', expiry) then
      answers[i] = '1'
      count(tally, expiry)
    elseif redis.pcall('GET', token) == id then
      answers[i] = '1'
    end
  end
end
return table.concat(answers)`

export async function createClaim(
  commands: Commands,
  names: Names,
  { together, maxClaimsPerKey }: ClaimOptions,
): Promise<ReplayStore['claim']> {
  const run = await commands.prepare(maxClaimsPerKey === undefined ? CLAIM : CLAIM_LIMITED)
  const limit = maxClaimsPerKey === undefined ? [] : [String(maxClaimsPerKey)]
  const nextId = createOperationIds()
  const batchesOf = (group: string) => {
    const horizon = names.horizon(group)
    return createBatches(batch => sendBatch(run, [horizon, `${nextId()}.`, limit], batch))
  }
  const shared = together ? batchesOf(GROUPS[0]!) : undefined
  const byGroup = new Map(GROUPS.map(group => [group, shared ?? batchesOf(group)]))

  return (keyId, token, expiresAt) => {
    if (!isInstant(expiresAt)) return false
    const group = names.groupOf(keyId)
    const name = names.token(group, keyId, token)
    const tally = maxClaimsPerKey === undefined ? undefined : names.tally(group, keyId)
    return new Promise((resolve, reject) => {
      byGroup.get(group)!({ name, tally, expiresAt, resolve, reject })
    })
  }
}

async function sendBatch(
  run: Run,
  [horizon, id, limit]: readonly [string, string, readonly string[]],
  batch: readonly PendingClaim[],
): Promise<string> {
  const keys = [horizon]
  const args = [id]
  for (const { name, tally, expiresAt } of batch) {
    keys.push(name)
    if (tally !== undefined) keys.push(tally)
    args.push(String(expiresAt))
  }
  const answers = await run(keys, [...args, ...limit])
  if (typeof answers !== 'string' || answers.length !== batch.length) throw corrupt('claim')
  return answers
}
