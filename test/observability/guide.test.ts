import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { context, metrics, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import pino, { type Logger } from 'pino'
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { DENIALS, type Routes, type VerifierOptions, type WireRequest } from '../../src/index.js'
import type { NodeHandler } from '../../src/middleware/node.js'
import { createFaults } from '../../src/testing/index.js'
import { routes } from '../middleware/service.js'
import { ROOT } from '../package/dist.js'
import { blocksOf, sourcesOf } from '../package/markdown.js'
import { createWorld, permissions, unsigned } from '../world.js'

/** What the guide's code exports. */
interface Guide {
  protectWatched(
    watched: { readonly options: VerifierOptions; readonly routes: Routes; readonly logger: Logger },
    handler: NodeHandler,
  ): RequestListener
}

const markdown = readFileSync(join(ROOT, 'docs/guide/observability.md'), 'utf8')
const { protectWatched } = await importGuide()

const spans = new InMemorySpanExporter()
const reader = new PrometheusExporter({ preventServerStart: true })
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
const meters = new MeterProvider({ readers: [reader] })
metrics.setGlobalMeterProvider(meters)
afterAll(() => meters.shutdown())
beforeEach(() => spans.reset())

/** The code of the page, on the source of this package. */
async function importGuide(): Promise<Guide> {
  const [source = ''] = Object.values(sourcesOf('observability', blocksOf(markdown)))
  const folder = join(ROOT, '.cache', 'guides')
  const urlOf = (file: string) => `'${pathToFileURL(join(ROOT, 'src', file)).href}'`
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'observability.ts')
  const text = source.replaceAll("'keylattice'", urlOf('index.ts'))
  writeFileSync(file, text.replaceAll("'keylattice/middleware/node'", urlOf('middleware/node.ts')))
  return import(/* @vite-ignore */ pathToFileURL(file).href)
}

/** A server as the guide builds it, on loopback, with a key of an allowlist that holds it. */
async function startWatched() {
  const faults = createFaults()
  const { keys, replay, sealer, schemes, clock, issue } = createWorld()
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const options = { keys: faults.wrap(keys), replay, sealer, schemes, permissions, clock } as unknown as VerifierOptions
  const server = createServer(protectWatched({ options, routes, logger }, (_req, res) => void res.end('done')))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const issued = await issue({ permissions: ['read'] })
  const send = async ({ method, target, headers }: WireRequest): Promise<number> => {
    const sent = await fetch(`http://127.0.0.1:${port}${target}`, {
      method,
      headers: headers as Record<string, string>,
    })
    await sent.text()
    return sent.status
  }
  const sign = (method: string, target: string) => issued.signer.sign(unsigned({ method, target }))
  return { send, sign, lines, faults, issue, keyId: issued.key.keyId }
}

/** The counter's value for labels, from what Prometheus would scrape. */
async function scrape(): Promise<string> {
  const { resourceMetrics } = await reader.collect()
  return new PrometheusSerializer('', false, undefined, true, true).serialize(resourceMetrics)
}

const line = (outcome: string, route: string, scheme = 'hmac-v1') =>
  `keylattice_decisions_total{outcome="${outcome}",scheme="${scheme}",route="${route}"}`

