/**
 * Unmodified clients of ccxt against our middleware, and our signer against them: what either makes, the other takes.
 * Nothing of a client is replaced but the address it connects to and, where bytes are compared, its clock.
 */

import { createPrivateKey } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../../src/bytes.js'
import { createSigner, targetOf } from '../../../src/client/signer.js'
import { DENIALS, type DenialCode } from '../../../src/denials.js'
import type { WireRequest } from '../../../src/http/request.js'
import { type Claim, isMalformed, type Scheme } from '../../../src/scheme.js'
import { COMPONENTS, changesOf } from '../../laws/component-changes.js'
import { meansTheSame } from '../../laws/meaning.js'
import { placesOf } from '../../laws/message-parts.js'
import { plain } from '../../laws/scheme-case.js'
import { strangerTo } from '../../laws/scheme-fixtures.js'
import { loadDialect } from '../../schemes/dialects.js'
import {
  loadVectors,
  type VectorCredentials,
  type VectorFile,
  type VectorFixture,
  vectorIds,
} from '../../schemes/vectors.js'
import { describeUnless } from '../../skips.js'
import { type Call, callsOf, type Dialect, dialects, type Errors, withoutHeaders } from './calls.js'
import {
  absentPackage,
  type CcxtCredentials,
  type CcxtExchange,
  type CcxtMaker,
  type CcxtSigned,
  classesOf,
  closeClient,
  loadCcxt,
} from './clients.js'
import { type Arrival, type House, openHouse } from './house.js'

const NOW = 1_767_225_600_123
const USUAL: Errors = {
  wrongSecret: 'AuthenticationError',
  unknownKey: 'AuthenticationError',
  readOnly: 'PermissionDenied',
  stale: 'InvalidNonce',
}

const spoken = vectorIds.map(loadVectors).filter(({ ccxt }) => ccxt !== undefined)

describe('The clients of ccxt', () => {
  it('speak most dialects', () => {
    expect(spoken.length).toBeGreaterThan(19)
  })
})

for (const file of spoken) {
  const dialect = dialects[file.scheme] ?? {}
  for (const key of keysOf(file)) {
    const title = `${file.scheme}, as ccxt speaks it${key.fixture === undefined ? '' : ` with the key of ${key.fixture.name}`}`
    describeUnless(absentPackage(file.ccxt!), title, () => speaks({ file, dialect, ...key }))
  }
}

/** What one run of the tests is about. */
interface Subject {
  readonly file: VectorFile
  readonly dialect: Dialect
  /** Whose key pair is used; without one, the house makes the key. */
  readonly fixture: VectorFixture | undefined
}

/** A key that the house makes, if its scheme has secrets, and every key pair. */
function keysOf({ fixtures }: VectorFile): readonly Pick<Subject, 'fixture'>[] {
  const pairs = fixtures.filter(({ credentials }) => credentials.publicKey !== undefined)
  return [...(pairs.length < fixtures.length ? [{ fixture: undefined }] : []), ...pairs.map(fixture => ({ fixture }))]
}

interface Stage {
  readonly scheme: Scheme
  readonly house: House
  readonly maker: CcxtMaker
  readonly credentials: VectorCredentials
  readonly stranger: VectorCredentials
  /** Whether the dialect words refusals as its house does. */
  readonly hasAnswers: boolean
  client(credentials?: Partial<CcxtCredentials>): CcxtExchange
}

