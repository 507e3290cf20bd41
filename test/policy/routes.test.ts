import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.js'
import { definePermissions } from '../../src/policy/permissions.js'
import { anyPermission, defineRoutes, publicRoute, type RouteDeclarations } from '../../src/policy/routes.js'
import { createDice, type Dice } from '../net/addresses.js'

const permissions = definePermissions({
  permissions: { read: [], trade: ['read'], withdraw: ['read'], cancel: [] },
  aliases: { full: ['trade', 'withdraw'] },
  exclusions: [['cancel', 'trade']],
})

const routes = defineRoutes(permissions, {
  'GET /': publicRoute,
  'GET /v1/time': publicRoute,
  'GET /v1/me': anyPermission,
  'GET /v1/orders': 'read',
  'POST /v1/orders': 'trade',
  'GET /v1/orders/:id': 'read',
  'DELETE /v1/orders/:id': 'trade',
  'GET /v1/orders/history': 'full',
  'GET /v1/orders/:id/fills/:fill': 'read',
  'POST /v1/transfers': ['trade', 'withdraw'],
  'POST /v1/withdraw': 'withdraw',
})

function patternOf(method: string, target: string): string | undefined {
  return routes.match(method, target)?.pattern
}

function codeOf(declarations: Record<string, unknown>): string | undefined {
  try {
    defineRoutes(permissions, declarations as RouteDeclarations<'read'>)
  } catch (error) {
    if (error instanceof ConfigError) return error.code
    throw error
  }
  return undefined
}

describe('a declared route', () => {
  it.each([
    ['GET', '/', publicRoute],
    ['GET', '/v1/time', publicRoute],
    ['GET', '/v1/me', anyPermission],
    ['GET', '/v1/orders', 'read'],
    ['POST', '/v1/orders', 'trade'],
    ['GET', '/v1/orders/8f14e45f', 'read'],
    ['DELETE', '/v1/orders/8f14e45f', 'trade'],
    ['GET', '/v1/orders/1/fills/2', 'read'],
    ['POST', '/v1/transfers', ['trade', 'withdraw']],
  ])('%s %s needs what was declared', (method, target, permission) => {
    expect(routes.match(method, target)?.permission).toEqual(permission)
  })

  it('does not depend on the query', () => {
    for (const query of ['?', '?a=1', '?a=/../x', '?/v1/withdraw', '??', '?%2e%2e']) {
      expect(patternOf('GET', `/v1/orders${query}`)).toBe('GET /v1/orders')
      expect(patternOf('GET', `/v1/orders/7${query}`)).toBe('GET /v1/orders/:id')
      expect(patternOf('GET', `/v1/other${query}`)).toBeUndefined()
    }
  })

  it('with a literal wins over one with a parameter', () => {
    expect(patternOf('GET', '/v1/orders/history')).toBe('GET /v1/orders/history')
    expect(patternOf('GET', '/v1/orders/histor')).toBe('GET /v1/orders/:id')
    expect(patternOf('DELETE', '/v1/orders/history')).toBe('DELETE /v1/orders/:id')
    expect(patternOf('GET', '/v1/orders/history/fills/1')).toBe('GET /v1/orders/:id/fills/:fill')
  })

  it.each([
    '8f14e45f',
    'tBTCUSD',
    'tTEST:USD',
    'a.b',
    '...',
    '-',
    '_',
    '~',
    '0',
    'BTC%3AUSD',
    'a%20b',
    'a%29b',
    '%5b%7D%3a',
    'a+b@c',
    "!$&'()*,=",
  ])('has a parameter that takes the segment %s', segment => {
    expect(patternOf('GET', `/v1/orders/${segment}`)).toBe('GET /v1/orders/:id')
    expect(patternOf('GET', `/v1/orders/${segment}/`)).toBeUndefined()
  })

  it('is frozen, as are its list of permissions and all routes', () => {
    const route = routes.match('POST', '/v1/transfers')!
    expect([route, route.permission, routes].filter(one => !Object.isFrozen(one))).toEqual([])
  })
})

