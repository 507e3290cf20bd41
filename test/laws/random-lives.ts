/**
 * Random lives of an owner's keys, foretold by the naive model: every operation must end as foretold, every record must
 * be stored as foretold and lie within its ceiling, and sampled requests must pass exactly where the model lets them.
 */

import { createSigner } from '../../src/client/index.js'
import type { KeyRecord } from '../../src/index.js'
import { scheme } from './houses.js'
import { excesses, mayDo, meaning, type NaiveKey, type NaiveRequest } from './naive-keys.js'
import { addressOf, beginLife, type Life, OWNER, type Spoiled, type Tally } from './random-life.js'
import { OPERATIONS } from './random-operations.js'

export { createTally } from './random-life.js'

/**
 * Leads one life of 4 to 20 operations.
 *
 * @throws {Error} naming the law that is broken, the seed, and all that was done
 */
export async function leadLife(seed: number, tally: Tally, spoiled: Spoiled = {}): Promise<void> {
  const life = beginLife(seed, tally, spoiled)
  const { random, keys } = life
  tally.lives++
  try {
    for (let left = 4 + random.below(17); left > 0; left--) {
      const [, operate] = random.pick(keys.size === 0 ? MAKING : ALL)
      await check(life, (await operate(life)) ?? [])
      if (random.chance(25)) await sample(life)
    }
  } catch (error) {
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new Error(`${told}\n${life.log.join('\n')}\nagain: npm run fuzz -- --lives 1 --seed ${seed}`)
  }
}

const inWeight = (operations: typeof OPERATIONS) =>
  operations.flatMap(operation => Array.from({ length: operation[2] }, () => operation))
const ALL = inWeight(OPERATIONS)
const MAKING = inWeight(OPERATIONS.filter(([name]) => ['create', 'request', 'import'].includes(name)))

/** The records in the store, by what they should be; those that were just granted something, by the law as well. */
async function check(life: Life, granted: readonly string[]): Promise<void> {
  const rows = await life.store.list({ owner: OWNER, limit: 100 })
  const records = new Map(rows.map(row => [row.keyId, JSON.parse(row.record) as KeyRecord]))
  for (const keyId of granted) {
    const record = records.get(keyId)
    if (record === undefined) throw new Error(`${keyId} is not stored`)
    const parent = record.parent === null ? undefined : records.get(record.parent)
    const above = excesses(life.house, scopeOf(record), {
      ceiling: life.ceiling,
      parent: parent ? scopeOf(parent) : null,
    })
    if (above.length > 0) throw new Error(`${keyId} has ${above.join(', ')}: ${JSON.stringify(record)}`)
  }
  for (const { keyId } of [...rows, ...life.keys.values()]) {
    const [record, key] = [records.get(keyId), life.keys.get(keyId)]
    if (key !== undefined && life.compared.get(key) === record?.version) continue
    const differing = differences(life, record, key)
    if (differing.length > 0) throw new Error(`${keyId} is stored with another ${differing.join(', ')} than foretold`)
    life.compared.set(key!, record!.version)
  }
}

function scopeOf({ permissions, accounts, ipAllowlist, addresses, expiresAt }: KeyRecord) {
  return { permissions, accounts, ipAllowlist, addresses: addresses.map(({ address }) => address), expiresAt }
}

function differences(
  { house, now }: Life,
  record: KeyRecord | undefined,
  key: NaiveKey | undefined,
): readonly string[] {
  if (record === undefined || key === undefined) return ['existence']
  const set = (names: readonly string[]) => [...meaning(house, names)].sort()
  const cooldown = (one: { readonly until: number } | null, names: Iterable<string> = []) =>
    one !== null && one.until > now ? [one.until, set([...names])] : null
  const actual: Record<string, unknown> = {
    ...{ state: record.state, parent: record.parent, version: record.version },
    ...scopeOf(record),
    permissions: set(record.permissions),
    ...{ notBefore: record.notBefore, lapseAt: record.lapse?.at ?? null },
    cooldown: cooldown(record.cooldown, record.cooldown?.permissions),
    pending: record.confirmation?.expiresAt ?? null,
    secrets: record.secrets.filter(({ notAfter }) => (notAfter ?? Number.MAX_VALUE) > now).length,
  }
  const foretold: Record<string, unknown> = {
    ...key,
    permissions: set(key.permissions),
    cooldown: cooldown(key.cooldown, key.cooldown?.names),
    pending: key.pending?.expiresAt ?? null,
    secrets: key.secrets.filter(({ notAfter }) => (notAfter ?? Number.MAX_VALUE) > now).length,
  }
  return Object.keys(actual).filter(name => JSON.stringify(actual[name]) !== JSON.stringify(foretold[name]))
}

/** Signs a request with a key, and has it judged for every permission there is. */
async function sample(life: Life): Promise<void> {
  const { random, house, verifier, tally, keys, now } = life
  const having = [...keys.values()].filter(({ secrets }) => secrets.length > 0)
  if (having.length === 0) return
  const children = having.filter(({ parent }) => parent !== null)
  const key = random.pick(children.length > 0 && random.chance(50) ? children : having)
  const secret = random.pick(key.secrets)
  const circumstances = {
    now,
    ip: random.pick([1, 2, 4, 5, 9]),
    account: random.chance(75) ? (key.accounts?.[0] ?? null) : random.pick(['spot', 'margin', null, undefined]),
    withdrawal: random.chance(75) ? key.addresses[0] : random.pick(['a1', 'a2', 'a9', undefined]),
  }
  const signer = createSigner({ scheme, keyId: key.keyId, secret: secret.text, clock: () => now })
  const signed = { ...(await signer.sign({ method: 'GET', target: '/v1/x' })), ip: `10.0.0.${circumstances.ip}` }
  const proven = secret.notAfter === null || now < secret.notAfter
  const ceiling = life.ownerFrozen ? null : life.ceiling
  for (const permission of [...Object.keys(house.implications), ...Object.keys(house.aliases)]) {
    const request: NaiveRequest = { ...circumstances, permission }
    const { account, withdrawal } = request
    const verdict = await verifier.verify(signed, {
      permission,
      account,
      withdrawal: withdrawal === undefined ? undefined : addressOf(withdrawal),
    })
    const may = proven && mayDo(house, { keys, ceiling }, { key, request })
    tally.requests++
    if (verdict.ok) tally.passed++
    if (verdict.ok === may) continue
    const told = JSON.stringify({ ...request, keyId: key.keyId, secret: secret.text })
    throw new Error(verdict.ok ? `passed above the ceiling: ${told}` : `refused as ${verdict.denial}: ${told}`)
  }
}