function speaks(subject: Subject): void {
  const { file, dialect } = subject
  let stage: Stage
  const open: CcxtExchange[] = []

  beforeAll(async () => {
    stage = await openStage(subject, open)
  })
  afterEach(() => {
    Object.assign(stage.house, { skewMs: 0, needs: 'read', refusing: undefined })
  })
  afterAll(async () => {
    await Promise.all(open.map(closeClient))
    await stage?.house.close()
  })

  it('passes with every kind of request, and not with one of them changed', async () => {
    const { house, scheme, client } = stage
    const exchange = client()
    const calls = callsOf(exchange, dialect)
    expect(calls.length).toBeGreaterThan(0)
    const began = Date.now()
    for (const [at, call] of calls.entries()) {
      house.arrivals.length = 0
      if (dialect.secondApart) exchange['milliseconds'] = () => began - at * 1000
      await exchange.request(call.path, call.api, call.method, { ...call.params }).catch(error => {
        throw new Error(`${nameOf(call)}: ${shown(house.arrivals.at(-1))}`, { cause: error })
      })
      expect(house.arrivals.map(({ verdict }) => verdict)).toEqual(['allowed'])
      await expectGuarded(scheme, house, house.arrivals[0]!.request, file)
    }
  })

  it('signs the same bytes as ours under the same clock', async () => {
    const exchange = frozen(stage.client())
    for (const call of callsOf(exchange, dialect)) {
      const theirs = wireOf(exchange.sign(call.path, call.api, call.method, { ...call.params }))
      expect(await signedByOurs(stage, theirs, dialect), nameOf(call)).toEqual(theirs)
    }
  })

  it('raises the error of its house for each refusal', async () => {
    const { house, client, credentials } = stage
    const errors = { ...USUAL, ...dialect.errors }
    const call = callsOf(client(), dialect)[0]!
    const raised = async (exchange: CcxtExchange) => {
      const classes = await exchange.request(call.path, call.api, call.method, { ...call.params }).then(
        () => ['nothing'],
        error => classesOf(error),
      )
      return { denial: house.arrivals.at(-1)?.verdict, classes }
    }
    const expectRaised = async (exchange: CcxtExchange, denials: readonly DenialCode[], name: string) => {
      const { denial, classes } = await raised(exchange)
      expect(denials).toContain(denial)
      expect(classes).toContain(name)
    }
    const { keyId, secret } = credentials
    // A private key that is text without a form is changed in its first half, which is the secret one.
    const wrong = secret.startsWith('-----') ? stage.stranger.secret : otherSecret(secret)
    await expectRaised(client({ secret: wrong }), ['wrong_signature'], errors.wrongSecret)
    // A token is its own key id, or leads with it.
    const unknown = stage.scheme.proof.kind === 'bearer' ? { secret: 'A'.repeat(40) } : { keyId: otherId(keyId) }
    await expectRaised(client(unknown), ['unknown_key'], errors.unknownKey)
    house.needs = 'withdraw'
    await expectRaised(client(), ['permission_denied'], errors.readOnly)
    house.needs = 'read'
    if (stage.scheme.freshness.kind === 'rising-nonce') {
      const late = client()
      late['milliseconds'] = () => NOW
      await late.request(call.path, call.api, call.method, { ...call.params }).catch(() => undefined)
      await expectRaised(late, ['replayed'], errors.stale)
    } else if (stage.scheme.freshness.kind !== 'none') {
      house.skewMs = 86_400_000
      await expectRaised(client(), ['timestamp_outside_window'], errors.stale)
    }
  })

  it('takes no refusal for success', async () => {
    const { house, client } = stage
    const exchange = client()
    const call = callsOf(exchange, dialect)[0]!
    // Problem details, where a house has no words of its own, are known by statuses that a client need not know.
    const known = (denial: DenialCode) => stage.hasAnswers || [401, 403].includes(DENIALS[denial].status)
    for (const denial of (Object.keys(DENIALS) as DenialCode[]).filter(known)) {
      house.refusing = denial
      const classes = await exchange.request(call.path, call.api, call.method, { ...call.params }).then(
        () => [],
        error => classesOf(error),
      )
      expect(classes, denial).toContain('BaseError')
    }
  })

  const logsIn = dialect.handshake !== undefined || file.fixtures.some(({ logins = [] }) => logins.length > 0)
  if (!logsIn || (dialect.loginBySecret && subject.fixture !== undefined)) return

  it('logs a session in, and not with a message that was changed', async () => {
    const { house, scheme, client } = stage
    if (dialect.handshake !== undefined) {
      await dialect.handshake(client())
      const { method, url, headers } = house.sockets.handshakes.at(-1)!
      await expectGuarded(scheme, house, { method, target: url, headers, body: new Uint8Array(0) } as WireRequest, file)
    }
    if (scheme.login === undefined) return
    const exchange = client()
    const logIn = dialect.login ?? (each => each.authenticate())
    Promise.resolve(logIn(exchange)).catch(() => undefined)
    const text = await house.sockets.next()
    const message = JSON.parse(text) as Record<string, unknown>
    expect(await house.judge({ login: text })).toMatchObject({ ok: true })
    for (const place of placesOf(message)) {
      const claimed = scheme.login.read(message) as Claim
      const changed = place.put(place.text === '' ? 'x' : `${place.text}1`)
      const verdict = await house.judge({ login: changed })
      if (verdict.ok) expect(scheme.login.read(changed as typeof message), place.what).toEqual(claimed)
    }
    expect(await house.logIn(text)).toMatchObject({ ok: true })
    if (scheme.login.freshness.kind !== 'none') expect(await house.logIn(text)).toMatchObject({ denial: 'replayed' })
  })
}

