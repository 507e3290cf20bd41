/** The cases that the laws, the mutation fuzz and the table of protection run on, made from the vector files. */

import { generateKeyPairSync } from 'node:crypto'
import type { WireRequest } from '../../src/http/request.js'
import type { Component, LoginMessage, Scheme } from '../../src/scheme.js'
import { type ImportScheme, type LoadedDialect, loadDialect } from '../schemes/dialects.js'
import {
  loadVectors,
  toWire,
  type VectorCredentials,
  type VectorFixture,
  type VectorRequest,
} from '../schemes/vectors.js'
import type { SchemeCase } from './scheme-case.js'

/** Two requests that share a string to sign. */
export interface SharedCase extends SchemeCase<WireRequest> {
  readonly component: Component
  readonly a: WireRequest
  readonly b: WireRequest
}

export interface SchemeFixtures {
  readonly id: string
  readonly dialect: LoadedDialect
  readonly requests: readonly SchemeCase<WireRequest>[]
  readonly logins: readonly SchemeCase<LoginMessage>[]
  readonly shared: readonly SharedCase[]
}

/** Everything there is to try of one dialect. */
export async function loadFixtures(id: string, importScheme?: ImportScheme): Promise<SchemeFixtures> {
  const dialect = await loadDialect(id, importScheme)
  const { fixtures, partial = [] } = loadVectors(id)
  return {
    id,
    dialect,
    requests: fixtures.map(fixture => requestCase(dialect, fixture)),
    logins: fixtures.flatMap(fixture => loginCase(dialect, fixture)),
    shared: partial.map(pair => {
      const { component, a, b } = pair
      const name = `${component}: ${a.method} ${a.target} and ${b.method} ${b.target}`
      return { ...requestCase(dialect, { ...pair, name, requests: [a] }), component, a: hosted(a), b: hosted(b) }
    }),
  }
}

function requestCase(dialect: LoadedDialect, fixture: VectorFixture): SchemeCase<WireRequest> {
  const scheme = dialect.make(fixture.options)
  return {
    ...caseOf(scheme, fixture),
    dialect: scheme,
    messages: fixture.requests.map(hosted),
    elsewhere: fixture.elsewhere && dialect.make(fixture.elsewhere),
  }
}

function loginCase(dialect: LoadedDialect, fixture: VectorFixture): SchemeCase<LoginMessage>[] {
  const scheme = dialect.make(fixture.options)
  const { logins } = fixture
  if (scheme.login === undefined || logins === undefined) return []
  return [{ ...caseOf(scheme, fixture), dialect: scheme.login, messages: logins, elsewhere: undefined }]
}

function caseOf(scheme: Scheme, fixture: VectorFixture) {
  const { name, credentials, now, anyCase = false, anyPlace = false, byMeaning = [] } = fixture
  return { name, scheme, credentials, stranger: strangerTo(credentials, scheme), now, anyCase, anyPlace, byMeaning }
}

/** A request arrives with a host. */
function hosted(request: VectorRequest): WireRequest {
  const wire = toWire(request)
  return { ...wire, headers: { host: 'api.example.com', ...wire.headers } }
}

/** The same key id under another secret of the same kind. */
export function strangerTo(credentials: VectorCredentials, { proof }: Scheme): VectorCredentials {
  const { secret, publicKey } = credentials
  if (publicKey !== undefined) return { ...credentials, ...otherPair(publicKey) }
  const isBase64 = proof.kind === 'mac' && proof.secretEncoding.name === 'base64'
  // The first character of base64 has no spare bits.
  return { ...credentials, secret: isBase64 ? (secret.startsWith('A') ? 'B' : 'A') + secret.slice(1) : `${secret}x` }
}

const pairs = new Map<string, { readonly secret: string; readonly publicKey: string }>()

/** A key pair of the same kind as the public key, made once. */
function otherPair(publicKey: string): { readonly secret: string; readonly publicKey: string } {
  const der = Buffer.from(publicKey.replace(/-----[A-Z ]+-----/g, ''), 'base64')
  const kind = der.length < 80 ? 'ed25519' : der.length < 120 ? 'ec' : 'rsa'
  const made = pairs.get(kind) ?? toPem(kind)
  pairs.set(kind, made)
  return made
}

function toPem(kind: 'ed25519' | 'ec' | 'rsa'): { readonly secret: string; readonly publicKey: string } {
  const { privateKey, publicKey } =
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : kind === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    secret: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  }
}
