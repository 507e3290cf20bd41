import { describe, expect, it } from 'vitest'
import { definePermissions } from '../../src/policy/permissions.js'

/** Definitions that a type checker would not let through. */
const define = (definition: unknown) => definePermissions(definition as { permissions: Record<string, string[]> })

const table = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, []]))

const INVALID = expect.objectContaining({ name: 'ConfigError', code: 'ERR_PERMISSION_INVALID' })
const CYCLE = expect.objectContaining({ name: 'ConfigError', code: 'ERR_PERMISSION_CYCLE' })

describe('permission names', () => {
  it.each([
    'read',
    'orders:read',
    'deposit-withdraw',
    'block_trade',
    'wallet.transfer',
    'a',
    'x2:y3',
    'to-string',
    'top',
    'a'.repeat(64),
  ])('may be %j, as a permission or an alias', name => {
    expect(define({ permissions: { [name]: [] } }).names).toEqual([name])
    expect(define({ permissions: { other: [] }, aliases: { [name]: 'top' } }).aliases).toEqual([name])
  })

  it.each([
    '',
    ' ',
    ' read',
    'read ',
    'read\n',
    're ad',
    'Read',
    'READ',
    'read\0',
    'read\u0007',
    'r\u00e9ad',
    're\u0430d', // Cyrillic a
    'ｒｅａｄ', // full width
    'read\u200b', // zero-width space
    'read\u202e', // right-to-left override
    '*',
    'orders:*',
    'orders:',
    ':read',
    'orders::read',
    'orders/read',
    'orders,read',
    '-read',
    '0',
    '1st',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'a'.repeat(65),
  ])('may not be %j, as a permission or an alias', name => {
    expect(() => define({ permissions: { [name]: [] } })).toThrow(INVALID)
    expect(() => define({ permissions: { other: [] }, aliases: { [name]: 'top' } })).toThrow(INVALID)
  })

  it('may not be a symbol, nor hide from enumeration', () => {
    expect(() => define({ permissions: { read: [], [Symbol('read')]: [] } })).toThrow(INVALID)
    expect(() => define({ permissions: Object.defineProperty({ read: [] }, 'TRADE', { value: [] }) })).toThrow(INVALID)
  })

  it('are refused by place, so that a message never prints one that was not checked', () => {
    const evil = 'sk_live_\u001b[2J'
    expect(() => define({ permissions: { read: [], [evil]: [] } })).toThrow(/permissions holds, in place 2, a name/)
    expect(() => define({ permissions: { [evil]: [] } })).not.toThrow(evil)
    expect(() => define({ permissions: { read: [evil] } })).not.toThrow(evil)
  })

  it('number 1 to 62', () => {
    expect(define({ permissions: table(1) }).names).toHaveLength(1)
    expect(define({ permissions: table(62) }).names).toHaveLength(62)
    expect(() => define({ permissions: table(0) })).toThrow(INVALID)
    expect(() => define({ permissions: table(63) })).toThrow(INVALID)
  })

  it('keep the order of the definition', () => {
    const model = define({ permissions: { z: ['a'], a: [], m: [] }, aliases: { y: 'top', b: ['m'] } })
    expect(model.names).toEqual(['z', 'a', 'm'])
    expect(model.aliases).toEqual(['y', 'b'])
  })
})

describe('implications', () => {
  it('may name any permission of the definition, before or after', () => {
    const model = define({ permissions: { trade: ['read', 'quote'], read: [], quote: ['read'] } })
    expect(model.format(model.top)).toEqual(['trade'])
  })

  it.each([
    ['a name that is not defined', ['raed']],
    ['an alias', ['full']],
    ['a name every object has', ['constructor']],
    ['a name twice', ['read', 'read']],
    ['a number', [0]],
    ['a hole', new Array(1)],
    ['text', 'read'],
    ['nothing', undefined],
    ['null', null],
    ['a look-alike of a list', { 0: 'read', length: 1 }],
    ['the word that aliases have for everything', 'top'],
  ])('may not name %s', (_, implied) => {
    const definition = { permissions: { read: [], trade: implied }, aliases: { full: 'top' } }
    expect(() => define(definition)).toThrow(INVALID)
  })

  it('are refused at the entry that is wrong', () => {
    expect(() => define({ permissions: { read: [], trade: ['read', 'raed'] } })).toThrow(
      expect.objectContaining({ field: 'permissions.trade[1]' }),
    )
  })

  it.each([
    ['itself', { a: ['a'] }, 'a → a'],
    ['each other', { a: ['b'], b: ['a'] }, 'a → b → a'],
    ['each other in a circle of three, from outside it', { x: ['a'], a: ['b'], b: ['c'], c: ['a'] }, 'a → b → c → a'],
    ['each other beside a way out', { a: ['b', 'c'], b: [], c: ['b', 'a'] }, 'a → c → a'],
  ])('may not let permissions imply %s', (_, permissions, circle) => {
    expect(() => define({ permissions })).toThrow(CYCLE)
    expect(() => define({ permissions })).toThrow(`circle: ${circle}`)
  })

  it('may reach a permission by two ways, which is no circle', () => {
    const model = define({ permissions: { a: ['b', 'c', 'd'], b: ['d'], c: ['d'], d: [] } })
    expect(model.format(model.top)).toEqual(['a'])
  })
})

