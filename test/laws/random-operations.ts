/** Operations on the keys of a random life: each is chosen, foretold by the model, carried out, and compared. */

import { type ChangedKey, type IssuedKey, KeyError, type KeyView, type RequestedKey } from '../../src/index.js'
import {
  CONFIRMATION_MS,
  cooldownAfter,
  expiryOf,
  lapseAfter,
  lessNames,
  MAX_OVERLAP_MS,
  meaning,
  type NaiveKey,
  RANGES,
  type Scope,
  scopeFlaws,
} from './naive-keys.js'
import { isSubset } from './naive-permissions.js'
import { ACCOUNTS, addressOf, chooseCeiling, type Life, OWNER } from './random-life.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const OPERATOR = { role: 'operator', id: 'ops-1' } as const
const NOBODYS = 'not-a-permission'

/** Ids of the keys that were granted something, if any were. */
type Granted = readonly string[] | undefined
type Operate = (life: Life) => Promise<Granted>

/** Name, what it does, and how often it is chosen among the others. */
export const OPERATIONS: readonly (readonly [name: string, operate: Operate, weight: number])[] = [
  ['create', life => make(life, 'create'), 10],
  ['request', life => make(life, 'request'), 8],
  ['import', life => make(life, 'import'), 3],
  ['derive', derive, 12],
  ['reveal', reveal, 6],
  ['edit', edit, 16],
  ['renew', renew, 7],
  ['rotate', rotate, 7],
  ['confirm', confirm, 12],
  ['resend', resend, 3],
  ['suspend', life => end(life, 'suspend'), 4],
  ['resume', resume, 5],
  ['revoke', life => end(life, 'revoke'), 2],
  ['destroy', destroy, 2],
  ['freeze', freeze, 2],
  ['thaw', thaw, 4],
  ['sweep', sweep, 4],
  ['another owner', trespass, 2],
  ['narrow or widen the ceiling', moveCeiling, 8],
  ['wait', wait, 10],
]

/** Carries an operation out, and compares how it ended with what was foretold: no flaws, no refusal. */
async function attempt<T>(
  life: Life,
  { name, request, flaws }: { name: string; request: object; flaws: readonly string[] },
): Promise<T | undefined> {
  const shown = flaws.length === 0 ? 'is allowed' : `is refused: ${[...new Set(flaws)].join(' or ')}`
  life.log.push(`${life.now} ${name} ${JSON.stringify(request)} ${shown}`)
  life.tally.operations++
  const methods = life.manager as unknown as Record<string, (request: object) => Promise<T>>
  let result: T
  try {
    result = await methods[name]!({ ...request, proof: 'any' })
  } catch (error) {
    if (error instanceof KeyError && flaws.includes(error.code)) return undefined
    throw new Error(`${name} did not end as foretold: ${error instanceof Error ? error.stack : error}`)
  }
  if (flaws.length > 0) throw new Error(`${name} was carried out, against ${flaws.join(' and ')}`)
  life.tally.done[name] = (life.tally.done[name] ?? 0) + 1
  return result
}

const around = (life: Life, parent: NaiveKey | 'gone' | null) => ({ ceiling: life.ceiling, parent })

function parentOf({ keys }: Life, { parent }: NaiveKey): NaiveKey | 'gone' | null {
  return parent === null ? null : (keys.get(parent) ?? 'gone')
}

function store(life: Life, key: NaiveKey): readonly string[] {
  life.keys.set(key.keyId, key)
  return [key.keyId]
}

function chooseKey({ keys, random }: Life, suits: (key: NaiveKey) => boolean = () => true): NaiveKey | undefined {
  if (keys.size === 0) return undefined
  const suitable = [...keys.values()].filter(suits)
  // Mostly one for which the operation makes sense, and now and then any.
  return random.pick(suitable.length > 0 && random.chance(85) ? suitable : [...keys.values()])
}

