import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as noble from '../../src/crypto/hash.noble.js'
import * as node from '../../src/crypto/hash.node.js'

describe.each([
  ['node', node],
  ['noble', noble],
])('the %s hash', (_, platform) => {
  it.each(['sha256', 'sha384', 'sha512'] as const)('computes %s and its HMAC as OpenSSL does', name => {
    const hash = platform[name]
    for (const length of [0, 1, 63, 64, 143, 1023, 4095, 4096, 4097, 20_000]) {
      const message = 'é'.repeat(length >> 2) + 'x'.repeat(length)
      for (const keyLength of [1, 32, 64, 65, 128, 129, 300]) {
        const key = new Uint8Array(keyLength).fill(keyLength)
        const tag = hash.mac(key).tag([message, new Uint8Array([1, 2])])
        expect(tag).toEqual(new Uint8Array(createHmac(name, key).update(message).update('\x01\x02').digest()))
        expect(hash.mac(key).matches([message, '\x01', '\x02'], tag)).toBe(true)
      }
      expect(hash.digest([message])).toEqual(new Uint8Array(createHash(name).update(message).digest()))
    }
  })
})
