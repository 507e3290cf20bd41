import { afterAll, beforeAll, expect, it } from 'vitest'
import { requireBuild } from '../package/dist.js'
import { type Absent, describeUnless } from '../skips.js'
import { ORDER, orderOfBytes, type Sending, send, signerOf, signGet, signOrder } from './framework-calls.js'
import { type Program, startProgram } from './framework-program.js'
import { behindPrefix, FRAMEWORKS, type Framework } from './framework-variants.js'
import { absentNginx, type Nginx, startNginx } from './nginx.js'

/** Addresses of this machine besides that of nginx. */
const HOME = '127.0.0.2'
const ELSEWHERE = '127.0.0.3'

const INVALID = { status: 401, json: { code: 'invalid_credentials' } }
const NOT_FROM_HERE = { status: 403, json: { code: 'ip_not_allowed' } }

describeUnless(absentNginx(), 'Behind nginx', () => {
  beforeAll(requireBuild)

  for (const framework of FRAMEWORKS) {
    const title = `the example of ${framework.name}`
    describeUnless(leftOut(framework), title, () => isRight(framework))
  }
})

/** The others share what these have of their own. */
const USUAL = ['node:http', 'Express 5', 'Fastify 5', 'Hono 4']

function leftOut({ name }: Framework): Absent {
  if (process.env['KEYLATTICE_REQUIRE_SERVICES'] === '1' || USUAL.includes(name)) return undefined
  return 'more frameworks are called through nginx by npm run test:services'
}

function isRight(framework: Framework): void {
  const { file } = framework
  /** Knows of no prefix. */
  let plain: Program
  /** Knows that clients call what it serves below `/api`. */
  let prefixed: Program
  let nginx: Nginx
  let [front, frontOfPrefixed] = ['', '']

  beforeAll(async () => {
    const addresses = [HOME]
    // One after the other, so that what has started is stopped where the next one fails.
    plain = await startProgram(file, { addresses })
    prefixed = await startProgram(file, { addresses, edits: behindPrefix(framework) })
    nginx = await startNginx([plain.address, prefixed.address])
    ;[front = '', frontOfPrefixed = ''] = nginx.addresses
  })
  afterAll(() => Promise.all([nginx?.stop(), plain?.stop(), prefixed?.stop()]))

  const get = async (program: Program, front: string, { target, ...sending }: Sending & { readonly target: string }) =>
    send(front, await signGet(signerOf(program), target), sending)

  it('takes the address that nginx names for the client’s, and no other', async () => {
    const target = '/v1/orders/17'
    const seen = { status: 200, json: { owner: 'ada', id: '17' } }
    expect(await get(plain, front, { target, from: HOME })).toMatchObject(seen)
    expect(await get(plain, front, { target, from: ELSEWHERE })).toMatchObject(NOT_FROM_HERE)
  })

  it.each([
    ['X-Forwarded-For', HOME],
    ['X-Forwarded-For', `${HOME}, 127.0.0.1`],
    ['X-Forwarded-For', 'unknown'],
    ['X-Real-IP', HOME],
    ['Forwarded', `for=${HOME}`],
    ['Connection', 'close, X-Forwarded-For'],
  ])('does not believe a client that sends %s: %s', async (name, value) => {
    const forged = { target: '/v1/orders/17', headers: { [name]: value } }
    expect(await get(plain, front, { ...forged, from: ELSEWHERE })).toMatchObject(NOT_FROM_HERE)
    expect(await get(plain, front, { ...forged, from: HOME })).toMatchObject({ status: 200 })
  })

  it('takes a client that goes around nginx for what it is', async () => {
    const forged = { target: '/v1/orders/17', headers: { 'x-forwarded-for': HOME } }
    expect(await get(plain, plain.address, { ...forged, from: ELSEWHERE })).toMatchObject(NOT_FROM_HERE)
    expect(await get(plain, plain.address, { ...forged, from: HOME })).toMatchObject({ status: 200 })
  })

  it('refuses what was signed with the prefix that nginx takes off, until it is told of it', async () => {
    const call = { target: '/api/v1/orders/17?x=%2F', from: HOME }
    expect(await get(plain, front, call)).toMatchObject(INVALID)
    expect(await get(prefixed, frontOfPrefixed, call)).toMatchObject({ status: 200, json: { owner: 'ada' } })
  })

  it('told of the prefix, takes nothing that was signed without it', async () => {
    const bare = await signGet(signerOf(prefixed), '/v1/orders/17')
    expect(await send(frontOfPrefixed, { ...bare, target: '/api/v1/orders/17' }, { from: HOME })).toMatchObject(INVALID)
    const other = await signGet(signerOf(prefixed), '/api/v1/orders/17')
    expect(await send(frontOfPrefixed, { ...other, target: '/api/v1/orders/18' }, { from: HOME })).toMatchObject(
      INVALID,
    )
  })

  it.each(['Content-Length', 'chunks'])('gets orders and 10 MB through nginx, sent with %s', async how => {
    const sending = { from: HOME, ...(how === 'chunks' && { chunkBytes: 10_000 }) }
    const at = { target: '/api/v1/orders' }
    for (const body of [ORDER, orderOfBytes(10_000_000)]) {
      const [direct, below] = [signerOf(plain), signerOf(prefixed)]
      const passed = { status: 201, json: { owner: 'ada', amount: 1.5, bytes: body.length } }
      expect(await send(front, await signOrder(direct, { body }), sending)).toMatchObject(passed)
      expect(await send(frontOfPrefixed, await signOrder(below, { ...at, body }), sending)).toMatchObject(passed)
      const tampered = { ...(await signOrder(below, { ...at, body })), body: Buffer.from(`${body} `) }
      expect(await send(frontOfPrefixed, tampered, sending)).toMatchObject(INVALID)
    }
  })

  it('gets escapes through nginx only where nginx leaves the path alone', async () => {
    expect(await get(plain, front, { target: '/v1/orders/a%2Cb', from: HOME })).toMatchObject({ status: 200 })
    expect(await get(prefixed, frontOfPrefixed, { target: '/api/v1/orders/a%2Cb', from: HOME })).toMatchObject(INVALID)
  })

  it('has written nothing to stderr', () => {
    expect([plain.stderr(), prefixed.stderr()]).toEqual(['', ''])
  })
}
