import { readdirSync } from 'node:fs'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { DENIALS, type DenialCode } from '../../src/denials.js'
import { defectProblem, failedProblem, problemOf, unavailableProblem } from '../../src/http/respond.js'
import { type OpenApiOptions, openApiOf } from '../../src/policy/openapi.js'
import { secureOpenApi } from '../../src/policy/openapi-merge.js'
import { definePermissions } from '../../src/policy/permissions.js'
import { anyPermission, defineRoutes, publicRoute } from '../../src/policy/routes.js'
import { bearer } from '../../src/schemes/bearer.js'
import { coinbaseCdp } from '../../src/schemes/coinbase-cdp.js'
import { cryptoCom } from '../../src/schemes/crypto-com.js'
import { ed25519V1 } from '../../src/schemes/ed25519-v1.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { loadDialect } from '../schemes/dialects.js'
import { loadVectors } from '../schemes/vectors.js'

const permissions = definePermissions({ permissions: { read: [], trade: ['read'], withdraw: ['read'] } })
const routes = defineRoutes(permissions, {
  'GET /v1/time': publicRoute,
  'GET /v1/me': anyPermission,
  'GET /v1/orders/:id': 'read',
  'DELETE /v1/orders/:order': 'trade',
  'POST /v1/orders': 'trade',
  'POST /v1/sweep': ['trade', 'withdraw'],
})

const hmac = hmacV1({ audience: 'api.example.com' })
const ed25519 = ed25519V1({ audience: 'api.example.com' })
const info = { title: 'Example', version: '1' }

const PARTS = ['hmac-v1.x-api-key', 'hmac-v1.x-api-timestamp', 'hmac-v1.x-api-nonce', 'hmac-v1.x-api-signature']

/** What the independent validator says against a document. */
async function errorsOf(document: object): Promise<unknown> {
  const { valid, errors } = await new Validator().validate(structuredClone(document) as Record<string, unknown>)
  return valid ? undefined : (errors ?? 'invalid')
}

/** The operation of a document, which is there. */
function operation(document: object, path: string, method = 'get') {
  const { paths } = document as { paths: Record<string, Record<string, Record<string, unknown>>> }
  return paths[path]?.[method] as Record<string, unknown>
}

