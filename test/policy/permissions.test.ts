import { describe, expect, it } from 'vitest'
import type { Grant } from '../../src/key.js'
import { definePermissions } from '../../src/policy/permissions.js'

const model = definePermissions({
  permissions: { read: [], trade: ['read'], withdraw: ['read'] },
  aliases: { full: 'top', viewer: ['read'] },
})

const exclusive = definePermissions({
  permissions: { read: [], order: ['read'], 'order-cancel': ['read'], withdraw: ['read'] },
  exclusions: [['order', 'order-cancel']],
})

const UNKNOWN = { name: 'KeyError', code: 'ERR_PERMISSION_UNKNOWN' }
const FOREIGN = expect.objectContaining({ name: 'ConfigError', code: 'ERR_PERMISSION_FOREIGN' })
const EXCLUDED = expect.objectContaining({ name: 'KeyError', code: 'ERR_PERMISSION_EXCLUDED' })

describe('covers', () => {
  it('lets a permission through with what it implies, and nothing beside or above it', () => {
    const trader = model.grant('trade')
    expect(model.covers(trader, model.grant('trade'))).toBe(true)
    expect(model.covers(trader, model.grant('read'))).toBe(true)
    expect(model.covers(trader, model.grant('withdraw'))).toBe(false)
    expect(model.covers(trader, model.grant('read', 'withdraw'))).toBe(false)
    expect(model.covers(model.grant('read'), trader)).toBe(false)
  })

  it('lets an empty grant do nothing, and asks nothing for nothing', () => {
    for (const name of model.names) expect(model.covers(model.parse([]), model.grant(name))).toBe(false)
    expect(model.covers(model.parse([]), model.none)).toBe(true)
  })
})

describe('parse', () => {
  it('reads permissions and aliases, in any order and number', () => {
    expect(model.format(model.parse(['viewer', 'trade', 'trade']))).toEqual(['trade'])
    expect(model.format(model.parse(['withdraw', 'trade']))).toEqual(['trade', 'withdraw'])
    expect(model.format(model.parse(['full']))).toEqual(['trade', 'withdraw'])
    expect(model.format(model.parse([]))).toEqual([])
  })

  it.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'prototype',
    '*',
    '',
    ' ',
    ' trade',
    'trade ',
    'trade\n',
    'TRADE',
    'Trade',
    'trade\0',
    'tr\u0430de', // Cyrillic a
    'ｔｒａｄｅ', // full width
    'trade\u200b',
    'trad',
    'trade,read',
    'top',
    'none',
    0,
    null,
    undefined,
    ['trade'],
    { toString: () => 'trade' },
    new String('trade'),
  ])('refuses the unknown name %j by its position, never ignoring or printing it', name => {
    const names = ['read', name] as string[]
    const error = { ...UNKNOWN, field: 'permissions[1]', message: 'permissions[1] is not a permission or an alias' }
    for (const read of [model.parse, model.ceiling]) {
      expect(() => read(names)).toThrow(expect.objectContaining(error))
    }
    expect(() => model.grant(...(names as 'read'[]))).toThrow(expect.objectContaining(error))
  })

  it('refuses a hole in a list', () => {
    expect(() => model.parse(new Array(1))).toThrow(expect.objectContaining(UNKNOWN))
  })

  it.each([
    ['text', 'read'],
    ['null', null],
    ['nothing', undefined],
    ['an object', { length: 0 }],
    ['a set', new Set(['read'])],
  ])('refuses %s in place of a list', (_, names) => {
    expect(() => model.parse(names as string[])).toThrow(
      expect.objectContaining({ name: 'KeyError', code: 'ERR_INPUT_INVALID', field: 'permissions' }),
    )
  })

  it('does not find names that somebody put on Object.prototype', () => {
    Object.defineProperty(Object.prototype, 'admin', { value: { low: -1, high: -1 }, configurable: true })
    try {
      expect(() => model.parse(['admin'])).toThrow(expect.objectContaining(UNKNOWN))
    } finally {
      Reflect.deleteProperty(Object.prototype, 'admin')
    }
  })
})

describe('an alias of everything and a stored list', () => {
  const later = definePermissions({
    permissions: { read: [], trade: ['read'], withdraw: ['read'], earn: ['read'] },
    aliases: { full: 'top', viewer: ['read'] },
  })

  it('differ when a permission is added: the alias follows, the list does not', () => {
    const list = model.format(model.top)
    expect(later.covers(later.parse(['full']), later.grant('earn'))).toBe(true)
    expect(later.covers(later.parse(list), later.grant('earn'))).toBe(false)
    expect(later.covers(later.parse(list), later.grant('trade', 'withdraw'))).toBe(true)
  })
})

