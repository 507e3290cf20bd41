import { hashes } from '#hash'
import { encodeBase64, encodeUtf8 } from '../bytes.js'
import { plainParts } from '../crypto/parts.js'
import { headerOf, type WireRequest } from '../http/request.js'
import type { Claim, Freshness, Scheme } from '../scheme.js'
import { bodyChanges } from './body-changes.js'
import { createDraft } from './draft.js'
import { createMeter } from './meter.js'
import { type Mistake, mistakeOf } from './mistakes.js'
import { placesOf } from './places.js'
import type { Reading } from './reading.js'
import type { Secrets } from './secret-forms.js'
import { instantOf } from './time-texts.js'

/** A time so far off is in another unit rather than on a clock that is wrong. */
const ANOTHER_UNIT_MS = 300 * 86_400_000

/** What is wrong beside the signature. */
export function checksOf(
  scheme: Scheme,
  { request, reading, now }: { readonly request: WireRequest; readonly reading: Reading; readonly now: number },
  secrets: Secrets,
): readonly Mistake[] {
  return [
    ...clockMistakes(scheme.freshness, reading, now),
    ...keyIdMistakes(request, reading.claim, secrets),
    ...passphraseMistakes(scheme, reading.claim, secrets),
    ...derivedMistakes(scheme, request, reading.claim),
  ]
}

function clockMistakes(freshness: Freshness, { claim, mistakes }: Reading, now: number): readonly Mistake[] {
  if (freshness.kind !== 'timestamp' && freshness.kind !== 'deadline') return []
  const instant = instantOf(claim.timestamp)
  const isNear = (ms: number) => Math.abs(ms - now) < ANOTHER_UNIT_MS
  const inUnit = instant === undefined || isNear(claim.timestampMs) || !isNear(instant)
  const isKnown = mistakes.some(({ code }) => code === 'timestamp-unit')
  const unit = inUnit || isKnown ? [] : [mistakeOf('timestamp-unit', 'timestamp')]
  const off = outside(freshness, claim, { at: inUnit ? claim.timestampMs : instant, now })
  return off === undefined ? unit : [...unit, off]
}

function outside(
  freshness: Extract<Freshness, { kind: 'timestamp' | 'deadline' }>,
  claim: Claim,
  { at, now }: { readonly at: number; readonly now: number },
): Mistake | undefined {
  const age = now - at
  if (freshness.kind === 'deadline') {
    const { maxAheadMs } = freshness
    if (-age > maxAheadMs) return mistakeOf('window-too-large', 'timestamp', `It ends in ${-age} ms of ${maxAheadMs}.`)
    return age > 0 ? mistakeOf('clock-behind', 'timestamp', `It ended ${age} ms before it arrived.`) : undefined
  }
  const window = claim.recvWindowMs < 0 ? freshness.recvWindowMs : claim.recvWindowMs
  if (window > freshness.maxRecvWindowMs) {
    return mistakeOf(
      'window-too-large',
      'recv window',
      `It is ${window} ms, and ${freshness.maxRecvWindowMs} are allowed.`,
    )
  }
  if (age > window) return mistakeOf('clock-behind', 'timestamp', `It was ${age} ms old, and ${window} are allowed.`)
  const { futureMs } = freshness
  if (-age > futureMs)
    return mistakeOf('clock-ahead', 'timestamp', `It was ${-age} ms ahead, and ${futureMs} are allowed.`)
  return undefined
}

function keyIdMistakes(request: WireRequest, claim: Claim, { keyId, secret }: Secrets): readonly Mistake[] {
  if (isSwapped(request, secret)) return [mistakeOf('credentials-swapped', 'key id')]
  return keyId === '' || keyId === claim.keyId ? [] : [mistakeOf('key-id-other', 'key id')]
}

/** Whether the secret itself stands in the request, where only a bearer token has a place. */
export function isSwapped(request: WireRequest, secret: string): boolean {
  return secret !== '' && placesOf(request).some(({ text }) => text.includes(secret))
}

function passphraseMistakes({ proof }: Scheme, claim: Claim, { secret, passphrase }: Secrets): readonly Mistake[] {
  if (proof.kind !== 'mac' || proof.passphrase === undefined || passphrase === '') return []
  const key = proof.secretEncoding.keyOf(encodeUtf8(secret))
  const maced = key?.length ? encodeBase64(hashes[proof.hash].mac(key).tag([passphrase])) : undefined
  const [wanted, other] = proof.passphrase === 'mac' ? [maced, passphrase] : [passphrase, maced]
  if (claim.passphrase === wanted) return []
  const code = proof.passphrase === 'mac' ? 'passphrase-plain' : 'passphrase-maced'
  return [mistakeOf(claim.passphrase === other ? code : 'passphrase-other', 'passphrase')]
}

/** Fields that follow from the request, such as the digest of its body, and say something else. */
function derivedMistakes(scheme: Scheme, request: WireRequest, claim: Claim): readonly Mistake[] {
  const derived = (of: WireRequest) =>
    Object.entries(scheme.derive?.(of) ?? {}).map(
      ([name, parts]) => [name, plainParts(parts, hashes).join('')] as const,
    )
  const wrong = derived(request).filter(([name, text]) => headerOf(request, name) !== text)
  if (wrong.length === 0) return []
  const draft = createDraft(scheme, { request, claim }, createMeter(0))
  const meant = bodyChanges
    .changes(draft, { keyId: '', hosts: [], prefixes: [] })
    .find(({ signing }) =>
      derived(signing?.().request ?? request).every(([name, text]) => headerOf(request, name) === text),
    )
  const fields = wrong.map(([name]) => mistakeOf('content-digest', name))
  return meant === undefined ? fields : [mistakeOf(meant.code, meant.field, meant.detail), ...fields]
}
