/** Requests of clients that make a mistake, signed for real: with what the client signs, and what it sends beside it. */

import { createHmac } from 'node:crypto'
import { encodeBase64, encodeHex } from '../../src/bytes.js'
import { joinParts } from '../../src/crypto/web.js'
import type { DiagnoseOptions } from '../../src/diagnose/index.js'
import type { WireRequest } from '../../src/http/request.js'
import { type Claim, isMalformed, type Malformed, type Scheme } from '../../src/scheme.js'
import { placesOf } from '../laws/message-parts.js'
import { claimFor, type Prover, plain, proverOf, type SchemeCase } from '../laws/scheme-case.js'
import type { StringContext, WrongClient } from './wrong-clients.js'

export const HOSTS = ['test.example.com']
export const PREFIXES = ['/gateway']

export interface Client {
  readonly subject: SchemeCase<WireRequest>
  readonly prover: Prover
  readonly claim: Claim
  /** What it signs when it makes no mistake, made once. */
  readonly right: Map<WireRequest, Promise<Right | undefined>>
}

const clients = new Map<SchemeCase<WireRequest>, Client>()

/** Made once: private keys are slow to read. */
export async function clientOf(subject: SchemeCase<WireRequest>): Promise<Client> {
  const known = clients.get(subject)
  if (known !== undefined) return known
  const prover = await proverOf(subject.scheme, subject.credentials)
  const client = { subject, prover, claim: claimFor(subject, prover, { recvWindowMs: 5000 }), right: new Map() }
  clients.set(subject, client)
  return client
}

export function optionsFor({ subject }: Client): DiagnoseOptions {
  const { scheme, credentials, now } = subject
  const { keyId, secret, passphrase, publicKey } = credentials
  return {
    scheme,
    keyId,
    ...(publicKey === undefined ? { secret } : { publicKey }),
    ...(passphrase !== undefined && { passphrase }),
    now,
    hosts: HOSTS,
    prefixes: PREFIXES,
  }
}

/** What the client sends; `undefined` where this client cannot make all of these mistakes with this request. */
export async function sentBy(
  client: Client,
  given: WireRequest,
  wrongs: readonly WrongClient[],
): Promise<WireRequest | undefined> {
  const message = wrongs.reduce((request, wrong) => wrong.sends?.(request) ?? request, given)
  if (client.prover.algorithm !== '' && wrongs.some(({ key, hash, mac }) => key ?? hash ?? mac)) return undefined
  const made = client.right.get(message) ?? rightOf(client, message)
  client.right.set(message, made)
  const right = await made
  if (right === undefined) return undefined
  const { tag, unsigned, found } = right
  const signings = await Promise.all(prefixesOf(wrongs).map(made => signingOf(client, unsigned, made)))
  // Each mistake counts: it changes what those before it signed.
  const prints = signings.map(signing => signing?.print)
  if (prints.includes(undefined) || new Set([right.print, ...prints]).size !== signings.length + 1) return undefined
  if (signings.some(signing => signing?.isEmpty)) return undefined
  const signed = signings.length === 0 ? tag : await signings.at(-1)!.sign()
  const last = wrongs.reduce<string | undefined>(
    (text, wrong) => (wrong.tag === undefined || text === undefined ? text : wrong.tag(text, Buffer.from(signed))),
    found.write(signed),
  )
  return last === undefined ? undefined : found.put(last)
}

interface Right {
  readonly print: string
  readonly unsigned: WireRequest
  readonly tag: Uint8Array
  readonly found: NonNullable<ReturnType<typeof findText>>
}

/** What the client sends that makes no mistake; `undefined` where the scheme has no such request. */
async function rightOf(client: Client, message: WireRequest): Promise<Right | undefined> {
  const { scheme } = client.subject
  const unsigned = plain(scheme.write(message, client.claim, new Uint8Array(0)))
  const right = await signingOf(client, unsigned, [])
  if (right === undefined) return undefined
  const tag = await right.sign()
  const sent = plain(scheme.write(message, client.claim, tag))
  const found = findText(sent, tag)
  return found && isRead(scheme.read(sent)) ? { print: right.print, unsigned, tag, found } : undefined
}

function isRead(read: Claim | Malformed | undefined): boolean {
  return read !== undefined && !isMalformed(read)
}

