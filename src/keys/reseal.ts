import type { Sealer } from '../crypto/sealer.js'
import { ConfigError, KeyError, SealError } from '../errors.js'
import type { KeyRecord, StoredSecret } from '../key.js'
import type { KeyRow } from '../store.js'
import { decodeKey, encodeKey } from './codec.js'
import { sealContext } from './compiled-secret.js'
import { conflict, type Desk } from './desk.js'
import { advanceKey } from './lifecycle.js'
import type { UnreadableKey } from './manager-types.js'
import { allKeys, readScan } from './scanning.js'
import type { MasterKeyCount, ResealedKeys, UpkeepStep } from './upkeep-types.js'

/** How often a key is read again when others keep writing it. */
const MAX_TRIES = 10

/** The sealer, and the master key it seals with. */
interface Seal {
  readonly sealer: Sealer
  readonly primary: string
}

/**
 * One step over all keys. Every key is one compare-and-set, so that whatever stops the step leaves each key as it was
 * or sealed anew, and steps at the same time do no harm.
 */
export async function resealKeys(desk: Desk, step: Omit<UpkeepStep, 'actor'>): Promise<ResealedKeys> {
  const seal = await sealOf(desk)
  const { rows, next } = await readScan(desk, step)
  const failed: UnreadableKey[] = []
  let resealed = 0
  for (const row of rows) {
    const outcome = await resealRow(desk, row, seal)
    if (outcome === true) resealed++
    else if (outcome !== false) failed.push({ keyId: row.keyId, error: outcome })
  }
  return { scanned: rows.length, resealed, skipped: rows.length - resealed - failed.length, failed, next }
}

export async function countMasterKeys(desk: Desk): Promise<MasterKeyCount> {
  const { sealer, primary } = await sealOf(desk)
  const secrets = new Map<string, number>()
  const unreadable: UnreadableKey[] = []
  for await (const records of allKeys(desk, unreadable)) {
    for (const record of records) countRecord(record, sealer, { secrets, unreadable })
  }
  return { primary, secrets, unreadable }
}

function countRecord(
  record: KeyRecord,
  sealer: Sealer,
  { secrets, unreadable }: { secrets: Map<string, number>; unreadable: UnreadableKey[] },
): void {
  const ids = masterKeysOf(record, sealer)
  if (ids instanceof SealError) unreadable.push({ keyId: record.keyId, error: ids })
  else for (const id of ids) secrets.set(id, (secrets.get(id) ?? 0) + 1)
}

/** A sealer says which master key it sealed with, never which it will: so it is asked to seal something. */
async function sealOf({ sealer }: Desk): Promise<Seal> {
  if (sealer === undefined) {
    throw new ConfigError('ERR_OPTION_MISSING', "this needs the manager's option 'sealer'", { field: 'sealer' })
  }
  const sealed = await sealer.seal(new Uint8Array(1), { owner: 'house', keyId: 'none', field: 'probe', version: 0 })
  return { sealer, primary: sealer.keyIdOf(sealed) }
}

/** Whether the key was sealed anew; an error is its own trouble and stops no other key. */
async function resealRow(desk: Desk, row: KeyRow, seal: Seal): Promise<boolean | KeyError | SealError> {
  try {
    let current: KeyRow | undefined = row
    for (let tries = 0; tries < MAX_TRIES && current !== undefined; tries++) {
      const record = decodeKey(current)
      const next = await resealRecord(record, seal, desk.clock())
      if (next === record) return false
      if (await desk.keys.replace(encodeKey(next), record.version)) return true
      current = await desk.keys.get(row.keyId)
    }
    return current === undefined ? false : conflict()
  } catch (error) {
    if (error instanceof KeyError || error instanceof SealError) return error
    throw error
  }
}

/** The same record when nothing is to do. A secret that no longer passes is dropped, whether or not it would open. */
async function resealRecord(record: KeyRecord, { sealer, primary }: Seal, now: number): Promise<KeyRecord> {
  const isDue = ({ kind, value }: StoredSecret) => kind === 'sealed' && sealer.keyIdOf(value) !== primary
  if (!record.secrets.some(isDue)) return record
  const living = record.secrets.filter(({ notAfter }) => notAfter === null || notAfter > now)
  const secrets = await Promise.all(
    living.map(async secret => (isDue(secret) ? { ...secret, value: await sealAnew(sealer, record, secret) } : secret)),
  )
  // Nobody changed anything that its owner could see.
  return { ...advanceKey(record, 'reseal', { change: { secrets }, now }), updatedAt: record.updatedAt }
}

async function sealAnew(sealer: Sealer, record: KeyRecord, { value, version }: StoredSecret): Promise<string> {
  const context = sealContext(record, version)
  const plaintext = await sealer.open(value, context)
  try {
    return await sealer.seal(plaintext, context)
  } finally {
    plaintext.fill(0)
  }
}

function masterKeysOf({ secrets }: KeyRecord, sealer: Sealer): readonly string[] | SealError {
  try {
    return secrets.flatMap(({ kind, value }) => (kind === 'sealed' ? sealer.keyIdOf(value) : []))
  } catch (error) {
    if (error instanceof SealError) return error
    throw error
  }
}
