import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Digest, HashName, Part } from '../../src/crypto/hash.js'
import { SMALL_BODY_BYTES } from '../../src/http/capture.js'
import { createArrivingDigest, withArrivedDigest } from '../../src/verify/arriving-digest.js'

const LARGE = Uint8Array.from({ length: SMALL_BODY_BYTES + 1 }, (_, i) => (i * 31) & 0xff)
const ofBody = (body: Uint8Array, as: Digest['as'] = 'hex', digest: HashName = 'sha256'): Part => ({
  ...{ digest, of: [body], as },
})

function arrive(body: Uint8Array, { hash = 'sha256' as HashName, maxBytes = 1_000_000, cuts = [] as number[] } = {}) {
  const arriving = createArrivingDigest({ hash, maxBytes })
  const ends = [...cuts.map(cut => cut % (body.length + 1)).sort((a, b) => a - b), body.length]
  let at = 0
  for (const end of ends) {
    arriving.add(body.subarray(at, end))
    at = end
  }
  arriving.end(body)
}

describe('The digest of a body that arrived', () => {
  it.each(['sha256', 'sha384', 'sha512'] as const)('is its %s in every form, however it was cut', hash => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.uint8Array({ minLength: 1, maxLength: 9 }),
        (cuts, tail) => {
          const body = Uint8Array.from([...LARGE, ...tail])
          arrive(body, { hash, cuts })
          const expected = createHash(hash).update(body).digest()
          const parts = (['hex', 'base64', 'bytes'] as const).map(as => ofBody(body, as, hash))
          expect(withArrivedDigest(['a', ...parts, 'b'], body)).toEqual([
            ...['a', expected.toString('hex'), expected.toString('base64'), new Uint8Array(expected), 'b'],
          ])
        },
      ),
      { numRuns: 20 },
    )
  })

  it('is nobody else’s: the same bytes in other memory are hashed', () => {
    arrive(LARGE)
    const copy = LARGE.slice()
    const parts = [ofBody(copy)]
    expect(withArrivedDigest(parts, copy)).toBe(parts)
    expect(withArrivedDigest(parts, LARGE)).toEqual(parts)
  })

  it('stands for no other hash, and for no digest of more than the body', () => {
    arrive(LARGE)
    const more = [['1', LARGE], [LARGE, '1'], [LARGE, LARGE], [], ['1']] as const
    const parts = [ofBody(LARGE, 'hex', 'sha512'), ...more.map(of => ({ digest: 'sha256', of, as: 'bytes' }) as const)]
    expect(withArrivedDigest(parts, LARGE)).toEqual(parts)
  })

  it('is not kept of a body above the limit, and not looked for where it is small', () => {
    const above = LARGE.slice()
    arrive(above, { maxBytes: above.length - 1 })
    const small = LARGE.slice(1)
    arrive(small)
    for (const body of [above, small]) {
      const parts = [ofBody(body)]
      expect(withArrivedDigest(parts, body)).toBe(parts)
    }
  })

  it.each([undefined, null, 'text', { length: 100_000 }])('is not that of %j', body => {
    const parts = [ofBody(LARGE.slice())]
    expect(withArrivedDigest(parts, body)).toBe(parts)
  })
})