describe('an undeclared route', () => {
  it.each([
    ['another method', 'PUT', '/v1/orders'],
    ['HEAD, which is not GET', 'HEAD', '/v1/orders'],
    ['OPTIONS', 'OPTIONS', '/v1/orders'],
    ['a method in lower case', 'get', '/v1/orders'],
    ['a method with a blank', 'GET ', '/v1/orders'],
    ['a method of Object.prototype', 'constructor', '/v1/orders'],
    ['no method', '', '/v1/orders'],
    ['a longer last segment', 'GET', '/v1/orders-evil'],
    ['a longer last segment behind a dot', 'GET', '/v1/orders.json'],
    ['a shorter last segment', 'GET', '/v1/order'],
    ['a deeper path', 'GET', '/v1/orders/1/cancel'],
    ['a much deeper path', 'GET', `/v1/orders/1${'/x'.repeat(1000)}`],
    ['a shorter path', 'GET', '/v1'],
    ['a trailing slash', 'GET', '/v1/orders/'],
    ['a trailing slash after a parameter', 'GET', '/v1/orders/1/'],
    ['two leading slashes', 'GET', '//v1/orders'],
    ['an empty segment', 'GET', '/v1//orders'],
    ['an empty parameter', 'GET', '/v1/orders//fills/1'],
    ['a dot segment', 'GET', '/v1/./orders'],
    ['a parent segment', 'GET', '/v1/x/../orders'],
    ['a dot as parameter', 'GET', '/v1/orders/.'],
    ['a parent as parameter', 'GET', '/v1/orders/..'],
    ['another case of a literal', 'GET', '/v1/Orders'],
    ['another case of a literal before a parameter', 'GET', '/V1/orders/1'],
    ['another case of a literal that a parameter would take', 'GET', '/v1/orders/History'],
    ['an encoded letter of a literal', 'GET', '/v1/order%73'],
    ['an encoded letter of a literal that a parameter would take', 'GET', '/v1/orders/%68istory'],
    ['no leading slash', 'GET', 'v1/orders'],
    ['an empty path', 'GET', ''],
    ['a query only', 'GET', '?a=1'],
    ['the asterisk', 'GET', '*'],
    ['an absolute URL', 'GET', 'http://api.example.com/v1/orders'],
    ['an authority', 'GET', 'api.example.com:443'],
    ['a blank behind it', 'GET', '/v1/orders '],
    ['the pattern of a parameter in a literal', 'GET', '/v1/:id'],
  ])('is none: %s', (_, method, target) => {
    expect(routes.match(method, target)).toBeUndefined()
  })

  it.each([
    '%2f',
    '%2F',
    'a%2fb',
    '%5c',
    '%5C',
    '\\',
    'a\\b',
    '%2e',
    '%2E%2e',
    '.%2e',
    'a%2e',
    ';',
    'a;b=1',
    '%3b',
    '%3B',
    '%25',
    '%252f',
    '%252e',
    '%00',
    '%0a',
    '%0D',
    '%7f',
    '%',
    '%2',
    '%zz',
    '%1g',
    '%1z',
    '%u002f',
    '%-1',
    '%+1',
    '% 1',
    '#',
    'a#b',
    '%23',
    '%3f',
    'a b',
    '\0',
    '\n',
    '\t',
    '"',
    '<',
    '>',
    '[',
    ']',
    '^',
    '`',
    '{',
    '|',
    '}',
    'é',
    '／',
    '%c0%af',
    '%ef%bc%8f',
    '%e2%80%ae',
    '\ud800',
    '%41',
    '%7e',
    '%30',
    '%5F',
    '%2d',
    '\u212a',
  ])('has a parameter that takes no segment such as %j', segment => {
    expect(routes.match('GET', `/v1/orders/${segment}`)).toBeUndefined()
    expect(routes.match('GET', `/v1/orders/x${segment}`)).toBeUndefined()
    expect(routes.match('GET', `/v1/orders/${segment}/fills/1`)).toBeUndefined()
    expect(routes.match('GET', '/v1/orders/x')).toBeDefined()
  })

  it('is none however long it is', () => {
    expect(patternOf('GET', `/v1/orders/${'x'.repeat(8000)}`)).toBe('GET /v1/orders/:id')
    const longest = `/v1/orders/${'x'.repeat(8192 - '/v1/orders/'.length)}`
    expect(patternOf('GET', longest)).toBe('GET /v1/orders/:id')
    expect(patternOf('GET', `${longest}?x=1`)).toBe('GET /v1/orders/:id')
    expect(patternOf('GET', `${longest}x`)).toBeUndefined()
    expect(patternOf('GET', `/v1/orders/${'x'.repeat(1_000_000)}`)).toBeUndefined()
    expect(patternOf('GET', '/'.repeat(1_000_000))).toBeUndefined()
    expect(patternOf('GET', `/v1/time?${'x'.repeat(1_000_000)}`)).toBe('GET /v1/time')
  })

  it('is every route of an empty table', () => {
    const none = defineRoutes(permissions, {})
    expect([none.match('GET', '/'), none.match('GET', ''), none.table()]).toEqual([undefined, undefined, []])
  })
})

