import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Digest, Part } from '../../src/crypto/hash.js'
import { hashes as noble } from '../../src/crypto/hash.noble.js'
import { hashes as node } from '../../src/crypto/hash.node.js'
import { prepareMac as onNode } from '../../src/crypto/mac.node.js'
import { prepareMac as onWeb } from '../../src/crypto/mac.web.js'
import { ConfigError } from '../../src/errors.js'

const names = ['sha256', 'sha384', 'sha512'] as const
const makers = [
  ['node', onNode],
  ['the web', onWeb],
  ['a server with OpenSSL', (name: (typeof names)[number], key: Uint8Array) => node[name].mac(key).tag],
  ['a server with noble', (name: (typeof names)[number], key: Uint8Array) => noble[name].mac(key).tag],
] as const

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.uint8Array({ maxLength: 40 }))
const digest: fc.Arbitrary<Digest> = fc.record({
  digest: fc.constantFrom(...names),
  of: fc.array(text, { maxLength: 3 }),
  as: fc.constantFrom('hex', 'base64', 'bytes'),
})

function bytesOf(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map(part => {
      if (typeof part === 'string') return Buffer.from(new TextEncoder().encode(part))
      if (part instanceof Uint8Array) return Buffer.from(part)
      const sum = createHash(part.digest).update(bytesOf(part.of)).digest()
      return part.as === 'bytes' ? sum : Buffer.from(sum.toString(part.as))
    }),
  )
}

describe.each(makers)('a MAC on %s', (_, prepareMac) => {
  it.each(names)(
    'is that of OpenSSL with %s, whatever the key, and whatever digests stand among the parts',
    async name => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ minLength: 1, maxLength: 300 }),
          fc.array(fc.oneof(text, digest), { maxLength: 5 }),
          async (key, parts) => {
            const tag = await prepareMac(name, key)(parts)
            expect(Buffer.from(tag)).toEqual(createHmac(name, key).update(bytesOf(parts)).digest())
          },
        ),
      )
    },
  )

  it('keeps nothing of a key that is wiped after it was prepared', async () => {
    const key = new Uint8Array(32).fill(7)
    const sign = prepareMac('sha256', key)
    key.fill(0)
    expect(Buffer.from(await sign(['x']))).toEqual(createHmac('sha256', Buffer.alloc(32, 7)).update('x').digest())
  })
})

describe('a platform without Web Cryptography', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is told so when the signer is built, and one with it is not', () => {
    expect(() => onWeb('sha256', new Uint8Array(1))).not.toThrow()
    vi.stubGlobal('crypto', { getRandomValues: () => {} })
    const prepare = () => onWeb('sha256', new Uint8Array(1))
    expect(prepare).toThrow(ConfigError)
    expect(prepare).toThrow(expect.objectContaining({ code: 'ERR_PLATFORM' }))
  })
})
