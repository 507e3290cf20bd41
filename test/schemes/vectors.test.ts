import { describe, expect, it } from 'vitest'
import { decodeHex, encodeHex, encodeUtf8 } from '../../src/bytes.js'
import type { Claim, Scheme } from '../../src/scheme.js'
import { bearer } from '../../src/schemes/bearer.js'
import { binance } from '../../src/schemes/binance.js'
import { bitfinex } from '../../src/schemes/bitfinex.js'
import { type HmacV1Options, hmacV1 } from '../../src/schemes/hmac-v1.js'
import { loadVectors, textOf, toWire, verdictOf } from './vectors.js'

type Make = (options: Readonly<Record<string, string>>) => Scheme

const dialects: Readonly<Record<string, Make>> = {
  'hmac-v1': options => hmacV1(options as unknown as HmacV1Options),
  bearer: () => bearer(),
  bitfinex: () => bitfinex(),
  binance: () => binance(),
}

for (const [id, make] of Object.entries(dialects)) {
  const { scheme: named, valid, invalid } = loadVectors(id)

  describe(`${id}, by its published vectors`, () => {
    it('is the scheme the file is about', () => {
      expect(make({ audience: 'a' }).id).toBe(named)
      expect(valid.length).toBeGreaterThan(4)
      expect(invalid.length).toBeGreaterThan(10)
    })

    it.each(valid)('reads, and agrees on the string and the signature of: $name', vector => {
      const scheme = make(vector.options)
      const signed = toWire(vector.signed)
      const tag = decodeHex(vector.signature, vector.signature.length / 2)
      expect(scheme.read(signed)).toEqual({ ...vector.claim, tag })
      expect(textOf(scheme.stringToSign(signed, vector.claim as Claim))).toBe(vector.stringToSign)
      if (scheme.proof.kind === 'bearer') return
      const mac = scheme.proof.hash.mac(encodeUtf8(vector.credentials.secret))
      expect(encodeHex(mac.tag([vector.stringToSign]))).toBe(vector.signature)
      expect(verdictOf(scheme, signed, vector.credentials.secret)).toBe('accepted')
      expect(verdictOf(scheme, signed, `${vector.credentials.secret}x`)).toBe('wrong signature')
    })

    it.each(valid.filter(({ request }) => request !== undefined))('writes: $name', vector => {
      const scheme = make(vector.options)
      const { secret } = vector.credentials
      const proof =
        scheme.proof.kind === 'bearer'
          ? encodeUtf8(secret)
          : decodeHex(vector.signature, scheme.proof.hash.digestBytes)!
      const written = scheme.write(toWire(vector.request!), vector.claim as Claim, proof)
      // An absent header and one whose value is undefined are the same to whoever sends or reads them.
      expect(JSON.parse(JSON.stringify(written.headers))).toEqual(vector.signed.headers)
      expect({ ...written, headers: {} }).toEqual({ ...toWire(vector.signed), headers: {} })
    })

    it.each(invalid)('refuses: $name', vector => {
      const verdict = verdictOf(make(vector.options), toWire(vector.signed), valid[0]!.credentials.secret)
      // A bearer token that reads is one nobody was given: there is no signature to be wrong.
      expect(verdict).toBe(id === 'bearer' && vector.reason === 'wrong signature' ? 'read' : vector.reason)
    })
  })
}
