import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { headerOf, type WireRequest } from '../http/request.js'
import { type Claim, claimOf, type Dialect, type Malformed } from '../scheme.js'
import type { TimeFormat } from '../time.js'
import type { TagFormat } from './tag-format.js'

/** A passphrase as it is: visible ASCII. */
export const PASSPHRASE: Field = { min: 1, max: 128, foreign: /[^!-~]/ }

/** Base64 of 32 bytes. */
const MACED: Field = { min: 44, max: 44, foreign: /[^A-Za-z0-9+/=]/ }

/** A dialect with one header field for each credential. Names are lower case. */
export interface HeaderCredentials {
  readonly key: string
  readonly timestamp: string
  readonly signature: string
  /** Where the dialect has a passphrase. */
  readonly passphrase?: { readonly name: string; readonly as: 'plain' | 'mac' }
  readonly time: TimeFormat
  readonly tag: TagFormat
  /** The part of the request that the dialect cannot sign, if any. The target is known to be one. */
  unsignable(request: WireRequest): string | undefined
}

/** How such a dialect reads, stamps and writes a request. */
export function headerDialect(credentials: HeaderCredentials): Pick<Dialect<WireRequest>, 'read' | 'stamp' | 'write'> {
  const { time } = credentials
  return {
    read: request => read(request, credentials),
    stamp({ keyId, nowMs, passphrase }) {
      const timestamp = time.format(nowMs)
      return claimOf({ keyId, timestampMs: time.parse(timestamp), timestamp, passphrase })
    },
    write: (request, claim, tag) => ({
      ...request,
      headers: { ...request.headers, ...fieldsOf(credentials, claim, tag) },
    }),
  }
}

function read(request: WireRequest, credentials: HeaderCredentials): Claim | Malformed | undefined {
  const { time, tag: format } = credentials
  const keyId = headerOf(request, credentials.key)
  const timestamp = headerOf(request, credentials.timestamp)
  const signature = headerOf(request, credentials.signature)
  const passphrase = credentials.passphrase && headerOf(request, credentials.passphrase.name)
  if ((keyId ?? timestamp ?? signature ?? passphrase) === undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: credentials.key }
  const timestampMs = timestamp === undefined ? -1 : time.parse(timestamp)
  if (timestamp === undefined || timestampMs < 0) return { malformed: credentials.timestamp }
  if (credentials.passphrase !== undefined && !isPassphrase(passphrase, credentials.passphrase.as)) {
    return { malformed: credentials.passphrase.name }
  }
  const part = isTarget(request.target) ? credentials.unsignable(request) : 'target'
  if (part !== undefined) return { malformed: part }
  const tag = format.parse(signature ?? '')
  if (tag === undefined) return { malformed: credentials.signature }
  return claimOf({ keyId, tag, timestampMs, timestamp, passphrase: passphrase ?? '' })
}

function isPassphrase(text: string | undefined, as: 'plain' | 'mac'): text is string {
  return isField(text, as === 'plain' ? PASSPHRASE : MACED)
}

function fieldsOf(
  { key, timestamp, signature, passphrase, tag: format }: HeaderCredentials,
  claim: Claim,
  tag: Uint8Array,
): WireRequest['headers'] {
  return {
    [key]: claim.keyId,
    [timestamp]: claim.timestamp,
    ...(passphrase && { [passphrase.name]: claim.passphrase }),
    [signature]: format.format(tag) || undefined,
  }
}
