import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Hash } from '../../src/crypto/hash.js'
import * as noble from '../../src/crypto/hash.noble.js'
import * as node from '../../src/crypto/hash.node.js'
import type { PlainPart } from '../../src/crypto/parts.js'
import { ConfigError } from '../../src/errors.js'

const platforms = [
  ['node', node],
  ['noble', noble],
] as const
const names = ['sha256', 'sha384', 'sha512'] as const
const key = new Uint8Array(32).fill(7)

/** What the platforms must agree with: OpenSSL over the UTF-8 bytes of each part. */
function bytesOf(parts: readonly PlainPart[]): Buffer {
  return Buffer.concat(parts.map(part => (typeof part === 'string' ? new TextEncoder().encode(part) : part)))
}

function openssl(name: Hash['name'], parts: readonly PlainPart[], macKey?: Uint8Array): Uint8Array {
  const hash = macKey === undefined ? createHash(name) : createHmac(name, macKey)
  return new Uint8Array(hash.update(bytesOf(parts)).digest())
}

const anyPart = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  // Code units one by one, so that half of them are lone surrogates.
  fc.array(fc.integer({ min: 0xd700, max: 0xe0ff }), { maxLength: 8 }).map(units => String.fromCharCode(...units)),
  fc.uint8Array({ maxLength: 60 }),
)