/** The first mistake that changes the signature, the first two of them, and so on. */
function prefixesOf(wrongs: readonly WrongClient[]): readonly (readonly WrongClient[])[] {
  const signing = wrongs.filter(({ tag }) => tag === undefined)
  return signing.map((_, at) => signing.slice(0, at + 1))
}

interface Signing {
  /** The same for what has the same signature. */
  readonly print: string
  /** Whether the dialect has no string for such a request, so that no client of it can sign one. */
  readonly isEmpty: boolean
  sign(): Promise<Uint8Array>
}

async function signingOf(
  { subject, prover, claim }: Client,
  unsigned: WireRequest,
  wrongs: readonly WrongClient[],
): Promise<Signing | undefined> {
  const { scheme, credentials } = subject
  let request: WireRequest | undefined = unsigned
  let claimed: Claim | undefined = claim
  for (const wrong of wrongs) {
    if (wrong.request !== undefined) request = request && wrong.request(request, claim)
    if (wrong.claim !== undefined) claimed = claimed && wrong.claim(claimed)
  }
  if (request === undefined || claimed === undefined) return undefined
  const joined = await joinParts(scheme.stringToSign(request, claimed))
  const bytes = stringAfter(joined, { request, claim: claimed }, wrongs)
  if (bytes === undefined) return undefined
  const isEmpty = wrongs.length > 0 && (await isGarbage(scheme, { request, claim: claimed }, joined))
  const pair = prover.algorithm !== '' || scheme.proof.kind !== 'mac'
  if (pair) return { print: encodeHex(bytes), isEmpty, sign: async () => prover.sign([bytes]) }
  const hash = wrongs.find(wrong => wrong.hash !== undefined)?.hash ?? scheme.proof.hash
  const wrongKey = wrongs.find(({ key }) => key !== undefined)?.key
  const key = wrongKey
    ? wrongKey(credentials.secret, scheme, credentials)
    : scheme.proof.secretEncoding.keyOf(Buffer.from(credentials.secret))
  if (key === undefined) return undefined
  const mac = wrongs.find(wrong => wrong.mac !== undefined)?.mac
  const tag = mac?.(hash, key, bytes) ?? createHmac(hash, key).update(bytes).digest()
  return { print: encodeHex(tag), isEmpty, sign: async () => tag }
}

/** A string that is the same for a query or a body of no dialect at all. */
async function isGarbage(scheme: Scheme, { request, claim }: StringContext, string: Uint8Array): Promise<boolean> {
  const path = request.target.split('?')[0]
  const garbage = [
    { ...request, target: `${path}?&=%` },
    { ...request, body: new Uint8Array(Buffer.from('{"=')) },
  ]
  const made = await Promise.all(garbage.map(other => joinParts(scheme.stringToSign(other, claim))))
  const isUsed = (at: number, given: boolean) => given && Buffer.from(made[at]!).equals(string)
  return isUsed(0, request.target.includes('?')) || isUsed(1, request.body.length > 0)
}

function stringAfter(
  bytes: Uint8Array,
  context: StringContext,
  wrongs: readonly WrongClient[],
): Uint8Array | undefined {
  const edits = wrongs.filter(({ string }) => string !== undefined)
  if (edits.length === 0) return bytes
  let text: string | undefined = Buffer.from(bytes).toString()
  // A string with the bytes of a digest in it is no text.
  if (!Buffer.from(text).equals(bytes)) return undefined
  for (const { string } of edits) text = text === undefined ? undefined : string?.(text, context)
  return text === undefined ? undefined : Buffer.from(text)
}

const WRITERS: readonly ((tag: Uint8Array) => string)[] = [
  encodeHex,
  encodeBase64,
  tag => encodeURIComponent(encodeBase64(tag)),
  tag => Buffer.from(tag).toString('base64url'),
]

/** Where the signature stands, how it is written there, and how another text gets there. */
function findText(sent: WireRequest, tag: Uint8Array) {
  for (const write of WRITERS) {
    const place = placesOf(sent).find(({ text }) => text.includes(write(tag)))
    if (place === undefined) continue
    return { write, put: (text: string) => place.put(place.text.replace(write(tag), () => text)) as WireRequest }
  }
  return undefined
}
