import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { publicKeyOf } from '#key-pairs'
import type { SignatureAlgorithm } from '../../src/crypto/signing.js'
import { chosenInput } from '../../src/dialect/message-signature.js'
import { signatureBase } from '../../src/dialect/signature-base.js'
import { parseDictionary, readDictionary } from '../../src/dialect/structured-fields.js'
import { EMPTY_BODY, type WireRequest } from '../../src/http/request.js'
import { httpMessageSignatures } from '../../src/schemes/http-message-signatures.js'
import { isConsistent } from '../../src/verify/consistency.js'
import { describeUnless, vectorsFolder } from '../skips.js'

interface Message {
  readonly startLine: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

interface Keys {
  readonly [id: string]: { readonly publicPem?: string; readonly base64?: string }
}

interface SignedCase {
  readonly id: string
  readonly alg: string
  readonly keyid: string
  readonly signatureBase: string
}

interface AppendixB {
  readonly keys: Keys
  readonly messages: { readonly request: Message }
  readonly cases: readonly (SignedCase & {
    readonly message: string
    readonly label: string
    readonly signatureInput: string
    readonly signature: string
  })[]
  readonly proxy: SignedCase & { readonly message: Message }
  readonly transforms: SignedCase & {
    readonly cases: readonly { id: string; verifies: boolean; why: string; message: Message }[]
  }
}

function requestOf({ startLine, headers, body }: Message): WireRequest {
  const [method = '', target = ''] = startLine.split(' ')
  const fields: Record<string, string[]> = {}
  for (const [name, value] of headers) {
    const field = name.toLowerCase()
    fields[field] = [...(fields[field] ?? []), value]
  }
  return { method, target, headers: fields, body: new TextEncoder().encode(body) }
}

const hostOf = ({ headers }: WireRequest): string => [headers['host'] ?? ''].flat()[0] as string

const originOf = (request: WireRequest) => ({ scheme: 'https', authority: hostOf(request) })

async function proves(keys: Keys, { keyid, alg }: SignedCase, [base, tag]: readonly [string, Uint8Array]) {
  const { publicPem, base64 } = keys[keyid]!
  if (base64 !== undefined) {
    return createHmac('sha256', Buffer.from(base64, 'base64')).update(base).digest().equals(Buffer.from(tag))
  }
  const pem = createPublicKey(publicPem!).export({ format: 'pem', type: 'spki' }) as string
  const key = await publicKeyOf(pem, [alg as SignatureAlgorithm])
  return key!.verifies([base], tag)
}

const bytesOf = (field: string, label: string) => new Uint8Array(readDictionary(field)!.get(label)![0] as ArrayBuffer)

const rfc9421 = vectorsFolder('rfc9421')

describeUnless(rfc9421.absent, 'RFC 9421, appendix B', () => {
  const appendix = JSON.parse(readFileSync(`${rfc9421.path}appendix-b.json`, 'utf8')) as AppendixB
  const { keys, messages, cases, proxy, transforms } = appendix
  const requests = cases.filter(({ message }) => message === 'request')

  it('has one case that is no request, which this package does not sign: B.2.4', () => {
    expect(cases.filter(one => !requests.includes(one)).map(({ id }) => id)).toEqual(['rfc9421-b.2.4'])
  })

  it.each(requests)('$id', async one => {
    const request = requestOf(messages.request)
    const signed = { ...request, headers: { ...request.headers, 'signature-input': one.signatureInput } }
    const [label, covered] = chosenInput(signed, undefined)!
    expect(label).toBe(one.label)
    expect(signatureBase(signed, covered, originOf(signed))).toBe(one.signatureBase)
    expect(await proves(keys, one, [one.signatureBase, bytesOf(one.signature, label)])).toBe(true)
    expect(await proves(keys, one, [`${one.signatureBase} `, bytesOf(one.signature, label)])).toBe(false)
  })

  it('B.3: a signature that a proxy made', async () => {
    const request = requestOf(proxy.message)
    const [label, covered] = chosenInput(request, undefined)!
    const base = signatureBase(request, covered, originOf(request))!
    expect(base).toBe(proxy.signatureBase)
    const [field] = request.headers['signature'] as readonly string[]
    expect(await proves(keys, proxy, [base, bytesOf(field!, label)])).toBe(true)
  })

  it.each(transforms.cases)('$id: $why', async ({ verifies, message }) => {
    const request = requestOf(message)
    const [label, covered] = chosenInput(request, undefined)!
    const base = signatureBase(request, covered, originOf(request))!
    const [field] = request.headers['signature'] as readonly string[]
    expect(await proves(keys, transforms, [base, bytesOf(field!, label)])).toBe(verifies)
    expect(base === transforms.signatureBase).toBe(verifies)
  })
})

const webBotAuth = vectorsFolder('web-bot-auth')

describeUnless(webBotAuth.absent, 'Web Bot Auth, architecture', () => {
  interface BotCase {
    readonly key: JsonWebKey
    readonly target_url: string
    readonly label: string
    readonly signature: string
    readonly signature_input: string
    readonly signature_agent?: string
    readonly signature_agent_key?: string
  }
  const load = (version: string) =>
    JSON.parse(readFileSync(`${webBotAuth.path}web_bot_auth_architecture_${version}.json`, 'utf8')) as BotCase[]

  it.each([...load('v1'), ...load('v2')].map((one, at) => ({ ...one, at })))('case $at, $label', async one => {
    const { pathname, host } = new URL(one.target_url)
    const agent =
      one.signature_agent_key === undefined
        ? 'signature-agent'
        : { name: 'signature-agent', key: one.signature_agent_key }
    const scheme = httpMessageSignatures({
      authority: host,
      algorithms: ['ed25519', 'rsa-pss-sha512'],
      components: ['@authority', ...(one.signature_agent === undefined ? [] : [agent])],
      tag: 'web-bot-auth',
    })
    const request: WireRequest = {
      method: 'GET',
      target: pathname,
      headers: {
        ...(one.signature_agent !== undefined && { 'signature-agent': one.signature_agent }),
        'signature-input': one.signature_input,
        signature: one.signature,
      },
      body: EMPTY_BODY,
    }
    const claim = scheme.read(request)
    if (claim === undefined || !('keyId' in claim)) throw new Error(JSON.stringify(claim))
    expect(one.signature_input).toContain(`keyid="${claim.keyId}"`)
    const pem = createPublicKey({ key: one.key, format: 'jwk' }).export({ format: 'pem', type: 'spki' }) as string
    const key = await publicKeyOf(pem, [claim.algorithm as SignatureAlgorithm])
    expect(await key!.verifies(scheme.stringToSign(request, claim), claim.tag)).toBe(true)
    const elsewhere = httpMessageSignatures({
      ...{ authority: 'example.org', algorithms: ['ed25519', 'rsa-pss-sha512'], tag: 'web-bot-auth' },
      components: ['@authority', ...(one.signature_agent === undefined ? [] : [agent])],
    })
    expect(await key!.verifies(elsewhere.stringToSign(request, claim), claim.tag)).toBe(false)
  })
})

const rfc9530 = vectorsFolder('rfc9530')

describeUnless(rfc9530.absent, 'RFC 9530, Content-Digest', () => {
  interface DigestCase {
    readonly pn: string
    readonly field: string
    readonly alg: string
    readonly value: string
    readonly strictBase64: boolean
    readonly contentHex?: string
  }
  const { cases } = JSON.parse(readFileSync(`${rfc9530.path}digests.json`, 'utf8')) as { cases: readonly DigestCase[] }
  const ours = cases.filter(({ alg }) => alg === 'sha-256' || alg === 'sha-512')
  const known = ours.filter(({ contentHex, strictBase64 }) => contentHex !== undefined && strictBase64)

  it('has cases of both hashes; those of brotli do not recompute from what is printed', () => {
    expect(new Set(known.map(({ alg }) => alg))).toEqual(new Set(['sha-256', 'sha-512']))
    expect(known.length).toBeGreaterThan(10)
  })

  it.each(known)('$pn: $alg of the bytes it was made of, and of no others', ({ alg, value, contentHex }) => {
    const body = new Uint8Array(Buffer.from(contentHex!, 'hex'))
    const scheme = httpMessageSignatures({
      ...{ authority: 'example.com', algorithms: ['hmac-sha256'], contentDigest: alg as 'sha-256' },
    })
    const request = { method: 'POST', target: '/', headers: { 'content-digest': `${alg}=:${value}:` }, body }
    expect(isConsistent(scheme, request)).toBe(true)
    expect(isConsistent(scheme, { ...request, body: new Uint8Array([...body, 0]) })).toBe(false)
  })

  it.each(cases.filter(({ strictBase64 }) => !strictBase64))(
    '$pn: a value with a pad too many is none',
    ({ alg, value }) => {
      expect(parseDictionary(`${alg}=:${value}:`)).toBeUndefined()
    },
  )
})
