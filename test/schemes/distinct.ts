import type { WireRequest } from '../../src/http/request.js'
import { isMalformed, type Scheme } from '../../src/scheme.js'
import { textOf } from './vectors.js'

/** What was made of many requests. */
export interface Collisions {
  /** How many could be read at all: a property of none proves nothing. */
  readonly read: number
  /** Pairs of requests that differ in what `identityOf` sees and share a string to sign. */
  readonly found: readonly (readonly [string, string])[]
}

/**
 * Looks for two requests with one string to sign. Every request is compared with every other, by way of a table of
 * strings, so that n requests are n²/2 pairs.
 *
 * @param identityOf everything of a request that the scheme says it covers
 */
export function collisionsOf(
  scheme: Scheme,
  requests: Iterable<WireRequest>,
  identityOf: (request: WireRequest) => string,
): Collisions {
  const seen = new Map<string, string>()
  const found: [string, string][] = []
  let read = 0
  for (const request of requests) {
    const claim = scheme.read(request)
    if (claim === undefined || isMalformed(claim)) continue
    read++
    const text = textOf(scheme.stringToSign(request, claim))
    const identity = identityOf(request)
    const other = seen.get(text)
    if (other === undefined) seen.set(text, identity)
    else if (other !== identity) found.push([other, identity])
  }
  return { read, found }
}

/** Numbers below `n`, the same ones for the same seed. */
export function createDice(seed: number): (n: number) => number {
  let state = seed >>> 0
  return n => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

/** Text of up to `max` characters from the alphabet. */
export function textFrom(dice: (n: number) => number, alphabet: string, max: number): string {
  let text = ''
  for (let length = dice(max + 1); length > 0; length--) text += alphabet.charAt(dice(alphabet.length))
  return text
}
