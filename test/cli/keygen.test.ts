import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseCredentials } from '../../src/http/credentials-uri.js'
import { createSealer } from '../../src/index.js'
import { parseCredential } from '../../src/keys/credentials.js'
import { requireBuild } from '../package/dist.js'
import { keylattice, temporaryFolder } from './keylattice.js'

requireBuild()

const json = async (...args: readonly string[]) => JSON.parse((await keylattice([...args, '--json'])).stdout)

describe('keygen credentials', () => {
  it('makes credentials with the right checksums, others each time', async () => {
    const [a, b] = await Promise.all(
      [1, 2].map(() => json('keygen', 'credentials', '--brand', 'acme', '--environment', 'live')),
    )
    expect(parseCredential(a.keyId)).toEqual({ kind: 'keyId', brand: 'acme', environment: 'live' })
    expect(parseCredential(a.secret)).toEqual({ kind: 'secret', brand: 'acme', environment: 'live' })
    expect([a.keyId === b.keyId, a.secret === b.secret]).toEqual([false, false])
  })

  it('makes a base64 secret and a passphrase where the dialect wants them', async () => {
    const made = await json('keygen', 'credentials', '--encoding', 'base64', '--passphrase')
    expect(Buffer.from(made.secret, 'base64')).toHaveLength(64)
    expect(made.passphrase).toMatch(/^[0-9A-Za-z]{22}$/)
  })

  it('writes them as a URI, and as a QR code of it', async () => {
    const uri = await keylattice(['keygen', 'credentials', '--uri', '--scheme', 'hmac-v1', '--label', 'a b'])
    expect(parseCredentials(uri.stdout)).toMatchObject({ scheme: 'hmac-v1', label: 'a b' })
    const qr = await keylattice(['keygen', 'credentials', '--qr', '--scheme', 'hmac-v1'])
    expect(qr.stdout.split('\n').length).toBeGreaterThan(20)
    expect(await keylattice(['keygen', 'credentials', '--uri'])).toMatchObject({ status: 2, stdout: '' })
  })

  it('keeps the secret in a new file of its owner, and shows it nowhere', async () => {
    const folder = temporaryFolder()
    const ran = await keylattice(['keygen', 'credentials', '--out', 'secret.txt'], { folder })
    const secret = readFileSync(join(folder, 'secret.txt'), 'utf8').trim()
    expect(parseCredential(secret)?.kind).toBe('secret')
    expect(statSync(join(folder, 'secret.txt')).mode & 0o777).toBe(0o600)
    expect(`${ran.stdout}${ran.stderr}`).not.toContain(secret)
    const again = await keylattice(['keygen', 'credentials', '--out', 'secret.txt'], { folder })
    expect(again).toMatchObject({ status: 3, stdout: '' })
    expect(again.stderr).toContain('is not written over')
    expect(readFileSync(join(folder, 'secret.txt'), 'utf8').trim()).toBe(secret)
  })

  it.each([
    [['--brand', 'bass'], 'brand'],
    [['--environment', 'LIVE'], 'environment'],
    [['--encoding', 'hex'], '--encoding must be'],
    [['--passphrase', '--out', 'x'], 'add --uri'],
  ])('refuses %j', async (args, why) => {
    const ran = await keylattice(['keygen', 'credentials', ...args])
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toContain(why)
  })
})

describe('keygen master', () => {
  it('makes a master key that a sealer takes', async () => {
    const { id, key } = await json('keygen', 'master', '--id', 'k2')
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    expect(() => createSealer({ primary: id, keys: { [id]: Buffer.from(key, 'hex') } })).not.toThrow()
  })

  it('refuses an id that no sealer takes', async () => {
    expect(await keylattice(['keygen', 'master', '--id', 'K 2'])).toMatchObject({ status: 2, stdout: '' })
  })
})

describe('keygen pair', () => {
  it.each(['ed25519', 'ecdsa-p256-sha256', 'rsa-v1_5-sha256', 'rsa-pss-sha512'])(
    'makes a pair of %s',
    async algorithm => {
      const made = await json('keygen', 'pair', '--algorithm', algorithm)
      expect(made).toMatchObject({ algorithm })
      expect(made.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----/)
      expect(made.privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----/)
    },
  )

  it('names an algorithm like the one that was meant', async () => {
    expect((await keylattice(['keygen', 'pair', '-a', 'ed2551'])).stderr).toContain('Did you mean ed25519?')
  })
})

describe('inspect', () => {
  it('says what a key id and a secret say of themselves', async () => {
    const folder = temporaryFolder()
    const made = await json('keygen', 'credentials', '--environment', 'live')
    writeFileSync(join(folder, 'secret.txt'), `${made.secret}\n`, { mode: 0o600 })
    const ran = await keylattice(['inspect', made.keyId, '--secret-file', 'secret.txt'], { folder })
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(ran.stdout).toContain('key id of brand kl, environment live; checksum right')
    expect(ran.stdout).toContain('(secret)')
    expect(ran.stdout).not.toContain(made.secret)
  })

  it('tells a mistyped key id from one of another house', async () => {
    const { keyId } = await json('keygen', 'credentials')
    const mistyped = keyId.slice(0, -8) + (keyId.at(-8) === 'a' ? 'b' : 'a') + keyId.slice(-7)
    const ran = await keylattice(['inspect', '--json', keyId, mistyped, 'AKIAIOSFODNN7EXAMPLE'])
    expect(ran.status).toBe(1)
    expect(JSON.parse(ran.stdout)).toMatchObject([
      { ok: true, checksum: true, environment: 'test' },
      { ok: false, checksum: false, kind: 'keyId' },
      { ok: false, checksum: null, kind: null },
    ])
  })

  it('needs something to inspect', async () => {
    expect(await keylattice(['inspect'])).toMatchObject({ status: 2, stdout: '' })
  })
})
