import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCapture, SMALL_BODY_BYTES } from '../../src/http/capture.js'

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
    const capture = createCapture(1_000_000, { announced })
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

describe('What goes along with a body', () => {
  function captureOf(size: number, { isWanted = true, announced = undefined as number | undefined } = {}) {
    const seen: number[] = []
    const ended: Uint8Array[] = []
    let asked = 0
    const companion = () => {
      asked++
      return isWanted
        ? { add: (chunk: Uint8Array) => seen.push(...chunk), end: (of: Uint8Array) => ended.push(of) }
        : undefined
    }
    const capture = createCapture(1_000_000, { announced, companion })
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7) & 0xff)
    for (let at = 0; at < size; at += 10_000) capture.add(bytes.slice(at, at + 10_000))
    return { capture, bytes, seen, ended, asked: () => asked }
  }

  it.each([undefined, 100_000, 70_000])('sees all of it once it is large (announced: %j)', announced => {
    const { capture, bytes, seen, ended, asked } = captureOf(100_000, { announced })
    expect([asked(), Buffer.compare(Uint8Array.from(seen), bytes), ended]).toEqual([1, 0, []])
    const body = capture.bytes()
    capture.bytes()
    expect(ended.length).toBe(1)
    expect(ended[0]).toBe(body)
  })

  it('is not asked for while that is small, nor told the end of what is too large', () => {
    const small = captureOf(SMALL_BODY_BYTES)
    small.capture.bytes()
    expect([small.asked(), small.seen, small.ended]).toEqual([0, [], []])
    const large = captureOf(100_000)
    expect(large.capture.add(new Uint8Array(900_001))).toBe(false)
    large.capture.bytes()
    expect([large.seen.length, large.ended]).toEqual([100_000, []])
  })

  it('need not be there', () => {
    const { capture, bytes, asked } = captureOf(100_000, { isWanted: false })
    expect([asked(), Buffer.compare(capture.bytes(), bytes)]).toEqual([1, 0])
  })
})