describe('The OpenAPI part of a table of routes', () => {
  const part = openApiOf(routes, { schemes: [hmac] })
  const document = { openapi: '3.1.1', info, ...part }

  it('makes a document that an independent validator accepts', async () => {
    expect(await errorsOf(document)).toBeUndefined()
    expect(
      await errorsOf({ ...document, components: { ...part.components, securitySchemes: { a: {} } } }),
    ).toBeDefined()
    expect(await errorsOf({ ...document, paths: { ...part.paths, '/x': { get: { security: 1 } } } })).toBeDefined()
  })

  it('has every route under its path, with parameters, and one spelling for each form of path', () => {
    expect(Object.keys(part.paths)).toEqual(['/v1/time', '/v1/me', '/v1/orders/{id}', '/v1/orders', '/v1/sweep'])
    expect(Object.keys(part.paths['/v1/orders/{id}'] ?? {})).toEqual(['parameters', 'get', 'delete'])
    expect(part.paths['/v1/orders/{id}']?.parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
    ])
    expect(part.paths['/v1/orders']?.parameters).toBeUndefined()
  })

  it('says of each operation what it needs: all parts of a signature, and the permissions as roles', () => {
    const [key = '', ...others] = PARTS
    const rest = Object.fromEntries(others.map(name => [name, []]))
    expect(operation(part, '/v1/orders', 'post')['security']).toEqual([{ [key]: ['trade'], ...rest }])
    expect(operation(part, '/v1/sweep', 'post')).toMatchObject({
      security: [{ [key]: ['trade', 'withdraw'] }],
      'x-required-permissions': ['trade', 'withdraw'],
    })
    expect(operation(part, '/v1/me')).toMatchObject({ security: [{ [key]: [] }], 'x-required-permissions': [] })
    expect(operation(part, '/v1/time')['security']).toEqual([])
    expect(operation(part, '/v1/time')).not.toHaveProperty('x-required-permissions')
  })

  it('offers every enabled scheme by itself', () => {
    const { paths, components } = openApiOf(routes, { schemes: [hmac, ed25519, bearer()] })
    const security = operation({ paths }, '/v1/me')['security'] as object[]
    expect(security.map(one => Object.keys(one)[0])).toEqual(['hmac-v1.x-api-key', 'ed25519-v1.x-api-key', 'bearer'])
    expect(Object.keys(components.securitySchemes)).toEqual(security.flatMap(Object.keys))
  })

  it('describes the parts of a scheme by what they are', () => {
    const { securitySchemes } = openApiOf(routes, {
      schemes: [hmac],
      links: { 'hmac-v1': 'https://example.com/signing' },
    }).components
    expect(Object.keys(securitySchemes)).toEqual(PARTS)
    expect(PARTS.map(name => securitySchemes[name]?.description.split('.')[0])).toEqual([
      'The key id',
      'The time of signing',
      'The nonce, new for every request',
      'The signature',
    ])
    expect(securitySchemes['hmac-v1.x-api-signature']).toEqual({
      type: 'apiKey',
      in: 'header',
      name: 'x-api-signature',
      description: `The signature. Scheme 'hmac-v1': every request is signed anew, over ${hmac.covers.join(', ')}. Its parts are needed together. How to sign: https://example.com/signing`,
      'x-signing-scheme': 'hmac-v1',
    })
  })

  it('describes what stands in the Authorization header as a scheme of HTTP', () => {
    const { securitySchemes } = openApiOf(routes, {
      schemes: [bearer(), coinbaseCdp({ host: 'api.example.com' })],
    }).components
    expect(securitySchemes['bearer']).toMatchObject({ type: 'http', scheme: 'bearer' })
    expect(securitySchemes['bearer']).not.toHaveProperty('bearerFormat')
    expect(securitySchemes['coinbase-cdp']).toMatchObject({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
  })

  it('has none of the answers where the host words its own', async () => {
    const own = openApiOf(routes, { schemes: [hmac], answers: 'own' })
    expect(own.components).toEqual({ securitySchemes: part.components.securitySchemes })
    expect(operation(own, '/v1/me')).not.toHaveProperty('responses')
    expect(await errorsOf({ openapi: '3.1.1', info, ...own })).toBeUndefined()
  })

  it('does not describe a method that OpenAPI has no word for, nor credentials in the body', () => {
    const purge = defineRoutes(permissions, { 'PURGE /v1/orders': 'trade' })
    expect(() => openApiOf(purge, { schemes: [hmac] })).toThrow(/no word for the method of route 'PURGE \/v1\/orders'/)
    expect(() => openApiOf(routes, { schemes: [cryptoCom()] })).toThrow(/'crypto-com' has its credentials in the body/)
  })

  it.each([
    [{}, /needs the option 'schemes'/],
    [{ schemes: [] }, /option 'schemes' must be a list of schemes/],
    [{ schemes: [hmac, hmac] }, /option 'schemes' must be schemes of different ids/],
    [{ schemes: [hmac], links: { 'hmac-v2': 'https://example.com' } }, /option 'links'/],
    [{ schemes: [hmac], answers: 'none' }, /option 'answers'/],
    [{ schemes: [hmac], scheme: hmac }, /no option 'scheme'/],
  ])('refuses options that are wrong: %#', (options, message) => {
    expect(() => openApiOf(routes, options as OpenApiOptions)).toThrow(message)
  })
})

describe('The answers', () => {
  const { components, paths } = openApiOf(routes, { schemes: [hmac] })
  const ajv = new Ajv2020({ formats: { int64: true } })
  const schemaOf = (status: number) => components.schemas?.[`ApiKeyProblem${status}`] as object
  const denials = Object.keys(DENIALS) as DenialCode[]

  it.each(denials.filter(code => code !== 'route_not_declared'))('of a declared route are as described: %s', code => {
    const { status, body } = problemOf(code, 1_767_225_600_000)
    expect(ajv.validate(schemaOf(status), JSON.parse(body))).toBe(true)
    expect(Object.keys(operation({ paths }, '/v1/me')['responses'] as object)).toContain(String(status))
    expect(ajv.validate(schemaOf(status), { ...JSON.parse(body), code: 'other' })).toBe(false)
    expect(ajv.validate(schemaOf(status), { ...JSON.parse(body), serverTime: undefined })).toBe(false)
  })

  it('of an outage and of a mistake are as described', () => {
    for (const { status, body } of [unavailableProblem(), defectProblem(), failedProblem()]) {
      expect(ajv.validate(schemaOf(status), JSON.parse(body))).toBe(true)
      expect(ajv.validate(schemaOf(status), { ...JSON.parse(body), status: 200 })).toBe(false)
    }
  })

  it('never tell a code that is not for the wire', () => {
    const wire = new Set<string>(Object.values(DENIALS).map(denial => denial.wire))
    const internal = denials.filter(code => !wire.has(code))
    expect(internal).toContain('unknown_key')
    for (const code of internal) expect(JSON.stringify(components)).not.toContain(`"${code}"`)
  })

  it('of a public route are those that need no key', () => {
    expect(Object.keys(operation({ paths }, '/v1/time')['responses'] as object)).toEqual(['400', '413', '500'])
  })
})

describe('Every scheme', () => {
  const files = readdirSync(new URL('../../src/schemes/', import.meta.url)).map(file => file.replace(/\.ts$/, ''))

  it.each(files)('can be described, and is read from what the description names: %s', async file => {
    const { make } = await loadDialect(file)
    for (const { options } of loadVectors(file).fixtures) {
      const scheme = make(options)
      if (scheme.id === 'crypto-com') continue
      const part = openApiOf(routes, { schemes: [scheme] })
      expect(await errorsOf({ openapi: '3.1.1', info, ...part })).toBeUndefined()
      const roles = Object.values(part.components.securitySchemes).map(({ description }) => description.split('.')[0])
      const whole = roles.includes('The credentials')
      expect(
        whole ||
          (roles.includes('The key id') && roles.includes('The signature')) ||
          file === 'http-message-signatures',
      ).toBe(true)
    }
  })
})

describe('A document of the host', () => {
  const orders = {
    summary: 'Place an order',
    requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } } },
    responses: { 200: { description: 'Placed' }, 400: { description: 'No such market' } },
  }
  const document = {
    openapi: '3.1.0',
    info,
    servers: [{ url: 'https://api.example.com/v1' }],
    security: [{ login: [] }],
    paths: {
      'x-origin': 'made by hand',
      '/orders': { post: orders },
      '/orders/{orderId}': {
        parameters: [{ name: 'orderId', in: 'path', required: true, schema: {} }],
        get: { responses: {} },
      },
      '/time': { get: { responses: { 200: { description: 'Now' } } } },
    },
    components: {
      schemas: { Order: { type: 'object' } },
      securitySchemes: { login: { type: 'http', scheme: 'basic' } },
    },
  }
  const options = { schemes: [hmac], prefix: '/v1' }
  const secured = secureOpenApi(document, routes, options)

  it('gets the security of every operation, and stays valid', async () => {
    expect(await errorsOf(secured)).toBeUndefined()
    expect(operation(secured, '/orders', 'post')).toMatchObject({
      summary: 'Place an order',
      security: [{ 'hmac-v1.x-api-key': ['trade'] }],
      'x-required-permissions': ['trade'],
    })
    expect(operation(secured, '/orders/{orderId}')['x-required-permissions']).toEqual(['read'])
    expect(operation(secured, '/time')['security']).toEqual([])
  })

  it('keeps what it says itself, and is not changed', () => {
    const before = structuredClone(document)
    secureOpenApi(document, routes, options)
    expect(document).toEqual(before)
    expect(operation(secured, '/orders', 'post')['responses']).toMatchObject({
      ...orders.responses,
      401: { $ref: '#/components/responses/ApiKeyProblem401' },
    })
    expect(secured.paths['x-origin']).toBe('made by hand')
    expect(secured.paths['/orders/{orderId}'].parameters).toEqual(document.paths['/orders/{orderId}'].parameters)
    expect(secured.components.schemas.Order).toEqual({ type: 'object' })
    expect(Object.keys(secured.components.securitySchemes)).toEqual(['login', ...PARTS])
  })

  it('may be of version 3.0, where roles are for OAuth only', async () => {
    const old = secureOpenApi({ ...document, openapi: '3.0.3' }, routes, options)
    const minimal = { ...old, paths: { '/orders': old.paths['/orders'] } }
    expect(await errorsOf(minimal)).toBeUndefined()
    expect(operation(old, '/orders', 'post')).toMatchObject({
      security: [{ 'hmac-v1.x-api-key': [] }],
      'x-required-permissions': ['trade'],
    })
  })

  it('can be secured again', () => {
    expect(secureOpenApi(secured, routes, options)).toEqual(secured)
  })

  it('may leave the answers to the host', () => {
    const { paths } = secureOpenApi(document, routes, { ...options, answers: 'own' })
    expect(operation({ paths }, '/orders', 'post')['responses']).toEqual(orders.responses)
    expect(operation({ paths }, '/orders/{orderId}')['responses']).toEqual({})
  })

  it('may be empty', () => {
    const { paths } = secureOpenApi({ openapi: '3.2.0', info }, routes, options) as { paths?: object }
    expect(paths).toEqual({})
  })

  const withPaths = (paths: object) => ({ ...document, paths })

  it.each([
    ['an operation that is not declared', withPaths({ '/fills': { get: {} } }), /not declared.*: GET \/fills$/],
    ['another method', withPaths({ '/orders': { put: {}, post: {}, head: {} } }), /: PUT \/orders, HEAD \/orders$/],
    ['a literal in the place of two', withPaths({ '/orders/{a}/{b}': { get: {} } }), /GET \/orders\/\{a\}\/\{b\}$/],
    ['a parameter in the place of a literal', withPaths({ '/{what}': { get: {} } }), /GET \/\{what\}$/],
    ['a reference', withPaths({ '/orders': { $ref: 'orders.yaml' } }), /path '\/orders' is a reference/],
    [
      'security of its own',
      withPaths({ '/time': { get: { security: [{ login: [] }] } } }),
      /GET \/time has another 'sec/,
    ],
    ['open doors', withPaths({ '/orders': { post: { security: [] } } }), /POST \/orders has another 'security'/],
    ['other permissions', withPaths({ '/orders': { post: { 'x-required-permissions': ['read'] } } }), /'x-required-/],
    ['a component of ours', { ...document, components: { schemas: { ApiKeyProblem401: {} } } }, /'schemas\/ApiKeyP/],
    ['another version', { ...document, openapi: '2.0' }, /option 'document' must be OpenAPI 3/],
  ])('is refused with %s', (_, wrong, message) => {
    expect(() => secureOpenApi(wrong as typeof document, routes, options)).toThrow(message)
  })

  it('names twenty operations that are not declared, and how many more there are', () => {
    const paths = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`/x${i}`, { get: {} }]))
    expect(() => secureOpenApi(withPaths(paths), routes, options)).toThrow(/GET \/x19, 5 more$/)
  })

  it.each(['v1', '/v1/', '/', '/{v}', '/v 1'])('needs a prefix that is a path: %j', prefix => {
    expect(() => secureOpenApi(document, routes, { ...options, prefix })).toThrow(/option 'prefix'/)
  })

  it('needs the prefix that its paths lack', () => {
    expect(() => secureOpenApi(document, routes, { schemes: [hmac] })).toThrow(
      /POST \/orders, GET \/orders\/\{orderId\}/,
    )
  })
})