describe('grants of another model', () => {
  const twin = definePermissions({
    permissions: { read: [], trade: ['read'], withdraw: ['read'] },
    aliases: { full: 'top', viewer: ['read'] },
  })
  const own = model.top

  it.each<[string, unknown]>([
    ['a model with the same definition', twin.top],
    ['its grant of nothing', twin.none],
    ['JSON', JSON.parse(JSON.stringify(model.top))],
    ['an empty object', {}],
    ['a guess at the inside', { owner: Symbol('permission model'), low: 7, high: 0 }],
    ['a number', 7],
    ['null', null],
    ['nothing', undefined],
  ])('are refused wherever they are used: from %s', (_, made) => {
    const other = made as Grant
    for (const use of [
      () => model.covers(other, own),
      () => model.covers(own, other),
      () => model.covers(other, other),
      () => model.join(own, other),
      () => model.join(other, own),
      () => model.meet(own, other),
      () => model.meet(other, own),
      () => model.attenuate(other, own),
      () => model.attenuate(own, other),
      () => model.format(other),
    ]) {
      expect(use).toThrow(FOREIGN)
    }
    expect(model.covers(own, own)).toBe(true)
  })

  it('cannot be made by cloning', () => {
    expect(() => structuredClone(model.top)).toThrow()
  })
})

describe('models and grants', () => {
  it('cannot be changed', () => {
    for (const value of [model, model.names, model.aliases, model.none, model.top, model.grant('read')]) {
      expect(Object.isFrozen(value)).toBe(true)
    }
    const reader = model.grant('read') as unknown as { low: number }
    expect(() => {
      reader.low = 7
    }).toThrow(TypeError)
    expect(model.covers(reader as unknown as Grant, model.grant('trade'))).toBe(false)
  })

  it('work when their methods are taken out of the model', () => {
    const { covers, parse, attenuate } = model
    expect(covers(attenuate(parse(['trade']), model.top), parse(['read']))).toBe(true)
  })
})

describe('attenuate', () => {
  it('passes what the ceiling covers', () => {
    const wanted = model.grant('trade')
    expect(model.attenuate(wanted, model.grant('full'))).toBe(wanted)
    expect(model.attenuate(wanted, wanted)).toBe(wanted)
    expect(model.attenuate(model.none, model.none)).toBe(model.none)
  })

  it('refuses what is above it, and names the permissions and not more', () => {
    expect(() => model.attenuate(model.grant('full'), model.grant('trade'))).toThrow(
      expect.objectContaining({
        name: 'KeyError',
        code: 'ERR_CEILING_EXCEEDED',
        field: 'permissions',
        message: 'These permissions are above the ceiling: withdraw',
      }),
    )
    expect(() => model.attenuate(model.grant('trade'), model.none)).toThrow(/above the ceiling: read, trade$/)
  })

  it('compares what an alias means, not how it is called', () => {
    expect(() => model.attenuate(model.parse(['full']), model.grant('trade'))).toThrow(/: withdraw$/)
    expect(model.format(model.attenuate(model.parse(['viewer']), model.grant('read')))).toEqual(['read'])
  })
})

describe('where permissions exclude each other', () => {
  it('nothing grants both, and each alone is granted', () => {
    const [order, cancel] = [exclusive.grant('order'), exclusive.grant('order-cancel')]
    expect(exclusive.format(order)).toEqual(['order'])
    expect(() => exclusive.parse(['order', 'read', 'order-cancel'])).toThrow(EXCLUDED)
    expect(() => exclusive.grant('order', 'order-cancel')).toThrow(EXCLUDED)
    expect(() => exclusive.join(order, cancel)).toThrow(EXCLUDED)
    expect(exclusive.format(exclusive.meet(order, cancel))).toEqual(['read'])
    expect(exclusive.format(exclusive.join(order, exclusive.grant('withdraw')))).toEqual(['order', 'withdraw'])
  })

  it('top bounds every key and is itself no key', () => {
    const cancel = exclusive.grant('order-cancel', 'withdraw')
    expect(exclusive.attenuate(cancel, exclusive.top)).toBe(cancel)
    expect(() => exclusive.attenuate(exclusive.top, exclusive.top)).toThrow(EXCLUDED)
    expect(() => exclusive.format(exclusive.top)).toThrow(EXCLUDED)
  })

  it('an owner of both may give each to a key of its own, and no more than both', () => {
    const owner = exclusive.ceiling(['order', 'order-cancel'])
    for (const name of ['order', 'order-cancel'] as const) {
      expect(exclusive.format(exclusive.attenuate(exclusive.grant(name), owner))).toEqual([name])
    }
    expect(() => exclusive.attenuate(owner, owner)).toThrow(EXCLUDED)
    expect(() => exclusive.attenuate(exclusive.grant('order', 'withdraw'), owner)).toThrow(/: withdraw$/)
  })
})
