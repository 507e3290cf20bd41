import { spawn } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMint } from '../../src/keys/credentials.js'
import { requireBuild } from '../package/dist.js'
import { keylattice } from './in-process.js'
import { cleanEnvironment, PROGRAM, temporaryFolder } from './keylattice.js'
import { startRecorder } from './recorder.js'

requireBuild()

const SECRET = 'canary-of-a-secret-0123456789abcdef'
const PASSPHRASE = 'canary-passphrase'
const MINTED = new TextDecoder().decode(createMint({ brand: 'kl', environment: 'live' }).mintSecret())
const URL_TO_SIGN = 'https://api.example.com/v1/x'
const sign = ['sign', '-k', 'kl_test_key', URL_TO_SIGN]

function secretFile(text: string | Uint8Array, mode = 0o600): { readonly folder: string; readonly file: string } {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'secret.txt'), text)
  chmodSync(join(folder, 'secret.txt'), mode)
  return { folder, file: 'secret.txt' }
}

/** The signature over the same request at the same time says whether the same secret was read. */
async function signatureWith(args: readonly string[], options: Parameters<typeof keylattice>[1]): Promise<string> {
  const ran = await keylattice(
    ['sign', '--json', '--scheme', 'bitexbit-v1', '-k', 'kl_test_key', ...args, URL_TO_SIGN],
    options,
  )
  expect(ran.status, ran.stderr).toBe(0)
  const verified = await keylattice(['verify', '--any-time', '--scheme', 'bitexbit-v1'], {
    env: { KEYLATTICE_SECRET: SECRET },
    stdin: ran.stdout,
  })
  return verified.stdout.slice(0, 3)
}

describe('A secret', () => {
  it('comes from the environment, a variable of any name, a file or stdin', async () => {
    const { folder, file } = secretFile(`${SECRET}\n`)
    expect(await signatureWith([], { env: { KEYLATTICE_SECRET: SECRET } })).toBe('yes')
    expect(await signatureWith([], { env: { KEYLATTICE_SECRET: `${SECRET}x` } })).toBe('no:')
    expect(
      await signatureWith(['--secret-env', 'MINE'], { env: { MINE: SECRET, KEYLATTICE_SECRET: 'x'.repeat(32) } }),
    ).toBe('yes')
    expect(await signatureWith(['--secret-file', file], { folder })).toBe('yes')
    expect(await signatureWith(['--secret-file', '-'], { stdin: `${SECRET}\r\n` })).toBe('yes')
  })

  it.each([
    [['--secret-env', 'NOT_SET'], 'is not set'],
    [['--secret-env', 'not a name'], 'takes the name of a variable'],
    [['--secret-env', 'A', '--secret-file', 'b'], 'not both'],
    [['--credentials-file', 'a', '--secret-file', 'b'], 'not both'],
    [['--secret-file', '-'], 'stdin is empty'],
    [[], 'no secret: set KEYLATTICE_SECRET, give --secret-file, or answer the prompt of a terminal'],
  ])('that is not there is asked for in words: %j', async (args, why) => {
    const ran = await keylattice([...sign, ...args])
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toContain(why)
  })

  it('in a file that others can read is used, and said so', async () => {
    const { folder, file } = secretFile(SECRET, 0o644)
    const ran = await keylattice([...sign, '--secret-file', file], { folder })
    expect(ran.status).toBe(0)
    expect(ran.stderr).toContain('can be read by other users')
    const own = secretFile(SECRET)
    expect((await keylattice([...sign, '--secret-file', own.file], { folder: own.folder })).stderr).not.toContain(
      'other users',
    )
  })
})