const isLiving = ({ state }: NaiveKey) => state === 'active' || state === 'suspended'
const owned = ({ keyId }: NaiveKey) => ({ owner: OWNER, keyId })

/** A scope that is often allowed and sometimes not; within another one, if given. */
function chooseScope({ house, random, ceiling }: Life, within?: Scope): Omit<Scope, 'expiresAt'> {
  const all = [...Object.keys(house.implications), ...Object.keys(house.aliases)]
  const limits = [ceiling.permissions, ...(within && random.chance(85) ? [within.permissions] : [])]
  const fitting = all.filter(name => limits.every(limit => isSubset(meaning(house, [name]), meaning(house, limit))))
  const permissions = random.some(fitting.length > 0 && random.chance(75) ? fitting : all, 3)
  if (random.chance(2)) permissions.push(NOBODYS)
  const outer = within?.accounts ?? ceiling.accounts
  const accounts = random.chance(70)
    ? outer && random.some(outer, 3)
    : random.pick([null, [], random.some(ACCOUNTS, 2)])
  const narrower = within?.ipAllowlist && random.chance(80) ? within.ipAllowlist : Object.keys(RANGES)
  const open = within?.ipAllowlist ? random.chance(10) : random.chance(45)
  const ipAllowlist = open ? null : random.chance(4) ? [] : random.some(narrower, 3)
  const known = within && within.addresses.length > 0 && random.chance(80) ? within.addresses : ['a1', 'a2', 'a3']
  const addresses = random.chance(house.addressPermissions.length > 0 ? 80 : 2) ? random.some(known, 2) : []
  return { permissions, accounts, ipAllowlist, addresses }
}

function chooseExpiry({ random, now }: Life): number | null | undefined {
  if (random.chance(60)) return undefined
  if (random.chance(10)) return null
  return now + random.pick([-HOUR, 30_000, HOUR, DAY, DAY, 30 * DAY, 30 * DAY, 200 * DAY, 200 * DAY, 400 * DAY])
}

function chooseNotBefore({ random, now }: Life): number | null | undefined {
  return random.chance(85) ? undefined : random.pick([null, now + HOUR, now + 3 * DAY])
}

/** A new key as it would be stored, and what speaks against it. */
function foretellNew(
  life: Life,
  { scope, notBefore = null, expiresAt }: NewKey,
  parent: NaiveKey | null,
): { readonly flaws: readonly string[]; readonly key: NaiveKey } {
  const { house, now, keys } = life
  const expiry = expiryOf(house, { now, notBefore, expiresAt })
  const bounds = { ...scope, expiresAt: 'flaw' in expiry ? null : expiry.expiresAt }
  const isFull = [...keys.values()].filter(({ state }) => state !== 'revoked').length >= house.keysPerOwner
  const flaws = [
    ...('flaw' in expiry ? [expiry.flaw] : []),
    ...scopeFlaws(house, bounds, around(life, parent)),
    ...(isFull ? ['ERR_KEY_LIMIT'] : []),
  ]
  const lapseAt = lapseAfter(house, bounds, { since: null, now })
  const born = {
    keyId: '',
    state: 'active',
    frozen: false,
    cooldown: null,
    secrets: [],
    pending: null,
    version: 1,
  } as const
  return { flaws, key: { ...born, ...bounds, notBefore, lapseAt, parent: parent?.keyId ?? null } }
}

interface NewKey {
  readonly scope: Omit<Scope, 'expiresAt'>
  readonly notBefore: number | null | undefined
  readonly expiresAt: number | null | undefined
}

function asRequest({ scope, notBefore, expiresAt }: NewKey): object {
  return { owner: OWNER, label: '', ...scope, addresses: scope.addresses.map(addressOf), notBefore, expiresAt }
}

