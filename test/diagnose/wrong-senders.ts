/** Clients that sign what they send, and send something wrong; and servers that compare it with another key or clock. */

import { createHmac } from 'node:crypto'
import type { DiagnoseOptions, MistakeCode } from '../../src/diagnose/index.js'
import { headerOf, type WireRequest } from '../../src/http/request.js'
import type { Claim } from '../../src/scheme.js'
import { httpMessageSignatures } from '../../src/schemes/http-message-signatures.js'
import { claimFor, plain, signWith } from '../laws/scheme-case.js'
import type { Client } from './wrong-requests.js'

export interface Sent {
  readonly request: WireRequest
  /** What is known otherwise than of a client that makes no mistake. */
  readonly known?: Partial<DiagnoseOptions>
}

export interface WrongSender {
  readonly code: MistakeCode
  /** `undefined` where the client cannot make the mistake with this scheme. */
  send(client: Client, message: WireRequest): Promise<Sent | undefined>
}

const DAY_MS = 86_400_000

async function signed({ subject, prover, claim }: Client, message: WireRequest, more: Partial<Claim> = {}) {
  return signWith(subject, prover, message, { ...claim, ...more })
}

const at =
  (ms: number, kinds: readonly string[]): WrongSender['send'] =>
  async (client, message) => {
    const { scheme, now } = client.subject
    if (!kinds.includes(scheme.freshness.kind)) return undefined
    return { request: await signed(client, message), known: { now: now + ms } }
  }

/** The header field that one part of the claim has for itself. */
async function headerWith(client: Client, message: WireRequest, text: string) {
  const request = await signed(client, message)
  const name = Object.keys(request.headers).find(header => text !== '' && request.headers[header] === text)
  return name === undefined ? undefined : { request, name }
}

function isMac({ subject }: Client): boolean {
  return subject.scheme.proof.kind === 'mac' && subject.credentials.publicKey === undefined
}

function passphraseOf({ subject }: Client): 'plain' | 'mac' | undefined {
  const { proof } = subject.scheme
  return proof.kind === 'mac' ? proof.passphrase : undefined
}

/** The request with another passphrase on the wire, which no scheme signs. */
async function withPassphrase(client: Client, message: WireRequest, text: string): Promise<Sent | undefined> {
  const found = await headerWith(client, message, client.claim.passphrase)
  if (found === undefined) return undefined
  return { request: { ...found.request, headers: { ...found.request.headers, [found.name]: text } } }
}

export const WRONG_SENDERS: readonly WrongSender[] = [
  { code: 'clock-behind', send: at(DAY_MS, ['timestamp', 'deadline']) },
  { code: 'clock-ahead', send: at(-DAY_MS, ['timestamp']) },
  {
    code: 'window-too-large',
    async send({ subject, prover }, message) {
      const claim = claimFor(subject, prover, { recvWindowMs: 999_999_000 })
      const { freshness } = subject.scheme
      const isLong = freshness.kind === 'timestamp' && claim.recvWindowMs > freshness.maxRecvWindowMs
      return isLong ? { request: await signWith(subject, prover, message, claim) } : undefined
    },
  },
  {
    code: 'key-id-other',
    send: async (client, message) => ({
      request: await signed(client, message),
      known: { keyId: `${client.subject.credentials.keyId}2` },
    }),
  },
  {
    code: 'credentials-swapped',
    async send(client, message) {
      const { secret } = client.subject.credentials
      // Other secrets can stand where a key id does not.
      if (!isMac(client) || !/^[\w-]+$/.test(secret)) return undefined
      return { request: await signed(client, message, { keyId: secret }) }
    },
  },
  { code: 'credentials-missing', send: async (_, message) => ({ request: message }) },
  {
    code: 'field-missing',
    async send(client, message) {
      const found = await headerWith(client, message, client.claim.timestamp)
      if (found === undefined) return undefined
      const { [found.name]: _, ...headers } = found.request.headers
      return { request: { ...found.request, headers } }
    },
  },
  {
    code: 'field-malformed',
    async send(client, message) {
      const found = await headerWith(client, message, client.claim.nonce)
      return found && { request: { ...found.request, headers: { ...found.request.headers, [found.name]: '?' } } }
    },
  },
  {
    code: 'passphrase-other',
    send: async (client, message) =>
      passphraseOf(client) && { request: await signed(client, message), known: { passphrase: 'another one' } },
  },
  {
    code: 'passphrase-plain',
    send: async (client, message) =>
      passphraseOf(client) === 'mac'
        ? withPassphrase(client, message, client.subject.credentials.passphrase ?? '')
        : undefined,
  },
  {
    code: 'passphrase-maced',
    async send(client, message) {
      const { scheme, credentials } = client.subject
      if (passphraseOf(client) !== 'plain' || scheme.proof.kind !== 'mac') return undefined
      const key = scheme.proof.secretEncoding.keyOf(Buffer.from(credentials.secret)) ?? ''
      const mac = createHmac(scheme.proof.hash, key)
        .update(credentials.passphrase ?? '')
        .digest('base64')
      return withPassphrase(client, message, mac)
    },
  },
  {
    code: 'content-digest',
    async send(client, message) {
      if (client.subject.scheme.derive === undefined || message.body.length === 0) return undefined
      return { request: { ...(await signed(client, message)), body: new Uint8Array(Buffer.from('{"another":1}')) } }
    },
  },
  {
    code: 'algorithm-other',
    async send({ subject, prover, claim }, message) {
      if (subject.scheme.id !== 'http-message-signatures' || prover.algorithm !== '') return undefined
      const scheme = httpMessageSignatures({ authority: 'api.example.com', algorithms: ['hmac-sha256', 'ed25519'] })
      const request = await signWith({ dialect: scheme }, prover, message, { ...claim, algorithm: 'ed25519' })
      return { request, known: { scheme } }
    },
  },
  {
    code: 'host',
    async send({ subject, prover, claim }, message) {
      const { elsewhere } = subject
      if (elsewhere === undefined) return undefined
      const request = plain(await signWith({ dialect: elsewhere }, prover, message, claim))
      return { request, known: { hosts: ['www.example.com', ...ELSEWHERE, headerOf(request, 'host') ?? ''] } }
    },
  },
]

/** The hosts and audiences of the other deployments that the fixtures name. */
const ELSEWHERE: readonly string[] = [
  'api.example.com.',
  'api.sandbox.example.com',
  'api-sandbox.coinbase.com',
  'api-sandbox.huobi.pro',
  'sandbox.bitstamp.net',
  'sandbox-api.btcsqa.net',
]
