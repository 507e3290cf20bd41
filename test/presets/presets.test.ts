import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { KeyManagerOptions, Preset } from '../../src/index.js'
import { createKeyManager, createMint, createSealer } from '../../src/index.js'
import { bitcoinSuisse } from '../../src/presets/bitcoin-suisse.js'
import { bitexbit } from '../../src/presets/bitexbit.js'
import { bitfinex } from '../../src/presets/bitfinex.js'
import { bitpandaPro } from '../../src/presets/bitpanda-pro.js'
import { standard } from '../../src/presets/standard.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { createMemoryStore } from '../../src/stores/memory.js'

const presets: readonly Preset[] = [standard, bitcoinSuisse, bitpandaPro, bitexbit, bitfinex]

/** Whether nothing in a value of data can be changed. */
const isFrozen = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen))

type Given = Partial<KeyManagerOptions>

/** What a host gives because a policy asks for it. */
const CALLBACKS: Given = {
  replay: createMemoryStore().replay,
  secondFactor: () => true,
  hasSecondFactor: () => true,
  sendConfirmation: () => {},
  eligible: () => true,
}

function build(preset: Preset, given: Given = CALLBACKS) {
  return createKeyManager({
    ...{ keys: createMemoryStore().keys, permissions: preset.permissions, policy: preset.policy },
    schemes: [hmacV1({ audience: 'api.example.com' })],
    mint: createMint({ brand: 'kl', environment: 'test' }),
    sealer: createSealer({ primary: 'k1', keys: { k1: new Uint8Array(32).fill(7) } }),
    ceiling: () => ({ permissions: preset.permissions.names, accounts: null }),
    ...given,
  })
}

const guide = readFileSync(new URL('../../docs/guide/presets.md', import.meta.url), 'utf8')

/** The cells of the line of a table in the guide that begins with this. */
const cellsOf = (first: string) =>
  (guide.split('\n').find(line => line.startsWith(`| ${first} |`)) ?? '').split('|').map(cell => cell.trim())

describe.each(presets)('The preset $id', preset => {
  it('makes a manager: its policy names permissions that its model has', () => {
    expect(() => build(preset)).not.toThrow()
  })

  it('would make none if it named another', () => {
    const policy = { ...preset.policy, needAllowlist: ['fly'] }
    expect(() => build({ ...preset, policy })).toThrow(
      expect.objectContaining({ code: 'ERR_PERMISSION_INVALID', field: 'policy.needAllowlist[0]' }),
    )
  })

  it('asks the host for what the guide says, and for nothing else', () => {
    const [, , manager = ''] = cellsOf(`\`${preset.id}\``)
    const listed = manager.includes('as `bitfinex`') ? (cellsOf('`bitfinex`')[2] ?? '') : manager
    const needed = Object.entries(CALLBACKS).filter(([name]) => listed.includes(`\`${name}\``))
    expect(() => build(preset, Object.fromEntries(needed))).not.toThrow()
    for (const [missing] of needed) {
      const others = needed.filter(([name]) => name !== missing)
      expect(() => build(preset, Object.fromEntries(others))).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_MISSING', field: missing }),
      )
    }
  })

  it('starts a form with what can be granted', () => {
    const { format, parse } = preset.permissions
    expect(format(parse(preset.defaultPermissions))).toEqual(preset.defaultPermissions)
  })

  it('shows a new secret of an old key for no less than a new key', () => {
    const { request, rotate } = preset.policy.operations
    expect(rotate).toEqual(request)
  })

  it('can be changed by nobody', () => {
    expect(isFrozen(preset.policy)).toBe(true)
    expect(isFrozen(preset.defaultPermissions)).toBe(true)
  })
})

describe('The scheme of a preset', () => {
  it('is made from what only the host knows', () => {
    expect(standard.scheme({ audience: 'api.example.com' }).id).toBe('hmac-v1')
    expect(bitpandaPro.scheme().id).toBe('bearer')
    expect(bitfinex.scheme().id).toBe('bitfinex')
  })

  it('is the one that the guide names', () => {
    const order = [bitcoinSuisse, bitpandaPro, bitexbit, bitfinex, standard]
    expect(guide).toContain(`| | ${order.map(({ id }) => `\`${id}\``).join(' | ')} |`)
    expect(cellsOf('scheme').slice(2, -1)).toEqual([
      '`bitcoin-suisse`',
      '`bearer`',
      '`bitexbit-v2`',
      '`bitfinex`',
      '`hmac-v1`',
    ])
  })

  it('is told what the house does not publish', () => {
    const order = ['nonce', 'timestamp', 'body'] as const
    expect(bitcoinSuisse.scheme({ order, hash: 'sha256', secretEncoding: 'utf8' }).id).toBe('bitcoin-suisse')
    expect(() => bitcoinSuisse.scheme({} as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_MISSING' }))
  })

  it('is the second of the dialects of bitexbit', () => {
    expect(bitexbit.scheme().id).toBe('bitexbit-v2')
  })
})
