import { describe, expect, it } from 'vitest'
import { readSignature, writeSignature } from '../../src/dialect/signature-text.js'

const tagOf = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 37 + 251) & 255)

describe('A signature as text', () => {
  it.each([
    ['an HMAC-SHA256, in hex', 32, /^[0-9a-f]{64}$/],
    ['Ed25519, in base64', 64, /^[A-Za-z0-9+/]{86}==$/],
    ['RSA with 2048 bits, in base64', 256, /^[A-Za-z0-9+/]{342}==$/],
    ['RSA with 8192 bits, in base64', 1024, /^[A-Za-z0-9+/]{1366}==$/],
  ])('of %s is read as it was written', (_, length, pattern) => {
    const text = writeSignature(tagOf(length))
    expect(text).toMatch(pattern)
    expect(readSignature(text)).toEqual(tagOf(length))
  })

  it('is of no other length', () => {
    for (const length of [0, 31, 33, 48, 63, 65, 96, 255, 1025]) {
      expect(readSignature(writeSignature(tagOf(length))), `${length} bytes`).toBeUndefined()
    }
  })

  it('has one spelling', () => {
    const [mac, signature] = [writeSignature(tagOf(32)), writeSignature(tagOf(64))]
    const others = [
      mac.toUpperCase(),
      ` ${mac}`,
      `0x${mac}`,
      signature.replace(/=+$/, ''),
      `${signature}=`,
      `${signature}\n`,
    ]
    const spare = signature.replace(/.==$/, last => `${String.fromCharCode(last.charCodeAt(0) + 1)}==`)
    for (const text of [...others, spare, '', 'A'.repeat(100_000)]) expect(readSignature(text), text).toBeUndefined()
  })
})
