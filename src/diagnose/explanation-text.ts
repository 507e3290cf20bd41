import { encodeHex } from '../bytes.js'
import { joinBytes } from '../crypto/parts.js'
import type { Explanation, NamedPart } from './explanation.js'
import { countOf, visibleBytes, visibleText } from './visible.js'

/** An explanation as a person reads it. */
export function explanationText(explanation: Omit<Explanation, 'text'>): string {
  const { scheme, signed, malformed, parts, notCovered } = explanation
  const lines = [
    `Scheme ${scheme}: ${proofText(explanation)}`,
    signed ? '' : 'The request is not signed: key id, time and nonce below are made up.',
    malformed === undefined
      ? ''
      : `The scheme cannot read '${visibleText(malformed)}'; what follows is the best guess.`,
    ...claimLines(explanation),
    ...stringLines(explanation),
    ...parts.flatMap((part, at) => partLines(part, String(at + 1).padStart(3))),
    notCovered.length === 0 ? 'The signature covers the whole request.' : 'Not covered by the signature:',
    ...notCovered.map(
      ({ component, partly }) => `    ${component}${partly === undefined ? '' : `, in part: ${partly}`}`,
    ),
  ]
  return lines.filter(line => line !== '').join('\n')
}

function proofText({ proof }: Omit<Explanation, 'text'>): string {
  const { kind, hash = '', secretEncoding, algorithms, passphrase } = proof
  if (kind === 'bearer') return 'a bearer token; nothing is signed'
  const pairs = algorithms.length === 0 ? '' : `a signature by a key pair (${algorithms.join(', ')})`
  if (kind === 'signature') return pairs
  const key = secretEncoding === 'base64' ? 'the base64-decoded secret' : "the secret's text in UTF-8"
  const second =
    passphrase === undefined
      ? ''
      : `, and a passphrase sent ${passphrase === 'mac' ? 'as base64 of its MAC' : 'as it is'}`
  return `HMAC-${hash.replace('sha', 'SHA-')} under ${key}${pairs === '' ? '' : `, or ${pairs}`}${second}`
}

function claimLines({ claim, proof }: Omit<Explanation, 'text'>): readonly string[] {
  const { keyId, timestamp, timestampMs, nonce, recvWindow, passphrase, algorithm, tag } = claim
  const instant = new Date(timestampMs)
  const time = timestamp !== '' && !Number.isNaN(instant.getTime()) ? ` = ${instant.toISOString()}` : ''
  const tagText =
    proof.kind === 'bearer' ? 'the token, hidden' : `${encodeHex(tag)} (${countOf(tag.length, 'byte')}, hex)`
  const fields = [
    ['key id', keyId],
    ['timestamp', timestamp === '' ? '' : timestamp + time],
    ['nonce', nonce],
    ['recv window', recvWindow],
    ['passphrase', passphrase],
    ['algorithm', algorithm],
    ['signature', tag.length === 0 ? '' : tagText],
  ] as const
  const given = fields.filter(([, value]) => value !== '')
  return ['The request says:', ...given.map(([name, value]) => `    ${name.padEnd(12)} ${visibleText(value)}`)]
}

function stringLines({ parts, proof }: Omit<Explanation, 'text'>): readonly string[] {
  if (proof.kind === 'bearer') return ['Sent as it is:']
  const bytes = joinBytes(parts.map(part => part.bytes))
  const text = visibleBytes(bytes)
    .split('\u240a')
    .map((line, at) => `    ${at === 0 ? '' : ' '}${line}`)
    .join('\u240a\n')
  return [`String to sign, ${countOf(bytes.length, 'byte')}:`, text, 'It is made of:']
}

function partLines({ source, name, bytes, digest }: NamedPart, at: string): readonly string[] {
  const place = name === '' || source === 'header' ? '' : ` (in ${name})`
  const what = source === 'header' ? `header ${name}` : source + place
  if (digest === undefined) return [`${at}  ${what.padEnd(28)} ${visibleBytes(bytes)}`]
  const label = `${digest.hash.replace('sha', 'SHA-')}, ${digest.as}, of`
  const inner = digest.of.flatMap((part, index) => partLines(part, `${at}.${index + 1}`))
  return [`${at}  ${label.padEnd(28)} ${visibleBytes(bytes)}`, ...inner]
}