async function openStage(
  { file, dialect, fixture = file.fixtures[0]! }: Subject,
  open: CcxtExchange[],
): Promise<Stage> {
  const loaded = await loadDialect(file.scheme)
  const scheme = loaded.make(fixture.options)
  const house = await openHouse({ scheme, answer: loaded.answer, success: dialect.success ?? '{}' })
  const maker = await loadCcxt(file.ccxt!, dialect.config ?? {})
  const credentials = await keyOf(house, fixture, dialect)
  const { clientId = ({ keyId }: VectorCredentials) => keyId, clientSecret = (secret: string) => secret } = dialect
  const client = (changed: Partial<CcxtCredentials> = {}) => {
    const used = { ...credentials, ...changed }
    const given = { ...used, keyId: clientId(used, fixture.options ?? {}), secret: clientSecret(used.secret) }
    const exchange = maker.make(given, house)
    open.push(exchange)
    return exchange
  }
  return {
    scheme,
    house,
    maker,
    credentials,
    client,
    stranger: strangerTo(credentials, scheme),
    hasAnswers: loaded.answer !== undefined,
  }
}

/** A new key of the house; where it is a key pair, or its id is somebody else's choice, one that is imported. */
async function keyOf(house: House, { credentials }: VectorFixture, { keyId }: Dialect): Promise<VectorCredentials> {
  const { publicKey, secret, passphrase } = credentials
  if (publicKey === undefined && keyId === undefined) return house.issue(['read', 'trade'])
  const own = { keyId: keyId ?? credentials.keyId, ...(passphrase !== undefined && { passphrase }) }
  await house.importKey(publicKey === undefined ? { ...own, secret } : { ...own, publicKey })
  return { ...own, secret, ...(publicKey !== undefined && { publicKey }) }
}

/** Each covered component changed, and each text that the dialect wrote. */
async function expectGuarded(scheme: Scheme, house: House, request: WireRequest, file: VectorFile): Promise<void> {
  expect(await house.judge(request)).toMatchObject({ ok: true })
  const byMeaning = file.fixtures[0]?.byMeaning ?? []
  for (const component of COMPONENTS) {
    if (component === 'host' || !scheme.covers.includes(component)) continue
    for (const changed of changesOf(component, request)) {
      if (byMeaning.includes(component) && meansTheSame(component, request, changed)) continue
      expect(await house.judge(changed), `${component} of ${request.target}`).toMatchObject({ ok: false })
    }
  }
  const claim = scheme.read(request) as Claim
  for (const [field, other] of [
    ['timestamp', `${claim.timestamp}1`],
    ['nonce', `${claim.nonce}1`],
    ['recvWindow', `${claim.recvWindow}1`],
    ['keyId', otherId(claim.keyId)],
    ['passphrase', `${claim.passphrase}x`],
  ] as const) {
    if (claim[field] === '' || (field === 'nonce' && !scheme.covers.includes('nonce'))) continue
    for (const place of placesOf(request).filter(({ text }) => text.includes(claim[field]))) {
      const changed = place.put(place.text.replaceAll(claim[field], () => other))
      const read = scheme.read(changed)
      // The same text may stand somewhere that is no part of the claim.
      if (read !== undefined && !isMalformed(read) && read[field] === claim[field]) continue
      expect(await house.judge(changed), `${field} in ${place.what}`).toMatchObject({ ok: false })
    }
  }
}