async function make(life: Life, name: 'create' | 'request' | 'import'): Promise<Granted> {
  const asked: NewKey = { scope: chooseScope(life), notBefore: chooseNotBefore(life), expiresAt: chooseExpiry(life) }
  const { flaws, key } = foretellNew(life, asked, null)
  const mailed = life.house.mails.includes('request')
  const request = asRequest(asked)
  if (name === 'create') {
    const made = await attempt<IssuedKey>(life, {
      name,
      request,
      flaws: mailed ? ['ERR_CONFIRMATION_REQUIRED'] : flaws,
    })
    return made && store(life, withSecret({ ...key, keyId: made.key.keyId }, made))
  }
  if (name === 'import') {
    const material = { keyId: `imported-${life.log.length}`, secret: `a-secret-from-elsewhere-${life.log.length}` }
    const made = await attempt<KeyView>(life, { name, request: { ...request, ...material, actor: OPERATOR }, flaws })
    const secrets = [{ text: material.secret, notAfter: null }]
    return made && store(life, { ...key, keyId: made.keyId, secrets })
  }
  const made = await attempt<RequestedKey>(life, { name, request, flaws })
  if (made === undefined) return undefined
  const waiting = { state: 'pending', pending: pendingNow(life, 'request', {}) } as const
  return store(life, { ...key, keyId: made.key.keyId, ...(mailed ? waiting : {}) })
}

function pendingNow(life: Life, operation: NonNullable<NaiveKey['pending']>['operation'], parameters: object) {
  return { operation, parameters, token: life.tokens.at(-1)!, expiresAt: life.now + CONFIRMATION_MS }
}

function withSecret(key: NaiveKey, { credentials }: IssuedKey): NaiveKey {
  return { ...key, secrets: [{ text: credentials.secret.reveal(), notAfter: null }] }
}

async function derive(life: Life): Promise<Granted> {
  const parent = chooseKey(life, ({ state }) => state === 'active')
  if (parent === undefined) return undefined
  const { house, random, keys } = life
  const expiresAt = random.chance(70) ? undefined : chooseExpiry(life)
  const asked: NewKey = { scope: chooseScope(life, parent), notBefore: chooseNotBefore(life), expiresAt }
  const inherited = { ...asked, expiresAt: expiresAt === undefined ? parent.expiresAt : expiresAt }
  const { flaws, key } = foretellNew(life, inherited, parent)
  let generation = 1
  for (let id = parent.parent; id !== null; generation++) id = keys.get(id)?.parent ?? null
  const more = [
    ...(parent.state === 'active' ? [] : ['ERR_KEY_STATE']),
    ...(generation > house.childDepth ? ['ERR_POLICY_VIOLATED'] : []),
  ]
  const request = { ...asRequest(asked), keyId: parent.keyId }
  const made = await attempt<IssuedKey>(life, { name: 'derive', request, flaws: [...flaws, ...more] })
  return made && store(life, withSecret({ ...key, keyId: made.key.keyId }, made))
}

async function reveal(life: Life): Promise<Granted> {
  const key = chooseKey(life, ({ state, secrets }) => state === 'active' && secrets.length === 0)
  if (key === undefined) return undefined
  const flaws = [
    ...(key.state === 'active' ? [] : ['ERR_KEY_STATE']),
    ...(key.secrets.length > 0 ? ['ERR_SECRET_REVEALED'] : []),
    ...scopeFlaws(life.house, key, around(life, parentOf(life, key))),
  ]
  const made = await attempt<IssuedKey>(life, { name: 'reveal', request: owned(key), flaws })
  return made && store(life, withSecret({ ...key, version: key.version + 1 }, made))
}

type Change =
  | { readonly operation: 'edit'; readonly parameters: Partial<Scope & Pick<NaiveKey, 'notBefore'>> }
  | { readonly operation: 'renew'; readonly parameters: { readonly expiresAt?: number | null } }
  | { readonly operation: 'rotate'; readonly parameters: { readonly overlapMs: number } }

