/** What is done with a secret once it is out: kept in a signer, handed over as a URI, and used on requests. */

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createSignedFetch,
  createSigner,
  createStreams,
  credentialsFromEnv,
  credentialsFromText,
  expectOk,
  inTurn,
  parseCredentials as parseAtClient,
  provePossession,
} from '../../src/client/index.js'
import type { Scheme, Verifier, VerifierOptions, WireRequest } from '../../src/index.js'
import {
  auditDecisions,
  createVerifier,
  credentialsToSvg,
  credentialsToTerminal,
  defineRoutes,
  findCredentials,
  formatCredentials,
  parseCredential,
  parseCredentials,
} from '../../src/index.js'
import { acceptUncovered } from '../../src/insecure.js'
import { protect as protectFetch } from '../../src/middleware/fetch.js'
import { protect as protectNode } from '../../src/middleware/node.js'
import { createMemoryReplayStore } from '../../src/stores/memory.js'
import { permissions, unsigned } from '../world.js'
import { createStage, type Ground, offerFor, type Place, SCHEMES, type Stage, type Stores } from './canary-stage.js'

type Given = Partial<VerifierOptions<'read' | 'trade' | 'withdraw'>>

interface Known {
  readonly scheme: Scheme
  readonly keyId: string
  /** Or a private key. */
  readonly secret: string
  readonly passphrase: { readonly passphrase?: string }
}

/** Notes what comes of something: its answer as well, unless that is where the secret belongs. */
async function attempt<T>(stage: Stage, act: () => T | Promise<T>, place: Place | null = 'results'): Promise<void> {
  try {
    const answer = await act()
    if (place !== null) stage.record.note(place, answer)
  } catch (error) {
    stage.record.note('errors', error)
  }
}

async function issue(stage: Stage, scheme: Scheme): Promise<Known> {
  const { owner } = stage
  const request = { owner, label: 'bot', permissions: ['read'], accounts: null, ipAllowlist: null } as const
  const manager = stage.manager('proof')
  if (scheme.proof.kind === 'signature') {
    const { key } = await manager.request({ ...request, scheme: scheme.id, ...stage.asking() })
    const { privateKey, ...offered } = await offerFor(stage, key, 1)
    await manager.register({ ...offered, ...stage.asking() })
    return { scheme, keyId: key.keyId, secret: privateKey, passphrase: {} }
  }
  const { key, credentials } = await manager.create({ ...request, scheme: scheme.id, ...stage.asking() })
  const passphrase = credentials.passphrase && { passphrase: credentials.passphrase.reveal() }
  return { scheme, keyId: key.keyId, secret: credentials.secret.reveal(), passphrase: passphrase ?? {} }
}

export function verifierOf({ stores, sealer, clock, record }: Stage, given: Given = {}): Verifier {
  const onDenial = auditDecisions(stores.audit, error => record.note('errors', error))
  return createVerifier({
    schemes: SCHEMES.map(scheme => {
      const uncovered = uncoveredBy(scheme)
      return uncovered.length === 0 ? scheme : acceptUncovered(scheme, uncovered)
    }),
    ...{ permissions, sealer, clock, keys: stores.keys, replay: stores.replay },
    onDecision: decision => {
      record.note('decisions', decision)
      onDenial(decision)
    },
    ...given,
  })
}

const uncoveredBy = ({ covers }: Scheme) =>
  (['method', 'host', 'path', 'query', 'content-type', 'body'] as const).filter(part => !covers.includes(part))

/** Walks everything that takes a secret, for each scheme. */
export async function walkRequests(ground: Ground, stores?: Stores): Promise<void> {
  for (const scheme of SCHEMES) {
    const stage = createStage(ground, stores)
    const known = await issue(stage, scheme)
    await walkSigner(stage, known)
    await walkPossession(stage, known)
    await walkSdk(stage, known)
    await walkHandover(stage, known)
    await walkVerifier(stage, known)
    await walkFetch(stage, known)
    await walkNode(stage, known)
  }
}

const signerOf = ({ clock }: Stage, { scheme, keyId, secret, passphrase }: Known) =>
  createSigner({ scheme, keyId, secret, clock, ...passphrase })

/** A bearer token is the secret, and some passphrases travel: a request signed with such is no place to look at. */
const whereSigned = ({ scheme: { proof } }: Known): Place | null =>
  proof.kind === 'bearer' || (proof.kind === 'mac' && proof.passphrase === 'plain') ? null : 'results'