describe('aliases', () => {
  it('name everything or a set', () => {
    const model = define({ permissions: { read: [], trade: ['read'] }, aliases: { full: 'top', viewer: ['read'] } })
    expect(model.format(model.parse(['full']))).toEqual(['trade'])
    expect(model.format(model.parse(['viewer']))).toEqual(['read'])
  })

  it.each([
    ['nothing', []],
    ['an unknown permission', ['raed']],
    ['another alias', ['full']],
    ['a permission twice', ['read', 'read']],
    ['everything in another word', 'all'],
    ['no list', true],
    ['null', null],
  ])('may not name %s', (_, meaning) => {
    const aliases = { full: 'top', other: meaning }
    expect(() => define({ permissions: { read: [] }, aliases })).toThrow(INVALID)
  })

  it('may not take the name of a permission', () => {
    expect(() => define({ permissions: { read: [], trade: [] }, aliases: { trade: 'top' } })).toThrow(INVALID)
  })

  it('may be called top, which then means what it says in the list of names', () => {
    const model = define({ permissions: { top: [], above: ['top'] }, aliases: { low: ['top'] } })
    expect(model.format(model.parse(['low']))).toEqual(['top'])
  })
})

describe('exclusions', () => {
  const permissions = { read: [], order: ['read'], 'order-cancel': ['read'], master: ['order', 'order-cancel'] }
  const { master, ...separate } = permissions

  it('separate permissions that nothing else holds together', () => {
    const model = define({ permissions: separate, exclusions: [['order', 'order-cancel']] })
    expect(() => model.parse(['order', 'order-cancel'])).toThrow(/exclude each other: order, order-cancel/)
    expect(model.format(model.parse(['order-cancel', 'read']))).toEqual(['order-cancel'])
    expect(master).toEqual(['order', 'order-cancel'])
  })

  it.each([
    ['a permission and what it implies', separate, undefined, ['read', 'order']],
    ['two permissions that a third implies', permissions, undefined, ['order', 'order-cancel']],
    ['what an alias lists', separate, { both: ['order', 'order-cancel'] }, ['order', 'order-cancel']],
    ['anything, where an alias is everything', separate, { full: 'top' }, ['order', 'order-cancel']],
  ])('may not separate %s', (_, held, aliases, pair) => {
    const definition = aliases === undefined ? { permissions: held } : { permissions: held, aliases }
    expect(() => define(definition)).not.toThrow()
    expect(() => define({ ...definition, exclusions: [pair] })).toThrow(INVALID)
  })

  it.each([
    ['one permission', [['order']]],
    ['a permission and itself', [['order', 'order']]],
    ['three permissions', [['order', 'order-cancel', 'read']]],
    ['an unknown permission', [['order', 'cancel']]],
    [
      'the same pair twice',
      [
        ['order', 'order-cancel'],
        ['order-cancel', 'order'],
      ],
    ],
    ['no pair', ['order']],
    ['no list', { order: 'order-cancel' }],
    ['null', null],
  ])('may not be %s', (_, exclusions) => {
    expect(() => define({ permissions: separate, exclusions })).toThrow(INVALID)
    expect(() => define({ permissions: separate, exclusions })).toThrow(
      /^definePermissions: exclusions.* (must be|is not|names|repeats) /,
    )
  })
})

describe('the definition itself', () => {
  it('is refused with an option it does not have, or without permissions', () => {
    expect(() => define({ permissions: { read: [] }, exclusion: [] })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_UNKNOWN' }),
    )
    expect(() => define({ aliases: {} })).toThrow(expect.objectContaining({ code: 'ERR_OPTION_MISSING' }))
    expect(() => define(null)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  })

  it.each([
    ['a list', ['read']],
    ['a Map', new Map([['read', []]])],
    ['text', 'read'],
    ['a function', () => []],
    ['an object whose prototype was set by a name', { __proto__: [], read: [] }],
    ['an object with a prototype of names', Object.create({ read: [] })],
  ])('is refused when its permissions are %s', (_, permissions) => {
    expect(() => define({ permissions })).toThrow(INVALID)
    expect(() => define({ permissions: { a: [] }, aliases: permissions })).toThrow(INVALID)
  })

  it('may come from JSON or have no prototype', () => {
    const permissions = Object.assign(Object.create(null), { read: [] })
    expect(define({ permissions }).names).toEqual(['read'])
    expect(define(JSON.parse('{"permissions":{"read":[]}}')).names).toEqual(['read'])
    expect(() => define(JSON.parse('{"permissions":{"__proto__":[]}}'))).toThrow(INVALID)
  })

  it('is copied, so that changing it later changes nothing', () => {
    const permissions = { read: [], trade: ['read'], withdraw: [] }
    const model = define({ permissions })
    permissions.trade.push('withdraw')
    Object.assign(permissions, { admin: [] })
    expect(model.names).toEqual(['read', 'trade', 'withdraw'])
    expect(model.covers(model.parse(['trade']), model.parse(['withdraw']))).toBe(false)
    expect(() => model.parse(['admin'])).toThrow(expect.objectContaining({ code: 'ERR_PERMISSION_UNKNOWN' }))
  })
})
