/** One of several processes that sign with one key: sends many requests at once, and says what became of them. */

import { createClient } from 'redis'
import { createSignedFetch, createSigner, type Nonces } from '../../src/client/index.js'
import { kraken } from '../../src/schemes/kraken.js'

const [, , module = '', from = '', origin = '', count = '0'] = process.argv
const secret = Buffer.from('a secret of the house').toString('base64')
/** The same for all of them: what tells nonces apart is nothing but the counter. */
const clock = () => 1_767_225_600_000

interface Guide {
  createNonces?(file: string): Nonces
  createRedisNonces?(client: unknown): Nonces
}

async function openNonces(): Promise<Nonces | undefined> {
  if (module === '') return undefined
  const { createNonces, createRedisNonces } = (await import(module)) as Guide
  return createNonces?.(from) ?? createRedisNonces?.(await createClient({ url: from }).connect())
}

const nonces = await openNonces()
const signer = createSigner({ scheme: kraken(), keyId: 'key', secret, clock, ...(nonces && { nonces }) })
const send = createSignedFetch({ signer, baseUrl: origin })

process.stdout.write('ready\n')
process.stdin.once('data', async () => {
  const sending = Array.from({ length: Number(count) }, () => send('/0/private/Balance', { method: 'POST' }))
  const statuses = (await Promise.all(sending)).map(({ status }) => status)
  process.stdout.write(`${JSON.stringify(statuses)}\n`, () => process.exit(0))
})