/** A key after a change, and what speaks against that. */
function foretellChange(life: Life, key: NaiveKey, change: Change): { flaws: readonly string[]; next: NaiveKey } {
  const { house, now } = life
  const flaws: string[] = isLiving(key) ? [] : ['ERR_KEY_STATE']
  let next: NaiveKey = { ...key, pending: null, version: key.version + 1 }
  if (change.operation === 'edit') next = { ...next, ...change.parameters }
  if (change.operation === 'rotate' && change.parameters.overlapMs > MAX_OVERLAP_MS) flaws.push('ERR_POLICY_VIOLATED')
  const isTimed = 'expiresAt' in change.parameters || 'notBefore' in change.parameters
  if (change.operation === 'renew' || isTimed) {
    const asked = change.operation === 'renew' ? change.parameters.expiresAt : next.expiresAt
    const expiry = expiryOf(house, { now, notBefore: next.notBefore, expiresAt: asked })
    if ('flaw' in expiry) flaws.push(expiry.flaw)
    else next = { ...next, expiresAt: expiry.expiresAt }
  }
  flaws.push(...scopeFlaws(house, next, around(life, parentOf(life, key))))
  next = { ...next, lapseAt: lapseAfter(house, next, { since: key.lapseAt, now }) }
  return { flaws, next: { ...next, cooldown: cooldownAfter(house, key, next, now) } }
}

function carryOut(life: Life, key: NaiveKey, { change, next, result }: Carried): readonly string[] {
  if (change.operation !== 'rotate') return store(life, next)
  const text = result.credentials!.secret.reveal()
  const ends = Math.min(life.now + change.parameters.overlapMs, key.expiresAt ?? Number.MAX_VALUE)
  const kept = key.secrets.filter(({ notAfter }) => notAfter === null).map(secret => ({ ...secret, notAfter: ends }))
  return store(life, { ...next, secrets: [...(ends > life.now ? kept : []), { text, notAfter: null }] })
}

interface Carried {
  readonly change: Change
  readonly next: NaiveKey
  readonly result: ChangedKey
}

async function changeKey(life: Life, change: Change, key: NaiveKey): Promise<Granted> {
  const { operation, parameters } = change
  const { flaws, next } = foretellChange(life, key, change)
  const isLonger = (next.expiresAt ?? Number.MAX_VALUE) > (key.expiresAt ?? Number.MAX_VALUE)
  const alsoRenews = operation === 'edit' && isLonger && life.house.mails.includes('renew')
  const isMailed = life.house.mails.includes(operation) || alsoRenews
  const based = operation === 'edit' ? { version: key.version } : {}
  const given = 'addresses' in parameters ? { addresses: parameters.addresses?.map(addressOf) } : {}
  const request = { ...owned(key), ...based, ...parameters, ...given }
  const result = await attempt<ChangedKey>(life, { name: operation, request, flaws })
  if (result === undefined) return undefined
  if (!isMailed) return carryOut(life, key, { change, next, result })
  // Nothing is granted before the mail is answered.
  life.keys.set(key.keyId, { ...key, pending: pendingNow(life, operation, parameters), version: key.version + 1 })
  return undefined
}

async function edit(life: Life): Promise<Granted> {
  const key = chooseKey(life, isLiving)
  if (key === undefined) return undefined
  const { random } = life
  const parent = parentOf(life, key)
  const { permissions, accounts, ipAllowlist, addresses } = chooseScope(
    life,
    typeof parent === 'object' && parent ? parent : undefined,
  )
  const expiresAt = chooseExpiry(life)
  const notBefore = chooseNotBefore(life)
  const parameters = {
    ...(random.chance(60) && { permissions }),
    ...(random.chance(30) && { accounts }),
    ...(random.chance(40) && { ipAllowlist }),
    ...(random.chance(30) && { addresses }),
    ...(random.chance(30) && expiresAt !== undefined && { expiresAt }),
    ...(random.chance(20) && notBefore !== undefined && { notBefore }),
  }
  return changeKey(life, { operation: 'edit', parameters }, key)
}

