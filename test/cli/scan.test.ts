import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanStream } from '../../src/cli/scanning.js'
import { createMint } from '../../src/keys/credentials.js'
import { requireBuild } from '../package/dist.js'
import { keylattice, type RunOptions, temporaryFolder } from './keylattice.js'

requireBuild()

const mint = createMint({ brand: 'kl', environment: 'live' })
const keyId = mint.mintKeyId()
const secret = new TextDecoder().decode(mint.mintSecret())

/** Runs scan, and makes sure that it shows no secret. */
async function scan(args: readonly string[], options: RunOptions) {
  const ran = await keylattice(['scan', ...args], options)
  expect(`${ran.stdout}${ran.stderr}`).not.toContain(secret.slice(9, 30))
  return ran
}

function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = temporaryFolder()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return folder
}

describe('scan', () => {
  it('finds nothing in what holds nothing', async () => {
    const folder = folderWith({
      'a.txt': 'nothing',
      'b/c.env': `KEY=${keyId.slice(0, -1)}${keyId.endsWith('x') ? 'y' : 'x'}\nkls_live_${'0'.repeat(49)}\n`,
    })
    expect(await scan(['.'], { folder })).toMatchObject({ status: 0, stdout: '', stderr: '0 found in 2 files\n' })
  })

  it('finds key ids and secrets with their places, and shows of a secret nothing', async () => {
    const folder = folderWith({ 'logs/a.log': `one\ntwo ${keyId}\n`, '.env': `SECRET="${secret}"` })
    const ran = await scan(['.'], { folder })
    expect(ran.status).toBe(1)
    expect(ran.stdout.split('\n').sort()).toEqual([
      '',
      '.env:1:9  secret  kls_live_[redacted]',
      `${join('logs', 'a.log')}:2:5  key id  ${keyId}`,
    ])
  })

  it('prints JSON', async () => {
    const folder = folderWith({ 'a.txt': `${keyId} ${secret}` })
    const ran = await scan(['--json', 'a.txt'], { folder })
    expect(JSON.parse(ran.stdout)).toEqual({
      findings: [
        { path: 'a.txt', line: 1, column: 1, kind: 'keyId', brand: 'kl', environment: 'live', keyId },
        {
          path: 'a.txt',
          line: 1,
          column: keyId.length + 2,
          kind: 'secret',
          brand: 'kl',
          environment: 'live',
          keyId: null,
        },
      ],
      scanned: 1,
      skipped: [],
    })
  })

  it('finds secrets only, where that is asked', async () => {
    expect(await scan(['--secrets-only'], { stdin: keyId })).toMatchObject({ status: 0, stdout: '' })
    expect(await scan(['--secrets-only'], { stdin: secret })).toMatchObject({ status: 1 })
  })

  it('finds the credentials of other brands, and of several', async () => {
    const acme = createMint({ brand: 'acme', environment: 'test' }).mintKeyId()
    const stdin = `${keyId}\n${acme}\n`
    expect((await scan(['--brand', 'acme'], { stdin })).stdout).toBe(`(stdin):2:1  key id  ${acme}\n`)
    expect((await scan(['--brand', 'acme', '--brand', 'kl'], { stdin })).stdout.split('\n')).toHaveLength(3)
    expect(await scan(['--brand', 'ACME'], { stdin })).toMatchObject({ status: 2, stdout: '' })
  })

  it('passes over binary files, large ones and what is installed, unless told otherwise', async () => {
    const folder = folderWith({
      'a.bin': `\0\0${secret}`,
      'node_modules/x/a.js': secret,
      '.git/config': secret,
      'large.txt': 'x'.repeat(2000) + secret,
    })
    const ran = await scan(['--max-bytes', '1000', '.'], { folder })
    expect(ran).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '0 found in 0 files; passed over: 1 binary, 1 too large\n',
    })
    const all = await scan(['--all', '.'], { folder })
    expect(all.stdout.trim().split('\n')).toHaveLength(4)
  })

  it('reads what Windows writes', async () => {
    const text = `\ufeffone\r\n${secret}`
    const folder = folderWith({
      'le.txt': Buffer.from(text, 'utf16le'),
      'be.txt': Buffer.from(text, 'utf16le').swap16(),
    })
    const { stdout } = await scan(['.'], { folder })
    expect(stdout).toBe('be.txt:2:1  secret  kls_live_[redacted]\nle.txt:2:1  secret  kls_live_[redacted]\n')
  })

  it('follows no link', async () => {
    const folder = folderWith({ 'outside/a.txt': secret, 'inside/b.txt': '' })
    symlinkSync(join(folder, 'outside'), join(folder, 'inside', 'link'))
    symlinkSync(folder, join(folder, 'inside', 'circle'))
    expect(await scan(['inside'], { folder })).toMatchObject({ status: 0, stderr: '0 found in 1 file\n' })
  })

  it('does not call clean what it could not read', async () => {
    const folder = folderWith({ 'a.txt': '' })
    const ran = await scan(['missing.txt', '.'], { folder })
    expect(ran).toMatchObject({ status: 3, stdout: '' })
    expect(ran.stderr).toContain('cannot read missing.txt')
    if (process.getuid?.() === 0) return
    chmodSync(join(folder, 'a.txt'), 0)
    expect(await scan(['.'], { folder })).toMatchObject({ status: 3 })
  })

  it('shows no control character of a file name', async () => {
    const folder = folderWith({ 'a\u001b[31m.txt': secret })
    expect((await scan(['.'], { folder })).stdout).not.toContain('\u001b')
  })

  it('finds what git is about to commit', async () => {
    const folder = folderWith({ 'config.json': `{"secret":"${secret}"}\n` })
    const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8' })
    git('init', '--quiet')
    git('add', '.')
    expect(await scan([], { folder, stdin: git('diff', '--cached') })).toMatchObject({ status: 1 })
  })
})

describe('A stream', () => {
  it('gives the same findings however it is cut', async () => {
    const piece = fc.oneof(
      fc.constantFrom(keyId, secret, '\n', ' ', 'kl_live_', 'kls_', keyId.slice(0, 20)),
      fc.string({ maxLength: 9 }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
        async (pieces, cuts) => {
          const bytes = new TextEncoder().encode(pieces.join(''))
          async function* cut() {
            for (let at = 0, i = 0; at < bytes.length; i++) {
              const length = cuts[i % cuts.length] as number
              yield bytes.subarray(at, at + length)
              at += length
            }
          }
          async function* whole() {
            yield bytes
          }
          const settings = { path: 'x', brands: ['kl'] }
          expect(await scanStream(cut(), settings)).toEqual(await scanStream(whole(), settings))
        },
      ),
      { numRuns: 300 },
    )
  })
})