describe.each(platforms)('the hash on %s', (_, platform) => {
  it.each(names)('computes %s and its HMAC as OpenSSL does, for every length around a block and a scratch', name => {
    const hash = platform[name]
    for (const length of [
      0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 143, 1023, 1024, 1025, 4096, 4097, 20_000,
    ]) {
      const parts = ['é'.repeat(length >> 2), 'x'.repeat(length - (length >> 2)), new Uint8Array([1, 255])]
      expect(hash.digest(parts)).toEqual(openssl(name, parts))
      for (const keyLength of [1, 32, 63, 64, 65, 127, 128, 129, 300]) {
        const macKey = new Uint8Array(keyLength).fill(keyLength)
        const tag = hash.mac(macKey).tag(parts)
        expect(tag).toEqual(openssl(name, parts, macKey))
        expect(hash.mac(macKey).matches(parts, tag)).toBe(true)
      }
    }
  })

  it.each(names)('takes %s of what arrives, however it is cut', name => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), chunks => {
        const running = platform.runningDigest(name)
        for (const chunk of chunks) running.update(chunk)
        expect(new Uint8Array(running.digest())).toEqual(openssl(name, chunks))
      }),
    )
  })

  it.each(names)('computes %s of any parts, however they are cut and whatever they hold', name => {
    const hash = platform[name]
    const mac = hash.mac(key)
    fc.assert(
      fc.property(fc.array(anyPart, { maxLength: 12 }), parts => {
        const tag = openssl(name, parts, key)
        expect(mac.tag(parts)).toEqual(tag)
        expect(mac.matches(parts, tag)).toBe(true)
        expect(hash.digest(parts)).toEqual(openssl(name, parts))
        expect(hash.hexDigest(bytesOf(parts))).toBe(Buffer.from(openssl(name, parts)).toString('hex'))
      }),
    )
  })

  it.each(names)('states its sizes for %s', name => {
    const { digestBytes, blockBytes, mac, name: stated } = platform[name]
    expect(stated).toBe(name)
    expect(mac(key).tag([]).length).toBe(digestBytes)
    expect(blockBytes).toBe(name === 'sha256' ? 64 : 128)
  })

  it('refuses a tag with any one bit changed, and accepts it unchanged', () => {
    for (const name of names) {
      const mac = platform[name].mac(key)
      const tag = mac.tag(['message'])
      for (let bit = 0; bit < tag.length * 8; bit++) {
        const changed = tag.slice()
        changed[bit >> 3]! ^= 1 << (bit & 7)
        expect(mac.matches(['message'], changed)).toBe(false)
      }
      expect(mac.matches(['message'], tag)).toBe(true)
    }
  })

  it('refuses a tag of any other length without throwing', () => {
    const mac = platform.sha256.mac(key)
    const tag = mac.tag(['message'])
    for (let length = 0; length <= 100; length++) {
      const other = new Uint8Array(length)
      other.set(tag.subarray(0, length))
      expect(mac.matches(['message'], other)).toBe(length === 32)
    }
  })

  it('refuses a tag of another key, another message and another hash', () => {
    const tag = platform.sha384.mac(key).tag(['message'])
    expect(platform.sha384.mac(key).matches(['message'], tag)).toBe(true)
    expect(platform.sha384.mac(new Uint8Array(32).fill(8)).matches(['message'], tag)).toBe(false)
    expect(platform.sha384.mac(key).matches(['messagE'], tag)).toBe(false)
    expect(platform.sha512.mac(key).matches(['message'], tag)).toBe(false)
  })

  it('takes two halves of a surrogate pair in two parts for two U+FFFD, and a whole pair for itself', () => {
    const mac = platform.sha256.mac(key)
    expect(mac.tag(['a\ud83d', '\ude00b'])).toEqual(mac.tag(['a\ufffd\ufffdb']))
    expect(mac.tag(['a\ud83d', '', '\ude00b'])).toEqual(mac.tag(['a\ufffd\ufffdb']))
    expect(mac.tag(['a\ud83d', new Uint8Array(0), '\ude00b'])).toEqual(mac.tag(['a\ufffd\ufffdb']))
    expect(mac.tag(['a\ud83d\ude00', 'b'])).not.toEqual(mac.tag(['a\ufffd\ufffdb']))
    expect(mac.tag(['a\ud83d\ude00', 'b'])).toEqual(mac.tag(['a😀b']))
  })

  it('answers with memory of its own', () => {
    const mac = platform.sha256.mac(key)
    const first = mac.tag(['one'])
    const digest = platform.sha256.digest(['one'])
    const kept = [first.slice(), digest.slice()]
    mac.tag(['two'])
    mac.matches(['three'], first)
    platform.sha256.digest(['four'])
    expect([first, digest]).toEqual(kept)
    first.fill(0)
    expect(mac.tag(['one'])).toEqual(kept[0])
    expect(Object.getPrototypeOf(first)).toBe(Uint8Array.prototype)
    expect(Object.getPrototypeOf(digest)).toBe(Uint8Array.prototype)
  })

  it('keeps the keys of several MACs apart, and does not follow a key changed later', () => {
    const changing = key.slice()
    const macs = [platform.sha256.mac(changing), platform.sha256.mac(new Uint8Array(64).fill(9))]
    const tags = macs.map(mac => mac.tag(['x'.repeat(500)]))
    changing.fill(0)
    for (const [i, mac] of macs.entries()) {
      expect(mac.matches(['x'.repeat(500)], tags[i]!)).toBe(true)
      expect(mac.matches(['x'.repeat(500)], tags[1 - i]!)).toBe(false)
    }
  })

  it('gives short messages their tags after a long one passed through the same memory', () => {
    const mac = platform.sha512.mac(key)
    for (const length of [5000, 3, 4000, 200, 0, 1000, 1]) {
      const parts = ['y'.repeat(length)]
      expect(mac.tag(parts)).toEqual(openssl('sha512', parts, key))
    }
  })

  it('computes messages that just fit its memory and just do not, whatever part comes last', () => {
    const mac = platform.sha256.mac(key)
    for (const border of [1024, 4096, 4096 + 64]) {
      for (let length = border - 5; length <= border + 5; length++) {
        const text = 'x'.repeat(length - 4)
        const endings = [[`${text}xxxx`], [text, 'xxxx'], [text, new Uint8Array(4)], [`${text}😀`], [`${text}x\u20ac`]]
        for (const parts of [
          ...endings,
          [new Uint8Array(length)],
          [new Uint8Array(length - 4), '😀'],
          [text, '\ud83d'],
        ]) {
          expect(mac.tag(parts)).toEqual(openssl('sha256', parts, key))
          expect(platform.sha256.digest(parts)).toEqual(openssl('sha256', parts))
        }
      }
    }
  })

  it('cannot be changed by whoever holds it', () => {
    expect(Object.isFrozen(platform.sha256)).toBe(true)
    expect(Object.isFrozen(platform.sha256.mac(key))).toBe(true)
  })

  it('refuses to prepare a MAC without a key, and takes a key of one byte', () => {
    for (const none of [new Uint8Array(0), 'secret', undefined, null, [1, 2], 32, key.buffer]) {
      expect(() => platform.sha256.mac(none as Uint8Array)).toThrow(ConfigError)
      expect(() => platform.sha256.mac(none as Uint8Array)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'key' }),
      )
    }
    expect(platform.sha256.mac(new Uint8Array(1)).tag([]).length).toBe(32)
  })

  it('throws at a part that is neither text nor bytes, which would otherwise count as nothing', () => {
    const mac = platform.sha256.mac(key)
    for (const part of [{}, 12, null, undefined, [1, 2], { length: 0 }, new ArrayBuffer(3)]) {
      expect(() => mac.tag([part as string])).toThrow(TypeError)
      expect(() => mac.matches(['a', part as string], new Uint8Array(32))).toThrow(TypeError)
      expect(() => platform.sha256.digest([part as string])).toThrow(TypeError)
      expect(() => platform.sha256.hexDigest(part as Uint8Array)).toThrow()
    }
    expect(mac.matches(['a'], mac.tag(['a']))).toBe(true)
  })

  it('knows the digest of nothing', () => {
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    expect(platform.sha256.hexDigest(new Uint8Array(0))).toBe(empty)
    expect(platform.sha256.hexDigest(Buffer.alloc(0))).toBe(empty)
    expect(platform.sha256.hexDigest(new Uint8Array(1))).not.toBe(empty)
    expect(Buffer.from(platform.sha256.digest([])).toString('hex')).toBe(empty)
  })

  it('compares bytes of equal and unequal length', () => {
    expect(platform.equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 2]))).toBe(true)
    expect(platform.equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true)
    expect(platform.equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 3]))).toBe(false)
    expect(platform.equalBytes(new Uint8Array([1, 2]), new Uint8Array([2, 2]))).toBe(false)
    expect(platform.equalBytes(new Uint8Array([1, 2]), new Uint8Array([1]))).toBe(false)
    expect(platform.equalBytes(new Uint8Array(0), new Uint8Array([0]))).toBe(false)
  })
})

describe('the hash on a node without one-shot hashing', () => {
  afterEach(() => {
    vi.doUnmock('node:crypto')
    vi.resetModules()
  })

  it('gives the same digests and tags', async () => {
    vi.resetModules()
    const oneShot = vi.fn()
    vi.doMock('node:crypto', async original => ({ ...(await original<object>()), hash: undefined, oneShot }))
    const old: typeof node = await import('../../src/crypto/hash.node.js')
    expect(old.sha256).not.toBe(node.sha256)
    for (const name of names) {
      for (const parts of [['x'.repeat(143)], ['long', 'x'.repeat(5000)], [new Uint8Array(9)]]) {
        const tag = openssl(name, parts, key)
        expect(old[name].mac(key).tag(parts)).toEqual(tag)
        expect(old[name].mac(key).matches(parts, tag)).toBe(true)
        expect(old[name].mac(key).matches([...parts, 'x'], tag)).toBe(false)
        expect(old[name].digest(parts)).toEqual(openssl(name, parts))
        expect(old[name].hexDigest(bytesOf(parts))).toBe(Buffer.from(openssl(name, parts)).toString('hex'))
      }
    }
  })
})