async function renew(life: Life): Promise<Granted> {
  const key = chooseKey(life, isLiving)
  const expiresAt = chooseExpiry(life)
  const parameters = expiresAt === undefined ? {} : { expiresAt }
  return key && changeKey(life, { operation: 'renew', parameters }, key)
}

async function rotate(life: Life): Promise<Granted> {
  const key = chooseKey(life, isLiving)
  const overlapMs = life.random.pick([0, HOUR, DAY, MAX_OVERLAP_MS, MAX_OVERLAP_MS + 1])
  return key && changeKey(life, { operation: 'rotate', parameters: { overlapMs } }, key)
}

async function confirm(life: Life): Promise<Granted> {
  const { random, tokens, keys, now } = life
  if (tokens.length === 0) return undefined
  const token = random.pick(random.chance(75) ? tokens.slice(-2) : tokens)
  const key = [...keys.values()].find(({ pending }) => pending?.token === token)
  if (key?.pending == null || now >= key.pending.expiresAt) {
    return attempt(life, { name: 'confirm', request: { token }, flaws: ['ERR_CONFIRMATION_INVALID'] })
  }
  const { operation, parameters } = key.pending
  if (operation === 'request') {
    const flaws = scopeFlaws(life.house, key, around(life, null))
    const result = await attempt<ChangedKey>(life, { name: 'confirm', request: { token }, flaws })
    return result && store(life, { ...key, state: 'active', pending: null, version: key.version + 1 })
  }
  const change = { operation, parameters } as Change
  const { flaws, next } = foretellChange(life, key, change)
  const result = await attempt<ChangedKey>(life, { name: 'confirm', request: { token }, flaws })
  return result && carryOut(life, key, { change, next, result })
}

async function resend(life: Life): Promise<Granted> {
  const key = chooseKey(life, ({ pending }) => pending !== null)
  if (key === undefined) return undefined
  const flaws = key.pending === null ? ['ERR_KEY_STATE'] : []
  const result = await attempt<RequestedKey>(life, { name: 'resend', request: owned(key), flaws })
  if (result === undefined || key.pending === null) return undefined
  const pending = pendingNow(life, key.pending.operation, key.pending.parameters)
  life.keys.set(key.keyId, { ...key, pending, version: key.version + 1 })
  return undefined
}

async function end(life: Life, name: 'suspend' | 'revoke'): Promise<Granted> {
  const key = chooseKey(life, isLiving)
  if (key === undefined) return undefined
  const flaws = name === 'revoke' || isLiving(key) ? [] : ['ERR_KEY_STATE']
  const result = await attempt<KeyView>(life, { name, request: { ...owned(key), reason: 'why' }, flaws })
  if (result === undefined) return undefined
  if (name === 'revoke') revokeTree(life, key)
  else if (key.state === 'active') store(life, stopped(key, 'suspended'))
  return undefined
}

const stopped = (key: NaiveKey, state: 'suspended' | 'revoked'): NaiveKey => ({
  ...{ ...key, state, pending: null, version: key.version + 1 },
})

function revokeTree(life: Life, key: NaiveKey): void {
  if (key.state !== 'revoked') store(life, stopped(key, 'revoked'))
  for (const child of [...life.keys.values()]) {
    if (child.parent === key.keyId && child.state !== 'revoked') revokeTree(life, child)
  }
}

async function destroy(life: Life): Promise<Granted> {
  const key = chooseKey(life)
  if (key === undefined) return undefined
  await attempt(life, { name: 'destroy', request: { ...owned(key), reason: 'why' }, flaws: [] })
  revokeTree(life, key)
  life.keys.delete(key.keyId)
  return undefined
}

function foretellResumed(life: Life, key: NaiveKey): { flaws: readonly string[]; next: NaiveKey } {
  const { house, now } = life
  const lapseAt = lapseAfter(house, key, { since: key.lapseAt, now })
  const next: NaiveKey = { ...key, state: 'active', frozen: false, lapseAt, version: key.version + 1 }
  return { flaws: scopeFlaws(house, key, around(life, parentOf(life, key))), next }
}