async function walkSigner(stage: Stage, known: Known): Promise<void> {
  const { clock } = stage
  const { scheme, keyId, secret, passphrase } = known
  const signer = signerOf(stage, known)
  const place = whereSigned(known)
  await attempt(stage, () => signer.clockOffset)
  await attempt(stage, () => signer.sign(unsigned()), place)
  const wrong = stage.secret('misplaced with a signer')
  for (const request of [{ method: 'G T' }, { target: '\n' }, { body: { wrong } }, {}]) {
    await attempt(stage, () => signer.sign({ ...unsigned(), ...request } as WireRequest), place)
  }
  const options = { scheme, keyId, secret, clock, ...passphrase }
  const others: object[] = [
    { ...options, secret: `${secret}=` },
    { ...options, secret: '' },
    { ...options, secret: { secret } },
    { ...options, keyId: '' },
    { ...options, passphrase: secret },
    { ...options, random: () => new Uint8Array(0) },
    { scheme, keyId, recvWindowMs: secret },
  ]
  for (const other of others) {
    await attempt(stage, () => createSigner(other as Parameters<typeof createSigner>[0]))
    await attempt(stage, () => createSigner(other as Parameters<typeof createSigner>[0]).sign(unsigned()), place)
  }
  stage.record.note('results', signer)
  const broken = async () => {
    throw new Error('no network')
  }
  const answers = [broken, async () => new Response('{"code":"timestamp_outside_window"}', { status: 401 })]
  for (const fetch of answers) {
    const signed = createSignedFetch({ signer, baseUrl: 'https://api.example.com', fetch })
    await attempt(stage, () => signed(`/v1/balance?secret=${wrong}`))
    await attempt(stage, () => signed(`https://elsewhere.example.com/${wrong}`))
    await attempt(stage, () => signed(`http://[${wrong}`.slice(0, 8)))
  }
}

/** A private key in every place where it does not belong, at the client and at the house. */
async function walkPossession(stage: Stage, { scheme, keyId, secret }: Known): Promise<void> {
  if (scheme.proof.kind !== 'signature') return
  const { owner } = stage
  const good = { scheme, owner, keyId, publicKey: Buffer.alloc(32, 2).toString('base64'), privateKey: secret }
  const pem = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`
  for (const wrong of [{}, { privateKey: pem }, { publicKey: pem }, { owner: 1 }, { other: secret }]) {
    await attempt(stage, () => provePossession({ ...good, ...wrong } as Parameters<typeof provePossession>[0]))
  }
  const asked = { owner, keyId, overlapMs: 0, publicKey: good.publicKey, possession: secret }
  for (const wrong of [{}, { publicKey: pem }, { publicKey: secret + secret }, { possession: pem }]) {
    await attempt(stage, () => stage.manager('proof').rotate({ ...asked, ...wrong, ...stage.asking() }))
    await attempt(stage, () => stage.manager('mail').rotate({ ...asked, ...wrong, ...stage.asking() }))
    await attempt(stage, () => stage.manager('proof').register({ ...asked, ...wrong, ...stage.asking() } as never))
  }
}

async function walkHandover(stage: Stage, { scheme, keyId, secret, passphrase: own }: Known): Promise<void> {
  const passphrase = own.passphrase ?? stage.secret('passphrase')
  const credentials = { keyId, secret, passphrase }
  const uri = formatCredentials({ scheme: scheme.id, credentials, label: 'bot' })
  for (const read of [parseCredentials, parseAtClient]) {
    await attempt(stage, () => read(uri), null)
    const torn = [uri.slice(1), uri.replace('v1', 'v2'), `${uri}&x=1`, uri.replace('secret', 'sekret'), `${uri}%`]
    const spelled = [uri.replace('secret=', 'secret=%20'), uri.replace('&label', `&label=%0a${secret}`), `${uri}${uri}`]
    for (const text of [...torn, ...spelled, secret]) await attempt(stage, () => read(text))
  }
  for (const draw of [credentialsToSvg, credentialsToTerminal]) {
    await attempt(stage, () => draw(uri))
    await attempt(stage, () => draw(uri.slice(0, -3).replace('label', 'lable')))
    await attempt(stage, () => draw(secret))
  }
  const handovers: object[] = [
    { scheme: 'BAD SCHEME', credentials },
    { scheme: scheme.id, credentials: { ...credentials, secret: `${secret}\n` } },
    { scheme: scheme.id, credentials: { ...credentials, secret: { secret } } },
    { scheme: scheme.id, credentials: { ...credentials, pass: secret } },
    { scheme: scheme.id, credentials: secret },
    { scheme: scheme.id, credentials, server: `ftp://${secret}` },
    { scheme: scheme.id, credentials, label: `\n${secret}` },
  ]
  for (const handover of handovers) {
    await attempt(stage, () => formatCredentials(handover as Parameters<typeof formatCredentials>[0]))
  }
  await attempt(stage, () => parseCredential(secret))
  await attempt(stage, () => findCredentials(`a ${secret} b`, 'kl'))
  await attempt(stage, () => findCredentials(secret, secret))
}