describe('routes that share a beginning', () => {
  it('are found behind a literal that leads nowhere', () => {
    const crossing = defineRoutes(permissions, {
      'GET /a/b/c': 'read',
      'GET /a/:x/d': 'trade',
      'GET /:y/b/e': 'withdraw',
    })
    expect(crossing.match('GET', '/a/b/c')?.permission).toBe('read')
    expect(crossing.match('GET', '/a/b/d')?.permission).toBe('trade')
    expect(crossing.match('GET', '/a/b/e')?.permission).toBe('withdraw')
    expect(crossing.match('GET', '/a/b/f')).toBeUndefined()
    expect(crossing.match('GET', '/z/x/d')).toBeUndefined()
  })

  it('do not open a literal in another case through the parameters of another route', () => {
    const shadowed = defineRoutes(permissions, { 'POST /v1/withdraw': 'withdraw', 'POST /:version/:anything': 'read' })
    expect(shadowed.match('POST', '/v1/withdraw')?.permission).toBe('withdraw')
    expect(shadowed.match('POST', '/v1/orders')?.permission).toBe('read')
    for (const target of ['/v1/Withdraw', '/V1/withdraw', '/V1/WITHDRAW', '/v1/withdraw/', '/v1/%77ithdraw']) {
      expect(shadowed.match('POST', target)).toBeUndefined()
    }
  })
})

