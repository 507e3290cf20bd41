/**
 * The scripts of the key store. KEYS: the ids of all keys, a sorted set of equal scores, so that it is ordered by its
 * members' bytes. Its name and what follows it name the rest:
 *
 * - `:row:` and a key id: the row, a hash, and in `by` the id of the operation that wrote it last
 * - `:owned:` and an owner: the ids of the owner's keys, a sorted set like that of all keys
 * - `:living:` and an owner: the ids of those that are not revoked, a set, because its size is the owner's count
 *
 * One hash tag holds all of them: a key id is unique across owners, and an owner's count is exact, only where one
 * script sees them together. While a Cluster moves their slot, what has gone ahead is beyond reach: a script that writes
 * asks for all it will touch first, and so fails before it has changed anything.
 */

const FIELDS = `'owner', 'state', 'expiresAt', 'createdAt', 'version', 'record'`

/**
 * KEYS: the row, and nothing else, so that a driver can follow it to where it was moved. Answers with its fields, or none.
 * A write that changes nothing comes first, because a replica refuses it: what a replica knows of a revocation is late.
 */
export const GET: string = `
redis.call('HDEL', KEYS[1], '')
local fields = redis.call('HMGET', KEYS[1], ${FIELDS})
for i = 1, 6 do if fields[i] then return fields end end
return {}`

/** What writes share: the operation id, then the fields in their order. */
const VALUES = `
local by, keyId, owner, state = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local row, owned, living = KEYS[1] .. ':row:' .. keyId, KEYS[1] .. ':owned:' .. owner, KEYS[1] .. ':living:' .. owner
redis.call('EXISTS', KEYS[1], row, owned, living)
local function index()
  redis.call(state == 'revoked' and 'SREM' or 'SADD', living, keyId)
  redis.call('ZADD', owned, 0, keyId)
  redis.call('ZADD', KEYS[1], 0, keyId)
end
local function write()
  redis.call('HSET', row, 'by', by, 'owner', owner, 'state', state, 'expiresAt', ARGV[5], 'createdAt', ARGV[6],
    'version', ARGV[7], 'record', ARGV[8])
end`

/**
 * ARGV: as above, then the limit. The row comes last: should the script stop half way, because something else stands
 * under a name, there is no key that works.
 */
export const INSERT: string = `${VALUES}
if redis.call('EXISTS', row) == 1 then return redis.call('HGET', row, 'by') == by and 'inserted' or 'exists' end
if not (redis.call('SCARD', living) < tonumber(ARGV[9])) then return 'limit' end
index()
write()
return 'inserted'`

/** ARGV: as above, then the expected version. The row comes first: a revocation must land, whatever stands elsewhere. */
export const REPLACE: string = `${VALUES}
local version, before, last = unpack(redis.call('HMGET', row, 'version', 'owner', 'by'))
if version ~= ARGV[9] then return last == by and '1' or '0' end
local formerly, lived = KEYS[1] .. ':owned:' .. (before or owner), KEYS[1] .. ':living:' .. (before or owner)
redis.call('EXISTS', formerly, lived)
write()
if formerly ~= owned then
  redis.call('ZREM', formerly, keyId)
  redis.call('SREM', lived, keyId)
end
index()
return '1'`

/** ARGV: the key id, the expected version. */
export const REMOVE: string = `
local row = KEYS[1] .. ':row:' .. ARGV[1]
local version, owner = unpack(redis.call('HMGET', row, 'version', 'owner'))
if version ~= ARGV[2] then return '0' end
local owned, living = KEYS[1] .. ':owned:' .. (owner or ''), KEYS[1] .. ':living:' .. (owner or '')
redis.call('EXISTS', KEYS[1], owned, living)
redis.call('DEL', row)
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', owned, ARGV[1])
redis.call('SREM', living, ARGV[1])
return '1'`

/** A page of rows, each led by its key id. A row that is no hash is left with its id alone. */
const PAGE = `
local page = {}
for i, keyId in ipairs(redis.call('ZRANGEBYLEX', ids, ARGV[2], '+', 'LIMIT', 0, ARGV[1])) do
  local fields = redis.pcall('HMGET', KEYS[1] .. ':row:' .. keyId, ${FIELDS})
  if fields.err then
    if not string.find(fields.err, 'WRONGTYPE', 1, true) then return fields end
    fields = {}
  end
  table.insert(fields, 1, keyId)
  page[i] = fields
end
return page`

/** ARGV: the limit, from where, the owner. */
export const LIST: string = `local ids = KEYS[1] .. ':owned:' .. ARGV[3]${PAGE}`

/** ARGV: the limit, from where. */
export const SCAN: string = `local ids = KEYS[1]${PAGE}`