function shown(arrival: Arrival | undefined): string {
  if (arrival === undefined) return 'nothing arrived'
  const { request, verdict, field } = arrival
  return `${verdict} ${field ?? ''} ${request.target} ${new TextDecoder().decode(request.body)}`
}

function nameOf({ api, method, path }: Call): string {
  return `${method} ${path} of ${String(api)}`
}

/** A client whose time stands still and whose randomness repeats. */
function frozen(exchange: CcxtExchange): CcxtExchange {
  exchange['milliseconds'] = () => NOW
  exchange['seconds'] = () => Math.floor(NOW / 1000)
  exchange['microseconds'] = () => NOW * 1000
  exchange['uuid'] = () => '5ca1ab1e-0000-4000-8000-00000000abcd'
  exchange['uuid16'] = () => '5ca1ab1e00000000'
  exchange['uuid22'] = () => '5ca1ab1e00000000abcdef'
  exchange['randomBytes'] = () => '5ca1ab1e'.repeat(4)
  return exchange
}

/** A request of ccxt as its HTTP client puts it on the wire, which first makes a URL of it. */
function wireOf({ url, method, body = '', headers = {} }: CcxtSigned): WireRequest {
  return {
    method,
    target: targetOf(new URL(url)),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
    body: encodeUtf8(body ?? ''),
  }
}

/** Our signer's output for what ccxt signed: with its nonce, since that is drawn, and our own stamp for all else. */
async function signedByOurs(
  { scheme, credentials }: Stage,
  theirs: WireRequest,
  dialect: Dialect,
): Promise<WireRequest> {
  const claim = scheme.read(theirs)
  if (claim === undefined || isMalformed(claim)) throw new Error(`cannot be read: ${JSON.stringify(claim)}`)
  const { tag, ...read } = claim
  const { keyId, secret, passphrase } = credentials
  const signer = createSigner({
    ...{ keyId, secret, ...(passphrase !== undefined && { passphrase }) },
    scheme: {
      ...scheme,
      stamp: stamp => {
        const ours = scheme.stamp({ ...stamp, recvWindowMs: claim.recvWindowMs })
        expect({ ...ours, nonce: claim.nonce }).toMatchObject(read)
        return { ...ours, nonce: claim.nonce }
      },
    },
    clock: () => NOW,
  })
  const written = Object.keys(scheme.write({ ...theirs, headers: {} }, claim, claim.tag).headers)
  const unsigned = (dialect.unsigned ?? withoutHeaders)(theirs, written)
  const ours = await signer.sign(unsigned)
  return isOfCurve(secret) ? plain(scheme.write(unsigned, claim, claim.tag)) : ours
}

/** A key of ECDSA, of which two signatures of one message differ. */
function isOfCurve(secret: string): boolean {
  return secret.startsWith('-----') && createPrivateKey(secret).asymmetricKeyType === 'ec'
}

/** Another secret of the same form: one character is another one. */
function otherSecret(secret: string): string {
  const at = Math.min(40, secret.length - 3)
  return secret.slice(0, at) + (secret.charAt(at) === 'A' ? 'B' : 'A') + secret.slice(at + 1)
}

/** Of no form of ours, so that no checksum gives it away. */
function otherId(keyId: string): string {
  return keyId.slice(0, -2) + (keyId.endsWith('zz') ? 'yy' : 'zz')
}
