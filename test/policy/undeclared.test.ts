import { describe, expect, it } from 'vitest'
import { definePermissions } from '../../src/policy/permissions.js'
import { anyPermission, defineRoutes, publicRoute } from '../../src/policy/routes.js'
import { undeclaredRoutes, unservedRoutes } from '../../src/policy/undeclared.js'

const permissions = definePermissions({ permissions: { read: [], trade: ['read'] } })
const routes = defineRoutes(permissions, {
  'GET /': publicRoute,
  'GET /v1/orders': 'read',
  'POST /v1/orders': 'trade',
  'GET /v1/orders/:id': 'read',
  'DELETE /v1/orders/:id/fills/:fill': anyPermission,
})

/** What is undeclared of routes given as `METHOD /path`. */
function undeclared(...listed: readonly string[]): readonly string[] {
  return undeclaredRoutes(routes, listed.map(listedOf))
}

function unserved(...listed: readonly string[]): readonly string[] {
  return unservedRoutes(routes, listed.map(listedOf))
}

function listedOf(text: string) {
  const [method = '', path = ''] = text.split(' ')
  return { method, path }
}

describe('A route of a framework', () => {
  it.each([
    ['is declared by its own pattern', 'GET /v1/orders', 'PUT /v1/orders'],
    ['is declared at the root', 'GET /', 'POST /'],
    ['without a leading slash begins at the root', 'GET v1/orders', 'GET v1/order'],
    ['is declared whatever its parameter is called', 'GET /v1/orders/:orderId', 'GET /v1/fills/:orderId'],
    ['may write parameters in braces', 'GET /v1/orders/{id}', 'GET /v1/orders/{id}/x'],
    ['may limit a parameter by an expression', 'GET /v1/orders/:id(\\d+)', 'GET /v1/fills/:id(\\d+)'],
    ['may limit a parameter as Hono does', 'GET /v1/orders/:id{[0-9]{2,4}}', 'GET /v1/fills/:id{[0-9]{2,4}}'],
    ['may have several parameters', 'DELETE /v1/orders/:a/fills/{b}', 'DELETE /v1/orders/:a/fees/{b}'],
    ['may have several parameters in one segment', 'GET /v1/orders/:from-:to', 'GET /v1/orders/:from/:to'],
    ['is declared as a literal in the place of a parameter', 'GET /v1/orders/open', 'GET /v1/fills/open'],
    ['of any method is declared by one of its methods', 'ALL /v1/orders', 'ALL /v1/fills'],
    ['of the method * is one of any method', '* /v1/orders', '* /v1/fills'],
    ['has a method in either case', 'get /v1/orders', 'put /v1/orders'],
    ['with a wildcard is declared by anything beneath it', 'GET /v1/*', 'GET /v2/*'],
    ['with a named wildcard, too', 'GET /v1/*splat', 'GET /v2/*splat'],
    ['with a wildcard in braces, too', 'GET /v1/{rest*}', 'GET /v2/{rest*}'],
    ['with an expression that takes slashes is a wildcard', 'GET /v1/:rest(.*)', 'GET /v2/:rest(.*)'],
    ['with a wildcard in its middle needs what follows', 'DELETE /v1/*/fills/:id', 'DELETE /v1/*/fees/:id'],
    ['with a wildcard needs room for what follows', 'GET /*/orders/:id', 'GET /*/x/v1/orders/:id'],
    ['with a wildcard for everything is declared by any route', 'GET *', 'PUT *'],
  ])('%s: %s, unlike %s', (_, declared, other) => {
    expect(undeclared(declared)).toEqual([])
    expect(undeclared(other)).toHaveLength(1)
  })

  it('is told as it would stand in the table', () => {
    expect(undeclared('post /v1/fills/{fill}/:at(\\d+)/x', 'GET /files/*')).toEqual([
      'POST /v1/fills/:fill/:at/x',
      'GET /files/*',
    ])
    expect(() => defineRoutes(permissions, { 'POST /v1/fills/:fill/:at/x': 'read' })).not.toThrow()
  })

  it('is told once, however often it is listed', () => {
    expect(undeclared('GET /a/:x', 'GET /a/{x}', 'GET /b')).toEqual(['GET /a/:x', 'GET /b'])
  })

  it('that is a parameter is not declared by a literal', () => {
    expect(undeclared('POST /v1/:what', 'GET /:version/orders')).toEqual(['POST /v1/:what', 'GET /:version/orders'])
  })

  it('is another one with another case, with a slash at its end, or with a colon in its text', () => {
    const others = ['GET /V1/orders', 'GET /v1/orders/', 'GET /v1/orders::batch']
    expect(undeclared(...others)).toEqual(others)
  })

  it.each(['/:id?', '{/:id}', '/{id?}', '/:id(\\d+)?', '/:id{[0-9]+}?'])(
    'with an optional part is judged with it and without: /v1/orders%s',
    optional => {
      expect(undeclared(`GET /v1/orders${optional}`)).toEqual([])
      expect(undeclared(`POST /v1/orders${optional}`)).toEqual(['POST /v1/orders/:id'])
      expect(undeclared(`PUT /v1/orders${optional}`)).toEqual(['PUT /v1/orders', 'PUT /v1/orders/:id'])
      expect(undeclared(`GET ${optional}`)).toEqual(['GET /:id'])
    },
  )

  it('may have several methods, each judged', () => {
    expect(undeclaredRoutes(routes, [{ method: ['GET', 'POST', 'PUT'], path: '/v1/orders' }])).toEqual([
      'PUT /v1/orders',
    ])
  })

  it('for HEAD is told, unless it came with its GET', () => {
    expect(undeclared('GET /v1/orders', 'HEAD /v1/orders')).toEqual([])
    expect(undeclared('HEAD /v1/orders')).toEqual(['HEAD /v1/orders'])
    expect(undeclared('GET /a', 'HEAD /a')).toEqual(['GET /a'])
  })
})

describe('A declared route', () => {
  const all = ['GET /', 'GET /v1/orders', 'POST /v1/orders', 'GET /v1/orders/:id', 'DELETE /v1/orders/:id/fills/:fill']

  it('is served by a route of the same form', () => {
    expect(unserved(...all)).toEqual([])
    for (const missing of all) {
      const [told] = unserved(...all.filter(one => one !== missing))
      // What else serves `/v1/orders/:id`, nothing here does.
      expect(told).toBe(missing)
    }
  })

  it('is served by a wildcard, by any method, and in part by a literal', () => {
    expect(unserved('ALL *')).toEqual([])
    expect(unserved(...all.filter(one => !one.endsWith(':id')), 'GET /v1/orders/open')).toEqual([])
    expect(unserved(...all.filter(one => !one.endsWith(':id')), 'GET /v1/fills/open')).toEqual(['GET /v1/orders/:id'])
  })

  it('for HEAD is served by its GET, and not the other way round', () => {
    const heads = defineRoutes(permissions, { 'HEAD /a': 'read' })
    expect(unservedRoutes(heads, [{ method: 'GET', path: '/a' }])).toEqual([])
    expect(unservedRoutes(routes, [{ method: 'HEAD', path: '/v1/orders' }])).toContain('GET /v1/orders')
  })
})
