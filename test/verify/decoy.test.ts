import { describe, expect, it, vi } from 'vitest'
import type { Mac } from '../../src/crypto/hash.js'
import { createWorld, unsigned } from '../world.js'

const compared = vi.hoisted(() => ({ count: 0 }))

// The platform's hash, with its comparisons counted.
vi.mock('#hash', async original => {
  const hash = await original<typeof import('#hash')>()
  const mac = (key: Uint8Array): Mac => {
    const inner = hash.sha256.mac(key)
    const matches: Mac['matches'] = (parts, tag) => {
      compared.count++
      return inner.matches(parts, tag)
    }
    return { ...inner, matches }
  }
  return { ...hash, hashes: { ...hash.hashes, sha256: { ...hash.sha256, mac } } }
})

describe('an unknown key', () => {
  it('costs the same MAC as a known one, and as a wrong signature', async () => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue()
    for (const change of [{}, { 'x-api-key': 'nobody' }, { 'x-api-signature': '0'.repeat(64) }]) {
      const before = compared.count
      const signed = await signer.sign(unsigned())
      await verifier.verify({ ...signed, headers: { ...signed.headers, ...change } }, { permission: 'read' })
      expect(compared.count - before).toBe(1)
    }
  })
})
