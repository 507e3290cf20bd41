import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { requireBuild } from '../package/dist.js'
import { loadVectors, schemeIds, toWire, type VectorCredentials } from '../schemes/vectors.js'
import { keylattice } from './in-process.js'
import { type RunOptions, temporaryFolder } from './keylattice.js'
import { optionsOf } from './scheme-arguments.js'

requireBuild()

const CASES = schemeIds.flatMap(id =>
  loadVectors(id).fixtures.map(fixture => ({ id, name: `${id}: ${fixture.name}`, fixture })),
)

function environmentOf({ keyId, secret, passphrase }: VectorCredentials): Record<string, string> {
  // Secrets of documentations are shorter than any that a key can have.
  const env = { KEYLATTICE_KEY_ID: keyId, KEYLATTICE_SECRET: secret.padEnd(16, 'x') }
  return passphrase === undefined ? env : { ...env, KEYLATTICE_PASSPHRASE: passphrase }
}

describe('verify, for every scheme there is', () => {
  it.each(CASES)('$name: says yes to what sign signed, and no once it is changed', async ({ id, fixture }) => {
    const env = environmentOf(fixture.credentials)
    const { method, target, headers, body } = toWire(fixture.requests[0] as (typeof fixture.requests)[number])
    const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${String(value)}`])
    const options = optionsOf(id, fixture)
    const url = `https://api.example.com${target}`
    const signed = await keylattice(['sign', ...options, ...fields, '--data-file', '-', method, url], {
      env,
      stdin: body,
    })
    expect(signed.status, signed.stderr).toBe(0)
    if (['bearer', 'bitget', 'coinbase-exchange', 'okx'].includes(id)) return expectHiddenHeaders(signed.stdout)
    const yes = await keylattice(['verify', '--any-time', ...options], { env, stdin: signed.stdout })
    expect(yes, yes.stderr).toMatchObject({ status: 0 })
    expect(yes.stdout).toMatch(/^yes: /)
    const other = {
      ...env,
      KEYLATTICE_SECRET: otherSecret({ ...fixture.credentials, secret: env['KEYLATTICE_SECRET'] as string }),
    }
    const no = await keylattice(['verify', '--any-time', ...options], { env: other, stdin: signed.stdout })
    expect([no.status, no.stdout.slice(0, 3)], no.stderr).toEqual(
      fixture.credentials.publicKey === undefined ? [1, 'no:'] : [2, ''],
    )
  })
})

/** What holds a secret is filled in where the command runs, so that the command alone cannot be judged. */
function expectHiddenHeaders(printed: string): void {
  expect(printed).toMatch(/^printf '[^']+' "\$KEYLATTICE_(SECRET|PASSPHRASE)" \|\ncurl /)
}

/** Of the same form; a private key that is changed is none. */
function otherSecret({ secret, publicKey }: VectorCredentials): string {
  if (publicKey !== undefined) return `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(44)}\n-----END PRIVATE KEY-----\n`
  return [...secret.slice(0, 8)].reverse().join('') + secret.slice(8)
}

const SECRET = 'canary-of-a-secret-0123456789abcdef'
const KEY_ID = 'kl_test_key'
const options: RunOptions = { env: { KEYLATTICE_SECRET: SECRET, KEYLATTICE_KEY_ID: KEY_ID } }
const ORDER = ['POST', 'https://api.example.com/v1/orders', '-H', 'content-type: application/json', '-d', '{"a":1}']

async function signed(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await keylattice(['sign', '--json', ...args], options)
  return JSON.parse(stdout)
}

