import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createNames, GROUPS } from '../../src/stores/redis/names.js'

/** @source Redis Cluster specification, appendix A */
function slotOf(name: string): number {
  const tag = /\{(.+?)\}/.exec(name)?.[1] ?? name
  let crc = 0
  for (const byte of new TextEncoder().encode(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1
  }
  return crc % 16_384
}

describe('The names of a Redis store', () => {
  const names = createNames('keylattice:')

  it('are in slots as the specification counts them', () => {
    expect(slotOf('123456789')).toBe(0x31c3 % 16_384)
  })

  it('lie in 64 groups, one in each 64th of the slots, so that a Cluster has an equal part of them on each master', () => {
    const parts = GROUPS.map(group => slotOf(names.horizon(group)) >> 8)
    expect(parts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, i) => i))
  })

  it('deal key ids out over all groups', () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 6400; i++) {
      const group = names.groupOf(`kl_live_${(i * 7919).toString(36)}`)
      counts.set(group, (counts.get(group) ?? 0) + 1)
    }
    expect(counts.size).toBe(64)
    expect(Math.min(...counts.values())).toBeGreaterThan(50)
    expect(Math.max(...counts.values())).toBeLessThan(160)
  })

  it('put all that one key’s claims touch into one slot, whatever its id is made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (keyId, token) => {
        const group = names.groupOf(keyId)
        expect(GROUPS).toContain(group)
        const slots = [names.token(group, keyId, token), names.tally(group, keyId), names.horizon(group)].map(slotOf)
        expect(new Set(slots).size).toBe(1)
        expect(slotOf(names.row(keyId))).toBe(slotOf(names.keys))
      }),
    )
  })

  it('are different for different tokens and keys', () => {
    const part = fc.string({ unit: fc.constantFrom('a', ':', '1', '{', '}', 't', '\ud83d\udd11') })
    fc.assert(
      fc.property(part, part, part, part, (keyId, token, otherKeyId, otherToken) => {
        const [one, other] = [names.token('00kl', keyId, token), names.token('00kl', otherKeyId, otherToken)]
        expect(one === other).toBe(keyId === otherKeyId && token === otherToken)
        const kinds = [one, names.tally('00kl', keyId), names.window(keyId), names.usage(keyId), names.horizon('00kl')]
        expect(new Set(kinds.map(name => name.replace(/\{.*?\}/, ''))).size).toBe(5)
      }),
    )
  })
})
