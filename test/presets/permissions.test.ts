import { describe, expect, it } from 'vitest'
import type { PermissionModel } from '../../src/key.js'
import { bitcoinSuisse } from '../../src/presets/bitcoin-suisse.js'
import { bitexbit } from '../../src/presets/bitexbit.js'
import { bitfinex } from '../../src/presets/bitfinex.js'
import { bitpandaPro } from '../../src/presets/bitpanda-pro.js'
import { standard } from '../../src/presets/standard.js'

/** Every permission with all it lets through, asked one by one. */
function allowedBy(model: PermissionModel): Record<string, readonly string[]> {
  const needed = model.names.map(name => [name, model.parse([name])] as const)
  const allowedWith = (names: readonly string[]) => {
    const held = model.parse(names)
    return needed.filter(([, need]) => model.covers(held, need)).map(([name]) => name)
  }
  return Object.fromEntries([...model.names, ...model.aliases].map(name => [name, allowedWith([name])]))
}

describe('standard', () => {
  it('puts trading and withdrawing above reading and beside each other', () => {
    expect(allowedBy(standard.permissions)).toEqual({
      read: ['read'],
      trade: ['read', 'trade'],
      withdraw: ['read', 'withdraw'],
      full: ['read', 'trade', 'withdraw'],
    })
  })
})

describe('bitcoin-suisse', () => {
  it('lets Trading place no withdrawal and Deposit & Withdrawal place no order, and both read', () => {
    expect(allowedBy(bitcoinSuisse.permissions)).toEqual({
      'read-only': ['read-only'],
      trading: ['read-only', 'trading'],
      'deposit-withdrawal': ['read-only', 'deposit-withdrawal'],
      'full-access': ['read-only', 'trading', 'deposit-withdrawal'],
    })
  })
})

describe('bitpanda-pro', () => {
  it('implies nothing by anything', () => {
    expect(allowedBy(bitpandaPro.permissions)).toEqual({ read: ['read'], trade: ['trade'], withdraw: ['withdraw'] })
  })

  it('keeps any combination as it was chosen', () => {
    const { parse, format } = bitpandaPro.permissions
    const combinations = [
      ['read'],
      ['trade'],
      ['withdraw'],
      ['read', 'trade'],
      ['read', 'withdraw'],
      ['trade', 'withdraw'],
      ['read', 'trade', 'withdraw'],
    ]
    for (const chosen of combinations) expect(format(parse(chosen))).toEqual(chosen)
  })
})

describe('bitexbit', () => {
  it('lets each right do what the one before it may, and can withdraw is full access', () => {
    expect(allowedBy(bitexbit.permissions)).toEqual({
      'read-only': ['read-only'],
      'can-trade': ['read-only', 'can-trade'],
      'can-withdraw': ['read-only', 'can-trade', 'can-withdraw'],
      'full-access': ['read-only', 'can-trade', 'can-withdraw'],
    })
  })
})

describe('bitfinex', () => {
  const resources = ['account', 'history', 'orders', 'positions', 'funding', 'settings', 'wallets']
  const flags = [...resources.flatMap(name => [`${name}:read`, `${name}:write`]), 'withdraw:write']

  it('has a read and a write flag for each resource, and of withdrawals only write', () => {
    expect(bitfinex.permissions.names).toEqual(flags)
    expect(bitfinex.permissions.aliases).toEqual([])
  })

  it('sets every flag on its own: no write holds a read', () => {
    expect(allowedBy(bitfinex.permissions)).toEqual(Object.fromEntries(flags.map(flag => [flag, [flag]])))
  })
})