/** Credentials as a client loads them, and answers that quote what was sent, of a server that is careless. */
async function walkSdk(stage: Stage, known: Known): Promise<void> {
  const { keyId, secret, scheme } = known
  const env = { KEYLATTICE_KEY_ID: keyId, KEYLATTICE_SECRET: secret }
  const lines = `KEYLATTICE_KEY_ID=${keyId}\nKEYLATTICE_SECRET="${secret}"`
  await attempt(stage, () => credentialsFromEnv(env))
  await attempt(stage, () => credentialsFromText(lines))
  for (const wrong of [{ KEYLATTICE_SECRET: secret }, { ...env, KEYLATTICE_CREDENTIALS: secret }]) {
    await attempt(stage, () => credentialsFromEnv(wrong))
  }
  for (const text of [secret, `${lines}\n${secret}`, lines.replace('KEY_ID', 'KEYID'), `x ${lines}`]) {
    await attempt(stage, () => credentialsFromText(text))
  }
  const signer = signerOf(stage, known)
  const quoting = [
    JSON.stringify({ code: 'invalid_credentials', detail: `not the signature of ${secret}` }),
    JSON.stringify({ code: secret, detail: secret, serverTime: secret }),
    secret,
  ]
  for (const [body, status] of quoting.flatMap(text => [401, 500].map(code => [text, code] as const))) {
    const answer = async () => new Response(body, { status, headers: { 'content-type': 'application/problem+json' } })
    const send = createSignedFetch({ signer, baseUrl: 'https://api.example.com', fetch: answer, check: expectOk })
    await attempt(stage, () => inTurn(send)('/v1/balance'))
    await attempt(stage, async () => expectOk(await answer()))
  }
  const open = () => new Blob([secret]).stream()
  for (const digest of [() => randomBytes(32), () => Buffer.from(secret)]) {
    await attempt(stage, async () => {
      const streams = createStreams(scheme)
      const streaming = signerOf(stage, { ...known, scheme: streams.scheme })
      return [await streams.enter({ open, digest }, streaming), await streams.enter({ open, digest }, signer)]
    })
  }
}

/** Requests that must not pass, and the one that must. */
async function requestsOf(stage: Stage, known: Known): Promise<readonly WireRequest[]> {
  const { secret, scheme, keyId } = known
  const signer = signerOf(stage, known)
  const signed = () => signer.sign(unsigned())
  const stranger = scheme.proof.kind === 'signature' ? randomBytes(32).toString('base64') : stage.mint()
  const other = signerOf(stage, { ...known, secret: stranger })
  const good = await signed()
  const named = async (from: string, to: string): Promise<WireRequest> => {
    const request = await signed()
    const entries = Object.entries(request.headers).map(([name, value]) => [name, value.replaceAll(from, to)])
    return { ...request, headers: Object.fromEntries(entries) }
  }
  const token = scheme.proof.kind === 'bearer' ? secret.slice(secret.indexOf('.') + 1) : secret
  return [
    ...[good, good, await other.sign(unsigned()), { ...(await signed()), target: `/v1/balance?secret=${secret}` }],
    ...(await Promise.all([token, `${keyId}.${token}`, '', `${token},`].map(to => named(keyId, to)))),
    { ...unsigned(), headers: { authorization: `Bearer ${token}` } },
    { ...unsigned(), headers: { authorization: `Bearer ${token} ${token}` } },
    { ...unsigned(), headers: { authorization: [`Bearer ${token}`, `Bearer ${token}`] } },
    { ...unsigned(), headers: { authorization: `Basic ${Buffer.from(`${keyId}:${token}`).toString('base64')}` } },
    { ...unsigned(), headers: { 'x-api-key': keyId, 'x-api-signature': token, 'x-api-nonce': token } },
    {
      ...unsigned(),
      headers: { 'x-api-key': keyId, 'x-api-timestamp': token, 'bfx-nonce': token, 'bfx-apikey': token },
    },
    { ...good, method: '', headers: { ...(await signed()).headers, 'content-type': `${token}\n` } },
    { ...(await signed()), body: Buffer.from(secret) },
  ]
}

/** Logins that must not pass, and one that must where the scheme has any. */
async function loginsOf(stage: Stage, known: Known): Promise<readonly unknown[]> {
  const { secret, keyId, scheme } = known
  const forged = { op: 'login', key: keyId, nonce: secret, signature: secret }
  const good = scheme.login === undefined ? [] : [await signerOf(stage, known).login()]
  return [forged, JSON.stringify(forged), `{"secret":"${secret}"`, { ...forged, key: secret }, null, secret, ...good]
}

