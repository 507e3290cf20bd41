import * as z from 'zod/mini'
import { KeyError, type KeyErrorCode } from '../errors.js'
import type { KeyRecord, KeyView } from '../key.js'
import type { KeyRow } from '../store.js'

/** Longest JSON text of one key, so that a hostile row cannot exhaust memory. */
const MAX_RECORD_CHARS = 4 * 1024 * 1024

// Text that people or hosts chose: well formed, no control characters (they would forge log lines and mail headers).
const text = (min: number, max: number) =>
  z.string().check(
    z.minLength(min),
    z.maxLength(max),
    z.refine(value => value.isWellFormed() && !/\p{Cc}/u.test(value)),
  )
const instant = z.int().check(z.minimum(0), z.maximum(8_640_000_000_000_000))
const count = z.int().check(z.minimum(1), z.maximum(Number.MAX_SAFE_INTEGER))
const unique = (values: readonly string[]) => new Set(values).size === values.length

const Secret = z.strictObject({
  version: count,
  kind: z.enum(['sealed', 'sha256', 'public']),
  value: z.string().check(z.minLength(1), z.maxLength(16_384), z.regex(/^[\x21-\x7e]+$/)),
  notAfter: z.nullable(instant),
  createdAt: instant,
  passphrase: z.optional(z.string().check(z.regex(/^(?:[0-9a-f]{2}){32,64}$/))),
})

const names = z.array(z.string().check(z.maxLength(64))).check(z.maxLength(128), z.refine(unique))

const Address = z.strictObject({
  asset: text(1, 32),
  network: text(1, 64),
  address: text(1, 256),
  memo: z.nullable(text(0, 256)),
})

const Confirmation = z.strictObject({
  operation: z.enum(['request', 'edit', 'renew', 'rotate']),
  parameters: z.string().check(z.maxLength(1024 * 1024)),
  digest: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  sameBrowser: z.boolean(),
  requestedAt: instant,
  expiresAt: instant,
})

const Record = z.strictObject({
  format: z.literal(1),
  keyId: z.string().check(z.regex(/^[A-Za-z0-9_.-]{1,128}$/)),
  owner: text(1, 256),
  label: text(0, 128),
  scheme: z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,39}$/)),
  state: z.enum(['pending', 'active', 'suspended', 'revoked']),
  reason: z.nullable(text(0, 512)),
  permissions: names,
  accounts: z.nullable(z.array(text(1, 256)).check(z.maxLength(10_000), z.refine(unique))),
  ipAllowlist: z.nullable(z.array(z.string().check(z.minLength(2), z.maxLength(49))).check(z.maxLength(100_000))),
  notBefore: z.nullable(instant),
  expiresAt: z.nullable(instant),
  addressRule: z.enum(['off', 'key', 'owner']),
  addresses: z.array(Address).check(z.maxLength(1000)),
  addressPermissions: names,
  lapse: z.nullable(z.strictObject({ at: instant, permissions: names })),
  cooldown: z.nullable(z.strictObject({ until: instant, permissions: names })),
  terms: z.nullable(z.strictObject({ version: text(1, 64), acceptedAt: instant })),
  confirmation: z.nullable(Confirmation),
  secrets: z.array(Secret).check(z.maxLength(2)),
  parent: z.nullable(z.string().check(z.regex(/^[A-Za-z0-9_.-]{1,128}$/))),
  createdAt: instant,
  updatedAt: instant,
  version: count,
})

/**
 * Reads a stored row. Every field is checked, and every column against the record, so that a hand-edited or
 * misdelivered row is refused instead of believed.
 *
 * @throws {KeyError} `ERR_KEY_CORRUPT`, naming the field
 */
export function decodeKey(row: KeyRow): KeyRecord {
  if (typeof row.record !== 'string' || row.record.length > MAX_RECORD_CHARS) throw corrupt('record')
  const record = checkRecord(parseJson(row.record), 'ERR_KEY_CORRUPT')
  for (const column of ['keyId', 'owner', 'state', 'expiresAt', 'createdAt', 'version'] as const) {
    if (row[column] !== record[column]) throw corrupt(column)
  }
  return record
}

/**
 * Makes the row to store. The record passes the same checks as on reading, so nothing can be written that could
 * not be read back.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`, naming the field
 */
export function encodeKey(record: KeyRecord): KeyRow {
  const { keyId, owner, state, expiresAt, createdAt, version } = checkRecord(record, 'ERR_INPUT_INVALID')
  const json = JSON.stringify(record)
  if (json.length > MAX_RECORD_CHARS) throw new KeyError('ERR_INPUT_INVALID', 'the key is too large to store')
  return { keyId, owner, state, expiresAt, createdAt, version, record: json }
}

/** What of a record its owner may see. */
export function viewKey(record: KeyRecord, now: number): KeyView {
  const { format: _, secrets, confirmation, ...rest } = record
  const ends = secrets.map(secret => secret.notAfter).find(at => at !== null && at > now)
  const awaits = confirmation && { operation: confirmation.operation, until: confirmation.expiresAt }
  const current = secrets.find(({ notAfter }) => notAfter === null)
  return {
    ...rest,
    awaits,
    revealed: secrets.length > 0,
    credentialsVersion: current?.version ?? 0,
    publicKey: current?.kind === 'public' ? current.value : null,
    rotationEndsAt: ends ?? null,
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // The parser's message quotes the text, which may hold ciphertext.
    throw corrupt('record')
  }
}

function checkRecord(value: unknown, code: KeyErrorCode): KeyRecord {
  const parsed = Record.safeParse(value)
  if (parsed.success) return parsed.data
  const field = fieldOf(parsed.error.issues[0])
  if (code === 'ERR_KEY_CORRUPT') throw corrupt(field)
  throw new KeyError(code, `'${field}' is not valid for a key`, { field })
}

/** `ipAllowlist[2]` for the path `['ipAllowlist', 2]`; the name of an unknown field is not ours to print. */
function fieldOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined || issue.path.length === 0) return 'record'
  return issue.path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i ? `.${String(step)}` : String(step)))
    .join('')
}

function corrupt(field: string): KeyError {
  return new KeyError('ERR_KEY_CORRUPT', `the stored key has an invalid '${field}'`, { field })
}