describe('verify', () => {
  it('says what the request says of itself, as JSON too', async () => {
    const request = JSON.stringify(await signed(...ORDER))
    const ran = await keylattice(['verify', '--json'], { ...options, stdin: request })
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(JSON.parse(ran.stdout)).toMatchObject({
      ok: true,
      scheme: 'hmac-v1',
      keyId: KEY_ID,
      nonce: expect.any(String),
    })
  })

  it.each([
    ['method', { method: 'PUT' }],
    ['target', { target: '/v1/order' }],
    ['body', { bodyBase64: 'e30=' }],
  ])('says no when the %s was changed', async (_what, change) => {
    const stdin = JSON.stringify({ ...(await signed(...ORDER)), ...change })
    const ran = await keylattice(['verify', '--json'], { ...options, stdin })
    expect(ran.status).toBe(1)
    expect(JSON.parse(ran.stdout)).toMatchObject({ ok: false, denial: 'wrong_signature' })
  })

  it('refuses an old request, unless it is judged at another time', async () => {
    const stdin = JSON.stringify(await signed(...ORDER))
    const at = String(Date.now() + 3_600_000)
    const late = await keylattice(['verify', '--at', at], { ...options, stdin })
    expect(late).toMatchObject({ status: 1 })
    expect(late.stdout).toContain('timestamp_outside_window')
    expect(await keylattice(['verify', '--at', at, '--any-time'], { ...options, stdin })).toMatchObject({ status: 2 })
    expect(await keylattice(['verify', '--any-time'], { ...options, stdin })).toMatchObject({ status: 0 })
    expect(await keylattice(['verify', '--at', new Date().toISOString()], { ...options, stdin })).toMatchObject({
      status: 0,
    })
  })

  it('reads a request from a file', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'request.json'), JSON.stringify(await signed(...ORDER)))
    expect(await keylattice(['verify', 'request.json'], { ...options, folder })).toMatchObject({ status: 0 })
  })

  it('judges by the public key', async () => {
    const folder = temporaryFolder()
    const pair = await keylattice(['keygen', 'pair', '--out', 'key.pem'], { folder })
    writeFileSync(join(folder, 'key.pub'), pair.stdout)
    const args = ['--scheme', 'ed25519-v1', '--audience', 'a']
    const request = await keylattice(
      ['sign', ...args, '-k', KEY_ID, '--secret-file', 'key.pem', '--json', 'https://a.example/'],
      { folder },
    )
    const run = (stdin: string) => keylattice(['verify', ...args, '--public-key-file', 'key.pub'], { folder, stdin })
    expect(await run(request.stdout)).toMatchObject({ status: 0 })
    expect(await run(request.stdout.replace('"GET"', '"PUT"'))).toMatchObject({ status: 1 })
  })

  it.each([
    [['--at', '1767225600'], 'these are seconds'],
    [['--at', 'yesterday'], 'epoch ms'],
  ])('refuses %j', async (args, why) => {
    const ran = await keylattice(['verify', ...args], { ...options, stdin: JSON.stringify(await signed(...ORDER)) })
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toContain(why)
  })
})

describe('explain', () => {
  it('shows the string to sign, and needs no secret', async () => {
    const stdin = JSON.stringify(await signed(...ORDER))
    const ran = await keylattice(['explain', '--audience', 'api.example.com'], { stdin })
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(ran.stdout).toContain('/v1/orders')
    const asJson = await keylattice(['explain', '--json'], { stdin })
    expect(JSON.parse(asJson.stdout)).toMatchObject({ scheme: 'hmac-v1', signed: true, claim: { keyId: KEY_ID } })
  })

  it('explains a request that is not signed yet', async () => {
    const ran = await keylattice(['explain', '--json', '-k', KEY_ID], { stdin: 'curl https://api.example.com/v1/x' })
    expect(JSON.parse(ran.stdout)).toMatchObject({ signed: false, claim: { keyId: KEY_ID } })
  })
})

describe('diagnose', () => {
  it('says that nothing is wrong', async () => {
    const stdin = JSON.stringify(await signed(...ORDER))
    const ran = await keylattice(['diagnose', '--json'], { ...options, stdin })
    expect(ran).toMatchObject({ status: 0 })
    expect(JSON.parse(ran.stdout)).toMatchObject({ ok: true, matches: true, mistakes: [] })
  })

  it('names the mistake, and shows no secret', async () => {
    const request = await signed(...ORDER)
    const ran = await keylattice(['diagnose'], {
      ...options,
      stdin: JSON.stringify({ ...request, target: '/v1/orders?' }),
    })
    expect(ran.status, ran.stderr).toBe(1)
    expect(ran.stdout).not.toBe('')
    expect(`${ran.stdout}${ran.stderr}`).not.toContain(SECRET)
  })

  it.each(['localhost:3000', 'api.example.com'])('knows the host that the request went to: %s', async host => {
    const { stdout } = await keylattice(['sign', '--audience', host, `http://${host}/v1/x`], options)
    const ran = await keylattice(['diagnose', '--json', '--audience', 'api.elsewhere.com'], {
      ...options,
      stdin: stdout,
    })
    expect(ran.status, ran.stderr).toBe(1)
    expect(JSON.parse(ran.stdout)).toMatchObject({ mistakes: [{ code: 'host' }] })
    const on = await keylattice(['diagnose', '--json', '--audience', 'localhost:9'], { ...options, stdin: stdout })
    expect(JSON.parse(on.stdout)).toMatchObject({ mistakes: [{ code: 'host' }] })
  })
})