async function walkVerifier(stage: Stage, known: Known): Promise<void> {
  const fail = (): never => {
    throw new Error('out of order')
  }
  const { sealer, stores, clock } = stage
  const row = await stores.keys.get(known.keyId)
  const worlds: readonly Given[] = [
    {},
    { keys: { get: fail } },
    { keys: { get: async () => fail() } },
    { keys: { get: () => ({ ...row!, record: row!.record.slice(0, -9) }) } },
    { keys: { get: () => ({ ...row!, record: row!.record.replace('"value":"', '"value":"v1.') }) } },
    { sealer: { ...sealer, open: fail } },
    { sealer: { ...sealer, open: async () => new Uint8Array(0) } },
    { replay: { claim: fail, advance: fail } },
    { ownerCeiling: fail },
    { ownerCeiling: () => null },
    { onDecision: fail },
  ]
  for (const world of worlds) {
    const verifier = verifierOf(stage, { replay: createMemoryReplayStore({ clock }), ...world })
    const requests = await requestsOf(stage, known)
    for (const request of requests) {
      await attempt(stage, () => verifier.verify(request, { permission: 'read' }))
      await attempt(stage, () => verifier.bodyDigest(request))
    }
    for (const message of await loginsOf(stage, known)) {
      await attempt(stage, () => verifier.verifyLogin({ message }, { permission: 'read' }))
    }
    await attempt(stage, () => verifier.verify(requests[0]!, { permission: 'trade' }))
    await attempt(stage, () => verifier.verify(requests[1]!, { permission: known.secret as 'read' }))
  }
  const verifier = verifierOf(stage, { replay: createMemoryReplayStore({ clock }) })
  const request = await signerOf(stage, known).sign(unsigned())
  const verdict = await verifier.verify(request, { permission: 'read' })
  if (!verdict.ok) throw new Error(`${known.scheme.id} was refused: ${verdict.denial}`)
  await attempt(stage, () => verifier.describe(verdict.principal, request))
  stage.record.note('results', verifier)
}

const routes = defineRoutes(permissions, {
  'GET /v1/balance': 'read',
  'POST /v1/orders': 'trade',
  'GET /v1/broken': 'read',
})

function guards(stage: Stage) {
  return {
    verifier: verifierOf(stage, { replay: createMemoryReplayStore({ clock: stage.clock }) }),
    routes,
    onError: (error: unknown) => stage.record.note('errors', error),
    onDecision: (decision: unknown) => stage.record.note('decisions', decision),
    clock: stage.clock,
    maxBodyBytes: 64,
  }
}

/** Method, target and body of requests that pass, that are refused, and that break in the handler. */
async function wires(stage: Stage, known: Known): Promise<readonly (readonly [WireRequest, string])[]> {
  const signer = signerOf(stage, known)
  const calls: readonly (readonly [string, string, string])[] = [
    ['GET', '/v1/balance', ''],
    ['GET', '/v1/broken', ''],
    ['POST', '/v1/orders', JSON.stringify([stage.secret('body')])],
    ['POST', '/v1/orders', JSON.stringify([stage.secret('large body').repeat(9)])],
    ['GET', `/v1/none?secret=${stage.secret('query')}`, ''],
  ]
  return Promise.all(
    calls.map(async ([method, target, body]) => {
      const headers = body === '' ? {} : { 'content-type': 'application/json' }
      return [await signer.sign({ method, target, body, headers }), body] as const
    }),
  )
}

async function walkFetch(stage: Stage, known: Known): Promise<void> {
  const handle = protectFetch(guards(stage), (_, { principal, route }) => {
    if (route === 'GET /v1/broken') throw new Error('broken handler')
    return Response.json({ principal })
  })
  for (const [{ method, target, headers }, body] of await wires(stage, known)) {
    const init = { method, headers: headers as Record<string, string>, ...(body === '' ? {} : { body }) }
    await attempt(
      stage,
      async () => {
        const response = await handle(new Request(`https://api.example.com${target}`, init))
        return [response.status, [...response.headers], await response.text()]
      },
      'answers',
    )
  }
}

async function walkNode(stage: Stage, known: Known): Promise<void> {
  const handle = protectNode(guards(stage), (_, res, { principal, route }) => {
    if (route === 'GET /v1/broken') throw new Error('broken handler')
    res.end(JSON.stringify({ principal }))
  })
  const server = createServer(handle)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  for (const [{ method, target, headers }, body] of await wires(stage, known)) {
    const init = { method, headers: headers as Record<string, string>, ...(body === '' ? {} : { body }) }
    await attempt(
      stage,
      async () => {
        const response = await fetch(`http://127.0.0.1:${port}${target}`, init)
        return [response.status, [...response.headers], await response.text()]
      },
      'answers',
    )
  }
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
}
