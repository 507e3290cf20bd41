import { sha256 } from '#hash'
import { encodeHex, encodeUtf8 } from '../bytes.js'
import type { KeyRecord, KeyView } from '../key.js'
import { viewKey } from './codec.js'

/** What an audit event may hold: plain data, its text bounded and escaped. */
export type AuditValue =
  | string
  | number
  | boolean
  | null
  | readonly AuditValue[]
  | { readonly [name: string]: AuditValue }

/** The policy fields of a key. A list of more than 20 entries is `{ count, sha256, first }`. */
export type PolicyFields = { readonly [name: string]: AuditValue }

/** What of a key is told. Whatever is not in this list, secrets and the digests of links above all, is not. */
const FIELDS: readonly (keyof KeyView)[] = [
  ...(['state', 'reason', 'label', 'scheme', 'parent', 'permissions', 'accounts', 'ipAllowlist'] as const),
  ...(['notBefore', 'expiresAt', 'addressRule', 'addresses', 'addressPermissions'] as const),
  ...(['lapse', 'cooldown', 'terms', 'awaits', 'revealed', 'publicKey', 'rotationEndsAt'] as const),
]

const MAX_TEXT = 512
const MAX_LIST = 20

// Controls, line and paragraph separators, lone surrogates, and what turns the direction of writing.
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu

/**
 * Text that somebody else chose, as it may stand in a log: at most 512 characters, and every character that could end
 * or disguise a line as `\uXXXX`.
 */
export function safeText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
  return cut.replace(UNSAFE, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The policy fields of two versions of a key: where there are both, its version and what differs. */
export function compareFields(
  before: KeyRecord | undefined,
  after: KeyRecord | undefined,
  now: number,
): { readonly before: PolicyFields | null; readonly after: PolicyFields | null } {
  const [was, is] = [before && fieldsOf(before, now), after && fieldsOf(after, now)]
  if (was === undefined || is === undefined) return { before: was ?? null, after: is ?? null }
  const differing = Object.keys(is).filter(name => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
  return { before: pick(was, differing), after: pick(is, differing) }
}

/** Where fields are too many to be told: which version they were of, and what proves them. */
export function summarise(fields: PolicyFields | null): PolicyFields | null {
  return fields && { version: fields['version'] ?? null, sha256: hashOf(fields) }
}

function fieldsOf(record: KeyRecord, now: number): PolicyFields {
  const view = viewKey(record, now)
  const told = FIELDS.map(name => [name, safeValue(view[name])] as const)
  return { version: record.version, ...Object.fromEntries(told) }
}

function pick(fields: PolicyFields, names: readonly string[]): PolicyFields {
  return Object.fromEntries(names.map(name => [name, fields[name] as AuditValue]))
}

function safeValue(value: unknown): AuditValue {
  if (typeof value === 'string') return safeText(value)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return safeList(value)
  if (typeof value !== 'object' || value === null) return null
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [safeText(name), safeValue(part)]))
}

function safeList(list: readonly unknown[]): AuditValue {
  if (list.length <= MAX_LIST) return list.map(safeValue)
  return { count: list.length, sha256: hashOf(list), first: list.slice(0, MAX_LIST).map(safeValue) }
}

function hashOf(value: unknown): string {
  return encodeHex(sha256.digest([encodeUtf8(JSON.stringify(value))]))
}
