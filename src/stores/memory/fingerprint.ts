/** 64 bits that stand for a text: what the replay store keeps instead of the text itself. */
export interface Fingerprinter {
  /** Writes the fingerprint of `text` to `into[0]` and `into[1]`. Hot path: no allocation, about 50 ns for a nonce. */
  write(text: string, into: Int32Array): void
}

/**
 * Fingerprints under a secret drawn for this process, so that nobody can aim for a collision or for a long hash chain.
 * Two texts meet by chance once in 2^64 pairs.
 */
export function createFingerprinter(): Fingerprinter {
  let secret: Int32Array | undefined
  return {
    write(text, into) {
      // Not before it is needed: workers have no random values outside of a handler.
      secret ??= crypto.getRandomValues(new Int32Array(2))
      halfSipHash(text, secret, into)
    },
  }
}

/** Rounds between the last word and each half of the result. */
const FINAL_ROUNDS = 3

/**
 * HalfSipHash-1-3 with 64 bits of output over the text's UTF-16 units, low byte first, so that every text counts, also
 * one that has no UTF-8. One loop runs every round, because a call per round would cost more than the round.
 *
 * @source https://github.com/veorq/SipHash (halfsiphash.c, cROUNDS 1, dROUNDS 3)
 */
export function halfSipHash(text: string, secret: Int32Array, into: Int32Array): void {
  const k0 = secret[0] ?? 0
  const k1 = secret[1] ?? 0
  const words = (text.length >> 1) + 1
  const rounds = words + 2 * FINAL_ROUNDS
  let v0 = k0
  let v1 = k1 ^ 0xee
  let v2 = k0 ^ 0x6c796765
  let v3 = k1 ^ 0x74656462
  for (let round = 0; round < rounds; round++) {
    let word = 0
    if (round < words) word = wordAt(text, round)
    else if (round === words) v2 ^= 0xee
    else if (round === words + FINAL_ROUNDS) {
      into[0] = v1 ^ v3
      v1 ^= 0xdd
    }
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  into[1] = v1 ^ v3
}

/** Two units of the text; the last word holds the odd one, if any, under the length in bytes modulo 256. */
function wordAt(text: string, index: number): number {
  const at = index << 1
  if (at + 1 < text.length) return text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16)
  return (text.length << 25) | (at < text.length ? text.charCodeAt(at) : 0)
}