describe('declaring routes', () => {
  it.each([
    ['the same twice under two names', 'GET /a/:x', 'GET /a/:y'],
    ['the same in another case', 'GET /a/b', 'GET /a/B'],
    ['two that cross', 'GET /a/:x', 'GET /:y/b'],
    ['two that cross further down', 'GET /v1/:x/b/c', 'GET /v1/a/:y/c'],
    ['two that only differ in case before a parameter', 'GET /a/:x', 'GET /A/:y'],
  ])('is refused where a path could mean both: %s', (_, one, other) => {
    expect(codeOf({ [one]: 'read', [other]: 'trade' })).toBe('ERR_OPTION_INVALID')
    expect(codeOf({ [other]: 'trade', [one]: 'read' })).toBe('ERR_OPTION_INVALID')
    expect(codeOf({ [one]: 'read', [other.replace('GET', 'POST')]: 'trade' })).toBeUndefined()
  })

  it.each([
    ['GET /a/:x', 'GET /a/b'],
    ['GET /a/:x', 'GET /a/:x/c'],
    ['GET /:x/:y', 'GET /a/:y'],
    ['GET /a/b', 'GET /a/c'],
    ['GET /', 'GET /a'],
  ])('is fine where one clearly wins: %s and %s', (one, other) => {
    expect(codeOf({ [one]: 'read', [other]: 'trade' })).toBeUndefined()
  })

  it.each([
    '',
    ' ',
    'GET',
    'GET/v1',
    '/v1',
    ' /v1',
    'get /v1',
    'Get /v1',
    'GET  /v1',
    'GET\t/v1',
    'GET /v1 ',
    '* /v1',
    'GET v1',
    'GET //v1',
    'GET /v1/',
    'GET /v1//x',
    'GET /.',
    'GET /v1/..',
    'GET /v1/*',
    'GET /v1/:',
    'GET /v1/:1',
    'GET /v1/:a-b',
    'GET /v1/:a:b',
    'GET /v1/a:b',
    'GET /v1/:id?',
    'GET /v1/:id+',
    'GET /v1/(a|b)',
    'GET /v1/{id}',
    'GET /v1?x=1',
    'GET /v1#x',
    'GET /v1;x',
    'GET /v1/%61',
    'GET /v1/é',
    'GET /v1\\x',
    'GET /:a/:a',
    'GET http://x/',
    'G-T /v1',
    `${'G'.repeat(21)} /v1`,
    '__proto__',
    'GET POST /v1',
  ])('is refused for the pattern %j', pattern => {
    expect(codeOf({ [pattern]: 'read' })).toBe('ERR_OPTION_INVALID')
    expect(codeOf({ 'GET /v1': 'read' })).toBeUndefined()
  })

  it('names the route, shortened', () => {
    const long = `GET /${'x'.repeat(1000)}?`
    const run = () => defineRoutes(permissions, { [long as 'GET /x']: 'read' })
    expect(run).toThrow(expect.objectContaining({ field: `${long.slice(0, 80)}…` }))
  })

  it.each([
    ['that is missing', undefined],
    ['that is null', null],
    ['that is empty', ''],
    ['that is not of the model', 'admin'],
    ['in another case', 'Read'],
    ['with a blank', 'read '],
    ['that is a property of every object', 'constructor'],
    ['that is not a name', 7],
    ['that is true', true],
    ['that is somebody else’s symbol', Symbol('any permission')],
    ['of which one is unknown', ['read', 'admin']],
    ['of which two exclude each other', ['cancel', 'trade']],
  ])('is refused for a permission %s', (_, permission) => {
    expect(codeOf({ 'GET /v1': permission })).toBe('ERR_PERMISSION_INVALID')
    expect(codeOf({ 'GET /v1': 'read' })).toBeUndefined()
  })

  it('is refused for an empty list of permissions, which every key would have', () => {
    expect(codeOf({ 'GET /v1': [] })).toBe('ERR_OPTION_INVALID')
    expect(codeOf({ 'GET /v1': anyPermission })).toBeUndefined()
  })

  it('copies what was declared', () => {
    const needed: ('trade' | 'withdraw')[] = ['trade', 'withdraw']
    const declarations: Record<`${string} /${string}`, ('trade' | 'withdraw')[]> = { 'POST /v1': needed }
    const copied = defineRoutes(permissions, declarations)
    needed.pop()
    declarations['GET /v2'] = []
    expect(copied.match('POST', '/v1')?.permission).toEqual(['trade', 'withdraw'])
    expect(copied.match('GET', '/v2')).toBeUndefined()
  })

  it('does not compile with a misspelt permission or a pattern without a path', () => {
    // @ts-expect-error: the model has no such permission
    expect(() => defineRoutes(permissions, { 'GET /v1': 'raed' })).toThrow(ConfigError)
    // @ts-expect-error: nothing is not anyPermission
    expect(() => defineRoutes(permissions, { 'GET /v1': undefined })).toThrow(ConfigError)
    // @ts-expect-error: a method and a path
    expect(() => defineRoutes(permissions, { '/v1': 'read' })).toThrow(ConfigError)
    expect(() => defineRoutes(permissions, { 'GET /v1': 'full' })).not.toThrow()
  })
})

