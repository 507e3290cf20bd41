/** Test vectors of others, as they were put into the suite. */

import { shared } from 'runtimes:vectors'
import { decodeHex } from '../../../src/bytes.js'
import { SkippedError } from './check.js'

/** @throws {SkippedError} where the folder was absent when the suite was made */
export function sharedVectors<T>(path: string): T {
  if (shared === undefined) throw new SkippedError('../shared/vectors is not there')
  return shared[path] as T
}

/** Groups of a file of Wycheproof. */
export interface Wycheproof<Group> {
  readonly numberOfTests: number
  readonly testGroups: readonly Group[]
}

export function wycheproof<Group>(name: string): Wycheproof<Group> {
  return sharedVectors(`wycheproof/testvectors_v1/${name}_test.json`)
}

export function hex(text: string): Uint8Array {
  const bytes = decodeHex(text, text.length / 2)
  if (bytes === undefined) throw new TypeError('not hex')
  return bytes
}
