import { spawnSync } from 'node:child_process'
import ccxt from 'ccxt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keylattice, shell } from '../cli/keylattice.js'
import { requireBuild } from '../package/dist.js'
import { type Absent, describeUnless } from '../skips.js'
import { ORDER } from './framework-calls.js'
import { type Credentials, type Program, startProgram } from './framework-program.js'

const absentCurl: Absent = spawnSync('curl', ['--version']).status === 0 ? undefined : 'no curl on this machine'

beforeAll(requireBuild)

/** Nothing of the client is changed but where it sends its requests. */
function createBot(address: string, { keyId, secret }: Credentials) {
  const bot = new ccxt.bitfinex({ apiKey: keyId, secret, markets: {} })
  const api = bot.urls['api'] as Record<string, string>
  for (const name of Object.keys(api)) api[name] = address
  return bot
}

describe.each(['express.mjs', 'fastify.mjs'])('The example %s', file => {
  let program: Program
  beforeAll(async () => {
    program = await startProgram(file)
  })
  afterAll(() => program?.stop())

  const botKey = () => program.bot as Credentials

  describe('and ccxt, unmodified', () => {
    it('reads a balance', async () => {
      const { USD } = (await createBot(program.address, botKey()).fetchBalance()) as unknown as Record<string, object>
      expect(USD).toMatchObject({ free: 1000, total: 1000 })
    })

    it('is refused with a wrong secret, and with a key of another dialect', async () => {
      for (const { keyId, secret } of [
        { ...botKey(), secret: `${botKey().secret}x` },
        { keyId: program.keyId, secret: program.secret },
      ]) {
        await expect(createBot(program.address, { keyId, secret }).fetchBalance()).rejects.toThrow(
          'invalid_credentials',
        )
      }
    })
  })

  describeUnless(absentCurl, 'and curl, with what keylattice sign prints', () => {
    const sign = (args: readonly string[], secret = program.secret) =>
      keylattice(['sign', '--audience', 'api.example.com', '-k', program.keyId, ...args], {
        env: { KEYLATTICE_SECRET: secret },
      })
    const order = () => ['POST', `${program.address}/v1/orders`, '-H', 'content-type: application/json', '-d', ORDER]

    it('gets what it asks for, once', async () => {
      const { stdout: command } = await sign([`${program.address}/v1/orders/17?depth=50`])
      expect(command).toMatch(/^curl /m)
      const { stdout: first } = await shell(command)
      expect(JSON.parse(first)).toEqual({ owner: 'ada', id: '17' })
      const { stdout: again } = await shell(command)
      expect(JSON.parse(again)).toMatchObject({ code: 'replayed' })
    })

    it('places an order, and not another one', async () => {
      const { stdout: placed } = await shell((await sign(order())).stdout)
      expect(JSON.parse(placed)).toMatchObject({ owner: 'ada', amount: 1.5, bytes: ORDER.length })
      const { stdout: command } = await sign(order())
      const { stdout: refused } = await shell(command.replace('1.50', '9.50'))
      expect(JSON.parse(refused)).toMatchObject({ code: 'invalid_credentials' })
    })

    it('is refused with a wrong secret', async () => {
      const { stdout: command } = await sign(order(), `${program.secret.slice(0, -1)}_`)
      const { stdout } = await shell(command)
      expect(JSON.parse(stdout)).toMatchObject({ code: 'invalid_credentials' })
    })
  })
})
