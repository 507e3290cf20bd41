import { factories } from 'runtimes:schemes'
import { dialects } from 'runtimes:vectors'
import { prepareMac } from '#mac'
import { decodeBase64, decodeHex, encodeUtf8 } from '../../../src/bytes.js'
import { createSigner } from '../../../src/client/index.js'
import type { WireRequest } from '../../../src/http/request.js'
import { type Claim, type Dialect, isMalformed, type Scheme } from '../../../src/scheme.js'
import { isConsistent } from '../../../src/verify/consistency.js'
import { type Prover, plain, proverOf } from '../../laws/scheme-case.js'
import type {
  ValidLogin,
  ValidVector,
  VectorCredentials,
  VectorFile,
  VectorFixture,
  VectorOptions,
  VectorRequest,
} from '../../schemes/vectors.js'
import { type Check, expectSame } from './check.js'

function makerOf(id: string): (options?: VectorOptions) => Scheme {
  const factory = factories[id]
  if (factory === undefined) throw new TypeError(`no factory for ${id}`)
  // A factory without options takes none.
  return options => (Object.keys(options ?? {}).length === 0 ? factory() : factory(options))
}

function toWire({ method, target, headers = {}, body = '', bodyHex }: VectorRequest): WireRequest {
  const bytes = bodyHex === undefined ? encodeUtf8(body) : decodeHex(bodyHex, bodyHex.length / 2)
  return { method, target, headers, body: bytes as Uint8Array }
}

/** What a dialect makes of a message under these credentials, in the words of the files. */
async function verdictUnder<M>(dialect: Dialect<M>, message: M, prover: Prover): Promise<string> {
  const read = dialect.read(message)
  if (read === undefined) return 'no credentials'
  if (isMalformed(read)) return `malformed ${read.malformed}`
  if (read.passphrase !== prover.passphrase) return 'wrong passphrase'
  const proven = isConsistent(dialect, message) && (await prover.proves(dialect.stringToSign(message, read), read))
  return proven ? 'accepted' : 'wrong signature'
}

/** A signature somebody else made: read, proven, and, where there is one signature only, made again. */
async function accepted<M>(
  { scheme, dialect }: { readonly scheme: Scheme; readonly dialect: Dialect<M> },
  { name, credentials, signature }: ValidVector | ValidLogin,
  signed: M,
): Promise<void> {
  const prover = await proverOf(scheme, credentials)
  expectSame(await verdictUnder(dialect, signed, prover), 'accepted', name)
  const read = dialect.read(signed) as Claim
  const { proof } = scheme
  if (proof.kind === 'bearer' || !prover.isDeterministic) return
  const tag = decodeHex(signature, signature.length / 2) ?? decodeBase64(signature)
  const parts = dialect.stringToSign(signed, read)
  expectSame(await prover.sign(parts), tag, `signature of ${name}`)
  const key = proof.kind === 'mac' && credentials.publicKey === undefined
  if (!key) return
  const secret = proof.secretEncoding.keyOf(encodeUtf8(credentials.secret)) as Uint8Array
  expectSame(await prepareMac(proof.hash, secret)(parts), tag, `signature of ${name} by a client`)
}

async function vectorsHold({ scheme: id, valid, validLogins = [], invalid }: VectorFile): Promise<void> {
  const make = makerOf(id)
  for (const vector of valid) {
    const scheme = make(vector.options)
    await accepted({ scheme, dialect: scheme }, vector, toWire(vector.signed))
  }
  for (const vector of validLogins) {
    const scheme = make(vector.options)
    await accepted({ scheme, dialect: scheme.login as Dialect<object> }, vector, vector.message)
  }
  for (const { name, options, credentials, signed, message, reason } of invalid) {
    const scheme = make(options)
    const prover = await proverOf(scheme, credentials ?? (valid[0]?.credentials as VectorCredentials))
    const verdict =
      signed === undefined
        ? verdictUnder(scheme.login as Dialect<object>, message as object, prover)
        : verdictUnder(scheme, toWire(signed), prover)
    expectSame(await verdict, reason, name)
  }
}

/** The client's way: what the signer makes passes, damaged it does not. */
async function signerHolds({ scheme: id, fixtures }: VectorFile): Promise<void> {
  for (const fixture of fixtures) {
    const scheme = makerOf(id)(fixture.options)
    const { keyId, secret, passphrase } = fixture.credentials
    const given = passphrase === undefined ? {} : { passphrase }
    const signer = createSigner({ scheme, keyId, secret, ...given, clock: () => fixture.now })
    const prover = await proverOf(scheme, fixture.credentials)
    for (const request of fixture.requests) {
      const wire = toWire(request)
      const signed = plain(await signer.sign({ ...wire, headers: { host: 'api.example.com', ...wire.headers } }))
      expectSame(await verdictUnder(scheme, signed, prover), 'accepted', `${fixture.name}: ${request.target}`)
      if (scheme.proof.kind === 'bearer') continue
      const claim = scheme.read(signed) as Claim
      const parts = scheme.stringToSign(signed, claim)
      const damaged = claim.tag.map((byte, at) => (at === 0 ? byte ^ 1 : byte))
      const passes = [
        await prover.proves(parts, { ...claim, tag: damaged }),
        await prover.proves([...parts, '!'], claim),
      ]
      expectSame(passes, [false, false], `a damaged signature, and another message: ${fixture.name}: ${request.target}`)
    }
    await loginsHold(fixture, scheme, prover)
  }
}

async function loginsHold({ logins = [], credentials, now, name }: VectorFixture, scheme: Scheme, prover: Prover) {
  if (scheme.login === undefined) return
  const { keyId, secret, passphrase } = credentials
  const given = passphrase === undefined ? {} : { passphrase }
  const signer = createSigner({ scheme, keyId, secret, ...given, clock: () => now })
  for (const message of logins) {
    const signed = plain(await signer.login(message))
    expectSame(await verdictUnder(scheme.login, signed, prover), 'accepted', `${name}: a login`)
  }
}

export const dialectChecks: readonly Check[] = dialects.flatMap((file): Check[] => [
  { capability: 'dialects', name: `${file.scheme}: its vectors hold`, run: () => vectorsHold(file) },
  { capability: 'dialects', name: `${file.scheme}: the signer's requests pass`, run: () => signerHolds(file) },
])
