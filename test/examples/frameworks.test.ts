import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Signer } from '../../src/client/index.js'
import { ROOT, requireBuild } from '../package/dist.js'
import { typeCheck } from '../package/installed.js'
import { ORDER, orderOfBytes, send, signerOf, signGet, signOrder } from './framework-calls.js'
import { EXAMPLES, type Program, startProgram } from './framework-program.js'
import { FRAMEWORKS } from './framework-variants.js'

const MB = 1_000_000

beforeAll(requireBuild)

describe.each(FRAMEWORKS)('The example of $name', ({ file, alsoRight, wrong, notFound, tooLarge }) => {
  let program: Program
  let signer: Signer

  beforeAll(async () => {
    program = await startProgram(file)
    signer = signerOf(program)
  })
  afterAll(() => program?.stop())

  it('hands a signed request on, with its caller', async () => {
    expect(await send(program.address, await signGet(signer, '/v1/orders/17'))).toMatchObject({
      status: 200,
      json: { owner: 'ada', id: '17' },
    })
  })

  it('lets everybody ask for the time, and nobody for what is not declared', async () => {
    const bare = { method: 'GET', headers: {}, body: new Uint8Array(0), ip: undefined }
    const time = await send(program.address, { ...bare, target: '/v1/time' })
    expect(time).toMatchObject({ status: 200, json: { now: expect.any(Number) } })
    expect(await send(program.address, { ...bare, target: '/v1/orders/17' })).toMatchObject({
      status: 401,
      headers: {
        'content-type': expect.stringMatching(/^application\/problem\+json/),
        'www-authenticate': expect.any(String),
      },
      json: { code: 'missing_credentials' },
    })
    expect(await send(program.address, await signGet(signer, '/v1/orders'))).toMatchObject(
      notFound === undefined ? { status: 403, json: { code: 'route_not_declared' } } : { status: notFound },
    )
  })

  it('judges the bytes that were sent, and its body parser reads the same', async () => {
    const signed = await signOrder(signer)
    expect(await send(program.address, signed)).toMatchObject({
      status: 201,
      json: { owner: 'ada', side: 'buy', amount: 1.5, bytes: ORDER.length },
    })
    const rewritten = { ...(await signOrder(signer)), body: Buffer.from(JSON.stringify(JSON.parse(ORDER))) }
    expect(await send(program.address, rewritten)).toMatchObject({ status: 401, json: { code: 'invalid_credentials' } })
  })

  it('refuses a request that was tampered with', async () => {
    const order = await signOrder(signer)
    const get = await signGet(signer, '/v1/orders/17')
    const tampered = [
      { ...order, body: Buffer.from(ORDER.replace('1.50', '9.50')) },
      { ...get, target: '/v1/orders/18' },
      { ...get, target: '/v1/orders/17?x=1' },
      { ...order, headers: { ...order.headers, 'content-type': 'application/json; charset=utf-8' } },
    ]
    for (const request of tampered) {
      expect(await send(program.address, request)).toMatchObject({ status: 401, json: { code: 'invalid_credentials' } })
    }
    expect((await send(program.address, order)).status).toBe(201)
  })

  it('refuses the same bytes a second time', async () => {
    const signed = await signOrder(signer)
    expect((await send(program.address, signed)).status).toBe(201)
    expect(await send(program.address, signed)).toMatchObject({ status: 401, json: { code: 'replayed' } })
  })

  it.each([undefined, 65_536])('takes a body of 10 MB, and none of 17 MB (chunks: %s)', async chunkBytes => {
    const body = orderOfBytes(10 * MB)
    const sending = chunkBytes === undefined ? {} : { chunkBytes }
    expect(await send(program.address, await signOrder(signer, { body }), sending)).toMatchObject({
      status: 201,
      json: { side: 'buy', bytes: body.length },
    })
    const tooLong = await signOrder(signer, { body: orderOfBytes(17 * MB) })
    expect(await send(program.address, tooLong, sending)).toMatchObject({
      status: 413,
      json: tooLarge ?? { code: 'request_too_large' },
    })
    expect((await send(program.address, await signOrder(signer))).status).toBe(201)
  })

  it('takes a body in chunks for what it is, however it is cut', async () => {
    for (const chunkBytes of [1, 7, 1000]) {
      const signed = await signOrder(signer)
      expect(await send(program.address, signed, { chunkBytes })).toMatchObject({
        status: 201,
        json: { bytes: ORDER.length },
      })
      const tampered = { ...(await signOrder(signer)), body: Buffer.from(`${ORDER} `) }
      expect((await send(program.address, tampered, { chunkBytes })).status).toBe(401)
    }
  })

  it('has written nothing to stderr', () => {
    expect(program.stderr()).toBe('')
  })

  it.each(alsoRight)('goes on with $title', async ({ edits }) => {
    const changed = await startProgram(file, { edits })
    try {
      const own = signerOf(changed)
      for (const body of [ORDER, orderOfBytes(200_000)]) {
        expect(await send(changed.address, await signOrder(own, { body }))).toMatchObject({
          status: 201,
          json: { amount: 1.5, bytes: body.length },
        })
        const tampered = { ...(await signOrder(own, { body })), body: Buffer.from(body.replace('1.50', '9.50')) }
        expect((await send(changed.address, tampered)).status).toBe(401)
      }
      expect(changed.stderr()).toBe('')
    } finally {
      await changed.stop()
    }
  })

  it.each(wrong)('lets no body pass with $title, and says what to change', async ({ edits, says }) => {
    const changed = await startProgram(file, { edits })
    try {
      const own = signerOf(changed)
      const answer = await send(changed.address, await signOrder(own))
      expect(answer).toMatchObject({ status: 500, json: { code: 'internal_error' } })
      await expect.poll(changed.stderr).toContain(says)
      expect(JSON.stringify(answer.json)).not.toContain(says)
    } finally {
      await changed.stop()
    }
  })
})

describe('The example in TypeScript', () => {
  const options = { module: 'nodenext', types: ['node'], skipLibCheck: true, experimentalDecorators: true }
  const source = readFileSync(join(EXAMPLES, 'nest.mts'), 'utf8')

  it('compiles, and would not if it misread what protect leaves', () => {
    const check = (text: string) => typeCheck(join(ROOT, '.cache', 'frameworks-types'), { 'nest.mts': text }, options)
    expect(check(source)).toBe('')
    expect(check(source.replace('principal?.owner', 'principal?.nobody'))).toContain("'nobody'")
  })
})
