import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCapture } from '../../src/http/capture.js'

describe('A captured body', () => {
  it('is what came, in order, in memory of its own', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), chunks => {
        const capture = createCapture(1_000_000)
        for (const chunk of chunks) expect(capture.add(chunk)).toBe(true)
        const bytes = capture.bytes()
        expect([...bytes]).toEqual(chunks.flatMap(chunk => [...chunk]))
        expect(bytes.buffer.byteLength).toBe(bytes.length)
      }),
    )
  })

  it('may be as large as the limit, and no larger, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.nat(200), (chunks, maxBytes) => {
        const capture = createCapture(maxBytes)
        let size = 0
        for (const chunk of chunks) {
          size += chunk.length
          expect(capture.add(chunk)).toBe(size <= maxBytes)
        }
      }),
    )
  })

  it('is let go once it is too large', () => {
    const capture = createCapture(3)
    expect(capture.add(Uint8Array.of(1, 2, 3))).toBe(true)
    expect([...capture.bytes()]).toEqual([1, 2, 3])
    expect(capture.add(Uint8Array.of(4))).toBe(false)
    expect([...capture.bytes()].some(byte => byte !== 0)).toBe(false)
  })

  it.each([
    ['announced', 300_000],
    ['announced too short', 70_000],
    ['announced too long', 900_000],
    ['not announced', undefined],
  ])('is what came also where it is large, and was %s', (_title, announced) => {
    const capture = createCapture(1_000_000, announced)
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) & 0xff)
    const chunk = new Uint8Array(10_000)
    for (let at = 0; at < bytes.length; at += chunk.length) {
      // Whoever hands it over may use its memory again.
      chunk.set(bytes.subarray(at, at + chunk.length))
      expect(capture.add(at < 60_000 ? chunk.slice() : chunk)).toBe(true)
    }
    expect(Buffer.compare(capture.bytes(), bytes)).toBe(0)
    expect(capture.add(new Uint8Array(700_001))).toBe(false)
    expect(capture.bytes().some(byte => byte !== 0)).toBe(false)
  })
})
