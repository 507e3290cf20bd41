/** One thing that must hold wherever the library runs, and what became of it. No test runner: the suite travels. */

import { ConfigError } from '../../../src/errors.js'

/** What the table of runtimes has a row for, in its order. */
export const CAPABILITIES = {
  client: 'a client of a server on Node (`keylattice/client`)',
  verify: 'requests judged in the process (`createVerifier`)',
  fetch: 'a server behind `keylattice/middleware/fetch`, called from Node',
  node: 'a server behind `keylattice/middleware/node`, called from Node',
  top: 'a verifier and its stores built at the top of a module',
  hmac: 'HMAC with SHA-256, SHA-384, SHA-512: RFC 4231, Wycheproof',
  dialects: 'every scheme: its vectors, its signer and its login',
  ed25519: 'key pairs of Ed25519: Wycheproof',
  'ecdsa-p256-sha256': 'key pairs of ECDSA P-256: Wycheproof',
  'rsa-v1_5-sha256': 'key pairs of RSA PKCS#1 v1.5: Wycheproof',
  'rsa-pss-sha512': 'key pairs of RSA-PSS: Wycheproof',
  sealer: 'secrets at rest: Wycheproof XChaCha20-Poly1305',
  keys: 'the life of a key (`createKeyManager`)',
  permissions: 'permissions',
  allowlists: 'IP allowlists',
  credentials: 'credentials as URI and QR code',
  memory: 'memory stores: their conformance suites',
  'node:sqlite': 'SQLite store over `node:sqlite`: its conformance suites',
  'bun:sqlite': 'SQLite store over `bun:sqlite`: its conformance suites',
  require: '`require` of every import path that needs no driver',
} as const

export type Capability = keyof typeof CAPABILITIES

export interface Check {
  readonly capability: Capability
  /** A sentence. */
  readonly name: string
  run(): unknown
}

/** What became of a check: `absent` = the runtime lacks what it needs, `skipped` = this machine does. */
export interface Outcome {
  readonly capability: Capability
  readonly name: string
  readonly state: 'passed' | 'failed' | 'absent' | 'skipped'
  /** Why it did not pass; empty when it did. */
  readonly why: string
  readonly ms: number
}

/** The runtime has not what the check needs; the message says what. */
export class AbsentError extends Error {}

/** The machine has not what the check needs. */
export class SkippedError extends Error {}

/** Runs checks one after the other. */
export async function runChecks(checks: readonly Check[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const check of checks) outcomes.push(await runCheck(check))
  return outcomes
}

async function runCheck({ capability, name, run }: Check): Promise<Outcome> {
  const start = performance.now()
  const ended = (state: Outcome['state'], why: string): Outcome => {
    return { capability, name, state, why, ms: Math.round(performance.now() - start) }
  }
  try {
    await run()
    return ended('passed', '')
  } catch (error) {
    const { message = '', stack = '' } = error instanceof Error ? error : { message: String(error) }
    if (error instanceof SkippedError) return ended('skipped', message)
    // A runtime without an algorithm is told apart from one that computes wrongly by the library itself.
    const isAbsent = error instanceof AbsentError || (error instanceof ConfigError && error.code === 'ERR_PLATFORM')
    return isAbsent ? ended('absent', message) : ended('failed', `${message}\n${stack}`)
  }
}

/** Ends the check unless `holds`. */
export function expect(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`does not hold: ${claim}`)
}

/** Ends the check unless both are equal, as JSON and bytes compare. */
export function expectSame(actual: unknown, expected: unknown, claim: string): void {
  const [left, right] = [textOf(actual), textOf(expected)]
  if (left !== right) throw new Error(`${claim}: ${left} instead of ${right}`)
}

/** Ends the check unless the call throws, or rejects with, an error of this code. */
export async function expectCode(call: () => unknown, code: string, claim: string): Promise<void> {
  const thrown = await Promise.resolve()
    .then(call)
    .then(
      () => 'nothing thrown',
      (error: { code?: string; message?: string }) => error.code ?? error.message,
    )
  expectSame(thrown, code, claim)
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? [...inner] : inner)) ?? 'undefined'
}