describe('The guide to observability', () => {
  it('counts every decision by its code, its scheme and the pattern of its route', async () => {
    const { send, sign } = await startWatched()
    const first = await sign('GET', '/v1/orders/17?secret=1')
    expect(await send(first)).toBe(200)
    expect(await send(first)).toBe(401)
    expect(await send(await sign('GET', '/v1/orders/18'))).toBe(200)
    expect(await send(await sign('POST', '/v1/orders'))).toBe(403)
    expect(await send(unsigned({ target: '/v1/orders' }))).toBe(401)
    expect(await send(unsigned({ target: '/v1/secret-plans' }))).toBe(403)
    const scraped = await scrape()
    expect(scraped).toContain(`${line('allowed', 'GET /v1/orders/:id')} 2`)
    expect(scraped).toContain(`${line('replayed', 'GET /v1/orders/:id')} 1`)
    expect(scraped).toContain(`${line('permission_denied', 'POST /v1/orders')} 1`)
    expect(scraped).toContain(`${line('missing_credentials', 'GET /v1/orders', 'none')} 1`)
    expect(scraped).toContain(`${line('route_not_declared', 'undeclared', 'none')} 1`)
  })

  it('makes no label of what a caller can choose, however many they choose', async () => {
    const { send, sign, keyId } = await startWatched()
    const before = (await scrape()).split('\n').length
    for (let i = 0; i < 20; i++) {
      const request = await sign('GET', `/v1/orders/id-${i}`)
      await send(request)
      await send({ ...request, headers: { ...request.headers, 'x-api-key': `kl_test_made-up-${i}` } })
      await send(unsigned({ target: `/v1/made-up-${i}` }))
    }
    const after = await scrape()
    // Whatever is new of 60 requests is there once for each outcome.
    expect(after.split('\n').length - before).toBeLessThan(20)
    for (const chosen of ['id-', 'made-up', keyId, '127.0.0.1', 'owner']) expect(after).not.toContain(chosen)
  })

  it('traces a judgement, with the key and the address that no label has', async () => {
    const { send, sign, keyId } = await startWatched()
    await send(await sign('GET', '/v1/orders/17'))
    await send(await sign('POST', '/v1/orders'))
    const [allowed, denied] = spans.getFinishedSpans()
    expect(allowed).toMatchObject({ name: 'keylattice.verify', status: { code: 0 } })
    expect(allowed?.attributes).toEqual({
      'keylattice.outcome': 'allowed',
      'keylattice.scheme': 'hmac-v1',
      'keylattice.route': 'GET /v1/orders/:id',
      'keylattice.proven': true,
      'keylattice.key_id': keyId,
      'client.address': '127.0.0.1',
    })
    expect(denied).toMatchObject({
      status: { code: 0 },
      attributes: { 'keylattice.outcome': 'permission_denied', 'keylattice.proven': true },
    })
  })

  it('tells what is only claimed from what is proven', async () => {
    const { send, sign, lines } = await startWatched()
    const request = await sign('GET', '/v1/orders/17')
    await send({ ...request, headers: { ...request.headers, 'x-api-signature': '0'.repeat(64) } })
    expect(spans.getFinishedSpans().at(-1)?.attributes).toMatchObject({
      'keylattice.outcome': 'wrong_signature',
      'keylattice.proven': false,
    })
    expect(lines.at(-1)).toMatchObject({ level: 30, denial: 'wrong_signature', proven: false })
  })

  it('measures how long judging took, apart for what was allowed, denied and not to be judged', async () => {
    const { send, sign, faults } = await startWatched()
    await send(await sign('GET', '/v1/orders/17'))
    await send(await sign('POST', '/v1/orders'))
    faults.plan({ kind: 'fail', when: 'before' })
    const before = /duration_seconds_count\{outcome="failed"\} (\d+)/.exec(await scrape())?.[1] ?? '0'
    expect(await send(await sign('GET', '/v1/orders/18'))).toBe(503)
    const scraped = await scrape()
    for (const outcome of ['allowed', 'denied']) {
      expect(scraped).toMatch(
        new RegExp(`keylattice_verify_duration_seconds_bucket\\{outcome="${outcome}",le="0.0001"\\}`),
      )
    }
    expect(scraped).toContain(`keylattice_verify_duration_seconds_count{outcome="failed"} ${Number(before) + 1}`)
    const span = spans.getFinishedSpans().at(-1)
    expect(span).toMatchObject({ status: { code: 2 }, events: [{ name: 'exception' }] })
  })

  it('logs every decision on one line, at a level that says whether it is proven', async () => {
    const { send, sign, lines, faults, keyId } = await startWatched()
    await send(await sign('GET', '/v1/orders/17?token=private'))
    expect(lines.at(-1)).toMatchObject({ level: 20, msg: 'allowed', path: '/v1/orders/17', keyId, owner: 'owner-1' })
    await send(await sign('POST', '/v1/orders'))
    expect(lines.at(-1)).toMatchObject({ level: 40, msg: 'denied', denial: 'permission_denied', proven: true, keyId })
    await send(unsigned({ target: '/v1/orders' }))
    expect(lines.at(-1)).toMatchObject({ level: 30, denial: 'missing_credentials', proven: false })
    faults.plan({ kind: 'fail', when: 'before' })
    await send(await sign('GET', '/v1/orders/18'))
    expect(lines.at(-1)).toMatchObject({
      level: 50,
      msg: 'not judged, or failed',
      err: { code: 'ERR_STORE_UNAVAILABLE' },
    })
    expect(lines).toHaveLength(4)
    const all = JSON.stringify(lines)
    for (const secret of ['private', 'x-api-signature', 'kls_']) expect(all).not.toContain(secret)
  })
})

describe('The alerts of the guide', () => {
  interface Rules {
    readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[]
  }
  const [yaml = ''] = blocksOf(markdown).flatMap(({ language, code }) => (language === 'yaml' ? [code] : []))
  const rules = (parse(yaml) as Rules).groups.flatMap(group => group.rules)

  it.each(rules)('ask for what is scraped: $alert', async ({ expr }) => {
    const { send, sign } = await startWatched()
    await send(await sign('GET', '/v1/orders/17'))
    const scraped = await scrape()
    const names = expr.match(/keylattice_\w+/g) ?? []
    expect(names).not.toEqual([])
    for (const name of names) expect(scraped).toContain(`${name}{`)
    for (const [, label] of expr.matchAll(/\{(\w+)=/g)) expect(scraped).toContain(`{${label}="`)
    const outcomes = [...expr.matchAll(/outcome=~?"([^"]+)"/g)].flatMap(([, codes = '']) => codes.split('|'))
    const known = [...Object.keys(DENIALS), 'allowed', 'denied', 'failed']
    expect(outcomes.filter(outcome => !known.includes(outcome))).toEqual([])
  })

  it('are there', () => {
    expect(rules.map(({ alert }) => alert)).toContain('RequestsCannotBeJudged')
  })
})