describe('the table of routes', () => {
  it('has a row for each route, in the order declared', () => {
    const table = routes.table()
    expect(table.slice(0, 4)).toEqual([
      { method: 'GET', path: '/', access: 'public', permissions: [] },
      { method: 'GET', path: '/v1/time', access: 'public', permissions: [] },
      { method: 'GET', path: '/v1/me', access: 'key', permissions: [] },
      { method: 'GET', path: '/v1/orders', access: 'key', permissions: ['read'] },
    ])
    expect(table[9]).toEqual({
      method: 'POST',
      path: '/v1/transfers',
      access: 'key',
      permissions: ['trade', 'withdraw'],
    })
    expect(table).toHaveLength(11)
  })
})

/** What a router may do to a path before it looks for the handler. */
function lenient(target: string): string {
  let path = (target.split(/[?#]/)[0] ?? '').replaceAll('\\', '/')
  for (let i = 0; i < 2; i++) path = decoded(path).replaceAll('\\', '/')
  const kept: string[] = []
  for (const segment of path.split('/').map(text => text.replace(/;.*/, ''))) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`.toLowerCase()
}

function decoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const PATTERNS = [
  '/v1/orders',
  '/v1/orders/:id',
  '/v1/orders/history',
  '/v1/:any',
  '/v1/orders/:id/fills',
  '/:v/admin/x',
]
const table = defineRoutes(permissions, Object.fromEntries(PATTERNS.map(path => [`GET ${path}`, 'read'])))

/** The pattern a lenient router would choose: the one with the earliest literals. */
function naive(path: string): string | undefined {
  const fits = PATTERNS.filter(pattern => new RegExp(`^${pattern.replace(/:\w+/g, '[^/]+')}$`).test(path))
  return fits.sort((a, b) => (a.replace(/:\w+/g, '\uffff') < b.replace(/:\w+/g, '\uffff') ? -1 : 1))[0]
}

const PIECES = [
  'v1',
  'V1',
  'orders',
  'Orders',
  'history',
  'HISTORY',
  'fills',
  'admin',
  'x',
  '7',
  '',
  '.',
  '..',
  '%2e',
  '%2e%2e',
  'orders%2fhistory',
  'order%73',
  'histor%79',
  'orders;x',
  '%20',
  'a%3Ab',
  '..;',
  '%252e',
  'orders\\history',
  'é',
  '%',
]

function anyTarget(dice: Dice): string {
  const plain = dice.roll(2) === 0
  const pieces = Array.from({ length: 1 + dice.roll(5) }, () => (plain ? PIECES[dice.roll(10)]! : dice.pick(PIECES)))
  return (
    dice.pick(['/', '/', '/', '//', '/v1/', '/v1/orders/', '']) + pieces.join('/') + dice.pick(['', '', '/', '?a=/b'])
  )
}

describe('a path', () => {
  it('means to no lenient router another route than it means here', () => {
    let matched = 0
    let refused = 0
    fc.assert(
      fc.property(fc.integer(), seed => {
        const dice = createDice(seed)
        for (let i = 0; i < 500; i++) {
          const target = anyTarget(dice)
          const ours = table.match('GET', target)?.pattern
          const theirs = naive(lenient(target))
          if (ours !== undefined && ours !== `GET ${theirs}`) throw new Error(`${target}: ${ours}, elsewhere ${theirs}`)
          if (ours !== undefined) matched++
          else if (theirs !== undefined) refused++
        }
      }),
      { numRuns: 150 },
    )
    expect(matched).toBeGreaterThan(1_000)
    expect(refused).toBeGreaterThan(1_000)
  })

  it('in its plain spelling is matched as a list of patterns would be', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('v1', 'orders', 'history', 'fills', 'admin', 'x', '7'), { maxLength: 5 }),
        segments => {
          const path = `/${segments.join('/')}`
          const expected = naive(path)
          expect(table.match('GET', path)?.pattern).toBe(expected && `GET ${expected}`)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('that only begins like a route is none', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('/v1/orders', '/v1/me', '/v1/withdraw'),
        fc.string({ minLength: 1 }),
        (path, rest) => {
          const target = path + rest
          fc.pre(!rest.startsWith('?') && !rest.startsWith('/'))
          expect(routes.match('POST', target) ?? routes.match('GET', target)).toBeUndefined()
        },
      ),
      { numRuns: 2000 },
    )
  })
})
