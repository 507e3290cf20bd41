/** What is done with a secret once it is out: kept in a signer, handed over as a URI, and used on requests. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSignedFetch, createSigner, parseCredentials as parseAtClient } from '../../src/client/index.js'
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
import { createStage, type Ground, type Place, SCHEMES, type Stage, type Stores } from './canary-stage.js'

type Given = Partial<VerifierOptions<'read' | 'trade' | 'withdraw'>>

interface Known {
  readonly scheme: Scheme
  readonly keyId: string
  readonly secret: string
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
  const made = await stage.manager('proof').create({ ...request, scheme: scheme.id, ...stage.asking() })
  return { scheme, keyId: made.key.keyId, secret: made.credentials.secret.reveal() }
}

export function verifierOf({ stores, sealer, clock, record }: Stage, given: Given = {}): Verifier {
  const onDenial = auditDecisions(stores.audit, error => record.note('errors', error))
  return createVerifier({
    schemes: SCHEMES.map(scheme =>
      scheme.covers.length === 6 ? scheme : acceptUncovered(scheme, uncoveredBy(scheme)),
    ),
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
    await walkHandover(stage, known)
    await walkVerifier(stage, known)
    await walkFetch(stage, known)
    await walkNode(stage, known)
  }
}

const signerOf = ({ clock }: Stage, { scheme, keyId, secret }: Known) => createSigner({ scheme, keyId, secret, clock })

/** A bearer token is the secret, so that a request signed with one is no place to look at. */
const whereSigned = ({ scheme }: Known): Place | null => (scheme.proof.kind === 'bearer' ? null : 'results')

async function walkSigner(stage: Stage, known: Known): Promise<void> {
  const { clock } = stage
  const { scheme, keyId, secret } = known
  const signer = signerOf(stage, known)
  const place = whereSigned(known)
  await attempt(stage, () => signer.clockOffset)
  await attempt(stage, () => signer.sign(unsigned()), place)
  const wrong = stage.secret('misplaced with a signer')
  for (const request of [{ method: 'G T' }, { target: '\n' }, { body: { wrong } }, {}]) {
    await attempt(stage, () => signer.sign({ ...unsigned(), ...request } as WireRequest), place)
  }
  const options = { scheme, keyId, secret, clock }
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

async function walkHandover(stage: Stage, { scheme, keyId, secret }: Known): Promise<void> {
  const passphrase = stage.secret('passphrase')
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

/** Requests that must not pass, and the one that must. */
function requestsOf(stage: Stage, known: Known): readonly WireRequest[] {
  const { secret, scheme, keyId } = known
  const signer = signerOf(stage, known)
  const signed = () => signer.sign(unsigned())
  const other = createSigner({ scheme, keyId, secret: stage.mint(), clock: stage.clock })
  const good = signed()
  const named = (from: string, to: string): WireRequest => {
    const request = signed()
    const entries = Object.entries(request.headers).map(([name, value]) => [name, value.replaceAll(from, to)])
    return { ...request, headers: Object.fromEntries(entries) }
  }
  const token = scheme.proof.kind === 'bearer' ? secret.slice(secret.indexOf('.') + 1) : secret
  return [
    ...[good, good, other.sign(unsigned()), { ...signed(), target: `/v1/balance?secret=${secret}` }],
    ...[named(keyId, token), named(keyId, `${keyId}.${token}`), named(keyId, ''), named(keyId, `${token},`)],
    { ...unsigned(), headers: { authorization: `Bearer ${token}` } },
    { ...unsigned(), headers: { authorization: `Bearer ${token} ${token}` } },
    { ...unsigned(), headers: { authorization: [`Bearer ${token}`, `Bearer ${token}`] } },
    { ...unsigned(), headers: { authorization: `Basic ${Buffer.from(`${keyId}:${token}`).toString('base64')}` } },
    { ...unsigned(), headers: { 'x-api-key': keyId, 'x-api-signature': token, 'x-api-nonce': token } },
    {
      ...unsigned(),
      headers: { 'x-api-key': keyId, 'x-api-timestamp': token, 'bfx-nonce': token, 'bfx-apikey': token },
    },
    { ...signed(), method: '', headers: { ...signed().headers, 'content-type': `${token}\n` } },
    { ...signed(), body: Buffer.from(secret) },
  ]
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
    for (const request of requestsOf(stage, known)) {
      await attempt(stage, () => verifier.verify(request, { permission: 'read' }))
    }
    await attempt(stage, () => verifier.verify(requestsOf(stage, known)[0]!, { permission: 'trade' }))
    await attempt(stage, () => verifier.verify(requestsOf(stage, known)[0]!, { permission: known.secret as 'read' }))
  }
  const verifier = verifierOf(stage, { replay: createMemoryReplayStore({ clock }) })
  const request = signerOf(stage, known).sign(unsigned())
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
function wires(stage: Stage, known: Known): readonly (readonly [WireRequest, string])[] {
  const signer = signerOf(stage, known)
  const calls: readonly (readonly [string, string, string])[] = [
    ['GET', '/v1/balance', ''],
    ['GET', '/v1/broken', ''],
    ['POST', '/v1/orders', JSON.stringify([stage.secret('body')])],
    ['POST', '/v1/orders', JSON.stringify([stage.secret('large body').repeat(9)])],
    ['GET', `/v1/none?secret=${stage.secret('query')}`, ''],
  ]
  return calls.map(([method, target, body]) => [
    signer.sign({ method, target, body, headers: body === '' ? {} : { 'content-type': 'application/json' } }),
    body,
  ])
}

async function walkFetch(stage: Stage, known: Known): Promise<void> {
  const handle = protectFetch(guards(stage), (_, { principal, route }) => {
    if (route === 'GET /v1/broken') throw new Error('broken handler')
    return Response.json({ principal })
  })
  for (const [{ method, target, headers }, body] of wires(stage, known)) {
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
  for (const [{ method, target, headers }, body] of wires(stage, known)) {
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