async function resume(life: Life): Promise<Granted> {
  const key = chooseKey(life, ({ state }) => state === 'suspended')
  if (key === undefined) return undefined
  const { flaws, next } = foretellResumed(life, key)
  const name = 'resume'
  if (key.state !== 'suspended') {
    await attempt(life, { name, request: owned(key), flaws: key.state === 'active' ? [] : ['ERR_KEY_STATE'] })
    return undefined
  }
  return (await attempt<KeyView>(life, { name, request: owned(key), flaws })) && store(life, next)
}

async function freeze(life: Life): Promise<Granted> {
  await attempt(life, { name: 'freeze', request: { owner: OWNER, reason: 'why' }, flaws: [] })
  for (const key of [...life.keys.values()]) {
    if (key.state === 'active') store(life, { ...stopped(key, 'suspended'), frozen: true })
    if (key.state === 'pending') store(life, stopped(key, 'revoked'))
  }
  return undefined
}

async function thaw(life: Life): Promise<Granted> {
  await attempt(life, { name: 'thaw', request: { owner: OWNER, actor: OPERATOR }, flaws: [] })
  const granted: string[] = []
  for (const key of [...life.keys.values()]) {
    if (key.state !== 'suspended' || !key.frozen) continue
    const { flaws, next } = foretellResumed(life, key)
    if (flaws.length === 0) granted.push(...store(life, next))
  }
  return granted
}

/** Drops what time has ended. It grants nothing, so no ceiling is asked. */
async function sweep(life: Life): Promise<Granted> {
  const { house, keys, now } = life
  await attempt(life, { name: 'sweep', request: { since: now, actor: OPERATOR }, flaws: [] })
  for (const key of [...keys.values()]) {
    const isDead = key.pending !== null && key.pending.expiresAt <= now
    const lapses = key.lapseAt !== null && key.lapseAt <= now
    if (key.state === 'pending' && isDead) keys.delete(key.keyId)
    if (!isLiving(key) || (!isDead && !lapses)) continue
    const left = [...lessNames(house, meaning(house, key.permissions), house.lapse?.permissions ?? [])]
    const lapsed = lapses ? { permissions: left, lapseAt: null } : {}
    store(life, { ...key, ...lapsed, pending: isDead ? null : key.pending, version: key.version + 1 })
  }
  return undefined
}

/** Another owner who knows a key's id. */
async function trespass(life: Life): Promise<Granted> {
  const key = chooseKey(life)
  if (key === undefined) return undefined
  const { permissions, accounts, ipAllowlist } = key
  const scope = { label: '', permissions, accounts, ipAllowlist }
  const [name, more] = life.random.pick<readonly [string, object]>([
    ['edit', { version: key.version, ipAllowlist: null }],
    ['renew', {}],
    ['rotate', { overlapMs: 0 }],
    ['reveal', {}],
    ['derive', scope],
    ['resume', {}],
    ['resend', {}],
    ['revoke', { reason: 'why' }],
    ['destroy', { reason: 'why' }],
  ])
  const request = { owner: 'mallory', keyId: key.keyId, ...more }
  return attempt<undefined>(life, { name, request, flaws: ['ERR_KEY_NOT_FOUND'] })
}

async function moveCeiling(life: Life): Promise<Granted> {
  life.ceiling = chooseCeiling(life.house, life.random)
  life.ownerFrozen = life.random.chance(5)
  life.log.push(`${life.now} ceiling ${JSON.stringify(life.ceiling)}${life.ownerFrozen ? ', frozen' : ''}`)
  return undefined
}

async function wait(life: Life): Promise<Granted> {
  life.now += life.random.pick([1000, 10 * 60_000, CONFIRMATION_MS, HOUR, DAY, 3 * DAY, 10 * DAY, 40 * DAY])
  life.log.push(`${life.now} now`)
  return undefined
}