/** What people might try. */
const AS_ARGUMENTS: readonly (readonly string[])[] = [
  [...sign, '--secret', SECRET],
  [...sign, `--secret=${SECRET}`],
  [...sign, '--passphrase', PASSPHRASE],
  [...sign, '--private-key', SECRET],
  [...sign, '--token', SECRET],
  [...sign, '--password', SECRET],
  ['reseal', '--store', 'x.db', '--master-key', SECRET],
  [...sign, '-d', MINTED],
  [...sign, '-H', `x-secret: ${MINTED}`],
  ['sign', '-k', MINTED, URL_TO_SIGN],
  ['inspect', MINTED],
  ['verify', `curl -H 'x: ${MINTED}' ${URL_TO_SIGN}`],
  ['sign', `keylattice:v1?scheme=hmac-v1&keyId=k&secret=${SECRET}`],
  [...sign, '-d', `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----`],
  ['sign', `https://user:${SECRET}@api.example.com/`],
  ['migrate', '--store', `postgres://app:${SECRET}@db/x`],
  ['migrate', `--store=mysql://app:${SECRET}@db/x`],
]

describe('A secret as an argument', () => {
  it.each(AS_ARGUMENTS.map(args => [args] as const))('is refused with the reason, and not repeated: %j', async args => {
    const ran = await keylattice(args)
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toContain('shown to everybody who can list processes')
    expect(ran.stderr).toContain('--secret-file')
    for (const canary of [SECRET, PASSPHRASE, MINTED]) expect(ran.stderr).not.toContain(canary)
  })

  it.each([
    ['keygen credentials', ['keygen', 'credentials', '--passphrase']],
    ['a URL with a user only', ['sign', '-k', 'k', 'https://user@api.example.com/']],
    ['a key id', ['sign', '-k', createMint({ brand: 'kl', environment: 'live' }).mintKeyId(), URL_TO_SIGN]],
  ])('is not seen where there is none: %s', async (_what, args) => {
    expect(await keylattice(args, { env: { KEYLATTICE_SECRET: SECRET } })).toMatchObject({ status: 0 })
  })
})

describe('No command', () => {
  const env = { KEYLATTICE_SECRET: MINTED, KEYLATTICE_PASSPHRASE: PASSPHRASE, KEYLATTICE_KEY_ID: 'kl_test_key' }
  const REQUEST = JSON.stringify({
    method: 'GET',
    url: URL_TO_SIGN,
    headers: { 'x-api-key': MINTED, 'x-echo': PASSPHRASE },
  })

  it.each([
    ['verify', ['verify']],
    ['verify as JSON', ['verify', '--json']],
    ['diagnose', ['diagnose']],
    ['diagnose as JSON', ['diagnose', '--json']],
    ['verify of another scheme', ['verify', '--scheme', 'okx']],
    ['a request that is none', ['verify', '--scheme', 'http-message-signatures']],
    ['a private key that is none', ['sign', '--scheme', 'ed25519-v1', URL_TO_SIGN]],
    ['base64 that is none', ['sign', '--scheme', 'kraken', 'POST', URL_TO_SIGN]],
    ['credentials that are none', ['sign', '--credentials-file', '-', URL_TO_SIGN]],
  ])('shows a secret it was given: %s', async (_what, args) => {
    const ran = await keylattice(args, { env, stdin: REQUEST })
    expect(`${ran.stdout}${ran.stderr}`).not.toBe('')
    expect(`${ran.stdout}${ran.stderr}`).not.toContain(MINTED)
    expect(`${ran.stdout}${ran.stderr}`).not.toContain(PASSPHRASE)
  })

  it('puts a secret into the arguments of a process', async () => {
    const { origin } = await startRecorder()
    const child = spawn(process.execPath, [PROGRAM, ...sign.slice(0, -1), '--send', origin], {
      env: cleanEnvironment(env),
      cwd: temporaryFolder(),
    })
    const args =
      process.platform === 'linux' ? readFileSync(`/proc/${child.pid}/cmdline`, 'utf8') : child.spawnargs.join('\0')
    expect(args).not.toContain(MINTED)
    expect(await new Promise(resolve => child.once('close', resolve))).toBe(0)
  })
})
