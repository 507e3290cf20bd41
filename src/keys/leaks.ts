import { sha256 } from '#hash'
import { decodeHex, encodeHex, encodeUtf8 } from '../bytes.js'
import { randomBytes } from '../crypto/random.js'
import { KeyError, SealError } from '../errors.js'
import type { KeyRecord, StoredSecret } from '../key.js'
import { sealContext } from './compiled-secret.js'
import { findCredentials, parseCredential } from './credentials.js'
import type { Desk } from './desk.js'
import { endUnlessGone } from './ending.js'
import { digestOfPair, leakedPairs } from './leaked-pairs.js'
import { decodeOrError } from './listing.js'
import type { UnreadableKey } from './manager-types.js'
import { allKeys } from './scanning.js'
import type { LeakedKey, LeakReport, LeakResponse } from './upkeep-types.js'

const MAX_TEXT = 262_144
/** What is shorter is no secret. */
const MIN_WORD = 16
/** Leads the reason of every key a report ended. */
const LEAKED = 'leaked: '

/**
 * How a secret can stand in a text: alone between blanks or quotes, or next to other signs as base64, as a token, or as
 * plain letters and digits.
 */
const WORDS = [/[^\s"'`]+/g, /[A-Za-z0-9+/]+={0,2}/g, /[A-Za-z0-9._~+/-]+={0,2}/g, /[A-Za-z0-9_-]+/g] as const

/** What stood in the text, and what was found for it. */
interface Search {
  readonly desk: Desk
  readonly reason: string
  /** Everything that could be a secret, or the id of a key that was imported. */
  readonly words: ReadonlySet<string>
  /** Of the digest that stands for a secret, the mark that `marks` holds if the secret stood in the text. */
  readonly markOf: (digest: Uint8Array) => string
  readonly marks: ReadonlySet<string>
  readonly keys: Map<string, LeakedKey>
  readonly unreadable: Map<string, UnreadableKey>
}

/** Ends the keys whose ids stand in the text, at once; then looks through all keys for the secrets that do. */
export async function reportLeak(desk: Desk, report: Omit<LeakReport, 'actor'>): Promise<LeakResponse> {
  const { text, reason } = checkReport(report)
  const brand = report.brand ?? parseCredential(desk.mint.mintKeyId())?.brand
  const found = brand === undefined ? [] : findCredentials(text, brand)
  const standing = (kind: 'keyId' | 'secret') =>
    found.filter(each => each.kind === kind).map(({ at, length }) => text.slice(at, at + length))
  const keyIds = new Set(standing('keyId'))
  const words = new Set([...wordsOf(text), ...standing('secret')])
  const search = createSearch({ desk, reason, words, pairs: await leakedPairs(desk, { text, words }) })
  const unknown = await endNamed(search, keyIds)
  if ([...search.words].some(word => !keyIds.has(word))) await endSought(search)
  return { keys: [...search.keys.values()], unknown, unreadable: [...search.unreadable.values()] }
}

function checkReport({ text, reason }: Pick<LeakReport, 'text' | 'reason'>): { text: string; reason: string } {
  if (typeof text !== 'string' || text.length > MAX_TEXT) {
    throw new KeyError('ERR_INPUT_INVALID', `'text' must be text of up to ${MAX_TEXT} characters`, { field: 'text' })
  }
  if (typeof reason !== 'string' || !/^\P{Cc}{1,500}$/u.test(reason) || !reason.isWellFormed()) {
    throw new KeyError('ERR_INPUT_INVALID', "'reason' must be a line of 1 to 500 characters", { field: 'reason' })
  }
  return { text, reason: LEAKED + reason }
}

function wordsOf(text: string): readonly string[] {
  const words = WORDS.flatMap(pattern => text.match(pattern) ?? [])
  // A full stop ends a sentence more often than a secret.
  return words.flatMap(word => [word, word.replace(/\.$/, '')]).filter(word => word.length >= MIN_WORD)
}

/** Marks are made under a key of this report's own, so that how long a look-up takes says nothing about a secret. */
function createSearch({
  pairs,
  ...search
}: Pick<Search, 'desk' | 'reason' | 'words'> & { readonly pairs: readonly Uint8Array[] }): Search {
  const mac = sha256.mac(randomBytes(32))
  const markOf = (digest: Uint8Array) => encodeHex(mac.tag([digest]))
  const digests = [...search.words].map(word => sha256.digest([encodeUtf8(word)]))
  const marks = new Set([...digests, ...pairs].map(markOf))
  return { ...search, markOf, marks, keys: new Map(), unreadable: new Map() }
}

/**
 * Ends first and looks for secrets afterwards, since that may fail.
 *
 * @returns how many ids no key has
 */
async function endNamed(search: Search, keyIds: ReadonlySet<string>): Promise<number> {
  const named: KeyRecord[] = []
  let unknown = 0
  for (const keyId of keyIds) {
    const row = await search.desk.keys.get(keyId)
    const record = row && decodeOrError(row)
    if (record === undefined || row?.keyId !== keyId) unknown++
    else if (record instanceof KeyError) search.unreadable.set(keyId, { keyId, error: record })
    else named.push(record)
  }
  for (const record of named) await end(search, record, false)
  for (const record of named) {
    const key = search.keys.get(record.keyId)
    if (key !== undefined && (await isLeaked(search, record)))
      search.keys.set(key.keyId, { ...key, secretLeaked: true })
  }
  return unknown
}

async function endSought(search: Search): Promise<void> {
  const unreadable: UnreadableKey[] = []
  for await (const records of allKeys(search.desk, unreadable)) {
    const rest = records.filter(({ keyId }) => !search.keys.has(keyId))
    await Promise.all(
      rest.map(async record => {
        const secretLeaked = await isLeaked(search, record)
        if (secretLeaked || search.words.has(record.keyId)) await end(search, record, secretLeaked)
      }),
    )
  }
  for (const key of unreadable) search.unreadable.set(key.keyId, key)
}

async function end({ desk, reason, keys }: Search, { owner, keyId }: KeyRecord, secretLeaked: boolean): Promise<void> {
  await endUnlessGone(desk, desk.policy.onLeak, { owner, keyId, reason })
  const row = await desk.keys.get(keyId)
  if (row !== undefined) keys.set(keyId, { owner, keyId, secretLeaked, state: row.state })
}

/** Whether a secret that still passes stood in the text. */
async function isLeaked({ desk, marks, markOf, unreadable }: Search, record: KeyRecord): Promise<boolean> {
  if (record.state === 'revoked') return false
  const now = desk.clock()
  const living = record.secrets.filter(({ notAfter }) => notAfter === null || notAfter > now)
  try {
    const hashes = await Promise.all(living.map(secret => hashOf(desk, record, secret)))
    return hashes.some(hash => marks.has(markOf(hash)))
  } catch (error) {
    if (!(error instanceof KeyError || error instanceof SealError)) throw error
    unreadable.set(record.keyId, { keyId: record.keyId, error })
    return false
  }
}

async function hashOf(
  { sealer }: Desk,
  record: KeyRecord,
  { kind, value, version }: StoredSecret,
): Promise<Uint8Array> {
  const stored = kind === 'sha256' ? decodeHex(value, 32) : undefined
  if (stored !== undefined) return stored
  if (kind === 'public') return digestOfPair(value.slice(value.indexOf(':') + 1))
  if (kind === 'sha256' || sealer === undefined) {
    throw new KeyError('ERR_KEY_CORRUPT', "the stored key has an invalid 'secrets'", { field: 'secrets' })
  }
  const secret = await sealer.open(value, sealContext(record, version))
  try {
    return sha256.digest([secret])
  } finally {
    secret.fill(0)
  }
}
