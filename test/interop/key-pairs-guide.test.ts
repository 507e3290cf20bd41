import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createSigner, parseCredentials } from '../../src/client/index.js'
import type { KeyManager, KeyView } from '../../src/index.js'
import { acceptUncovered } from '../../src/insecure.js'
import { ed25519V1 } from '../../src/schemes/ed25519-v1.js'
import { okx } from '../../src/schemes/okx.js'
import { describeUnless } from '../skips.js'
import { createWorld, OWNER, START, unsigned } from '../world.js'
import { importFromGuide } from './guides.js'

interface Offered {
  readonly publicKey: string
  readonly possession: string
}

const guide = async () => ({
  ...((await importFromGuide('key-pairs', 'makeKeyPair')) as {
    makeKeyPair(owner: string, keyId: string, version?: number): Promise<{ offered: Offered; privateKey: string }>
  }),
  ...((await importFromGuide('key-pairs', 'takeKeyPair')) as {
    takeKeyPair(manager: KeyManager, owner: string, keyId: string, offered: Offered): Promise<KeyView>
  }),
  ...((await importFromGuide('key-pairs', 'rotateKeyPair')) as {
    rotateKeyPair(
      manager: KeyManager,
      owned: { owner: string; keyId: string },
      make: (owner: string, keyId: string, version: number) => Promise<Offered>,
    ): Promise<unknown>
  }),
  ...((await importFromGuide('key-pairs', 'revealWithPassphrase')) as {
    revealWithPassphrase(manager: KeyManager, owner: string, keyId: string, passphrase?: string): Promise<string>
  }),
})

const scheme = ed25519V1({ audience: 'api.example.com' })
const READ = { permission: 'read' } as const
const wanted = { owner: OWNER, label: 'bot', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
const openssl = spawnSync('which', ['openssl']).status === 0 ? undefined : 'no openssl'
const folder = mkdtempSync(join(tmpdir(), 'keylattice-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function createHouse() {
  const world = createWorld({ schemes: [scheme] })
  const { key } = await world.manager.request(wanted)
  const passes = async (secret: string) => {
    const signer = createSigner({ scheme, keyId: key.keyId, secret, clock: world.clock })
    return (await world.verifier.verify(await signer.sign(unsigned()), READ)).ok
  }
  return { ...world, keyId: key.keyId, passes }
}

describe('The guide to key pairs', () => {
  it('makes a pair, has it taken, and rotates it', async () => {
    const { makeKeyPair, takeKeyPair, rotateKeyPair } = await guide()
    const { manager, keyId, passes, clock } = await createHouse()
    const { offered, privateKey } = await makeKeyPair(OWNER, keyId)
    const key = await takeKeyPair(manager as KeyManager, OWNER, keyId, offered)
    expect(key).toMatchObject({ keyId, publicKey: expect.stringMatching(/^ed25519:MCow/) })
    expect(await passes(privateKey)).toBe(true)
    let fresh = ''
    await rotateKeyPair(manager as KeyManager, { owner: OWNER, keyId }, async (owner, id, version) => {
      const made = await makeKeyPair(owner, id, version)
      fresh = made.privateKey
      return made.offered
    })
    expect([await passes(privateKey), await passes(fresh)]).toEqual([true, true])
    clock.set(START + 3_600_000)
    expect([await passes(privateKey), await passes(fresh)]).toEqual([false, true])
  })

  it('hands over a passphrase with its secret', async () => {
    const { revealWithPassphrase } = await guide()
    const open = acceptUncovered(okx(), ['host', 'content-type'])
    const { manager, verifier, clock } = createWorld({ schemes: [open] })
    for (const chosen of ['correct-horse', undefined]) {
      const { key } = await manager.request(wanted)
      const uri = await revealWithPassphrase(manager as KeyManager, OWNER, key.keyId, chosen)
      const { credentials } = parseCredentials(uri)
      if (chosen !== undefined) expect(credentials.passphrase).toBe(chosen)
      const signer = createSigner({ scheme: open, ...credentials, clock })
      expect((await verifier.verify(await signer.sign(unsigned()), READ)).ok).toBe(true)
      const wrong = createSigner({ scheme: open, ...credentials, passphrase: 'wrong-passphrase', clock })
      expect((await verifier.verify(await wrong.sign(unsigned()), READ)).ok).toBe(false)
    }
  })
})

describeUnless(openssl, 'The proof in the guide to key pairs', () => {
  it('can be made by any other tool', async () => {
    const { manager, keyId, passes } = await createHouse()
    const file = (name: string) => join(folder, name)
    const run = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' })
    run('genpkey', '-algorithm', 'ed25519', '-out', file('key.pem'))
    const publicKey = run('pkey', '-in', file('key.pem'), '-pubout')
    const spki = publicKey.replace(/-----[A-Z ]+-----|\s/g, '')
    const page = readFileSync(new URL('../../docs/guide/key-pairs.md', import.meta.url), 'utf8')
    const [, template = ''] = /```text\n(keylattice-key-possession-v1\n[^`]+)\n```/.exec(page) ?? []
    const values = ['keylattice-key-possession-v1', OWNER, keyId, '1', 'ed25519', spki]
    expect(template.split('\n')).toHaveLength(values.length)
    writeFileSync(file('statement'), values.join('\n'))
    run(
      ...['pkeyutl', '-sign', '-rawin', '-inkey', file('key.pem'), '-in', file('statement'), '-out', file('signature')],
    )
    const possession = readFileSync(file('signature')).toString('base64')
    await manager.register({ owner: OWNER, keyId, publicKey, possession })
    expect(await passes(readFileSync(file('key.pem'), 'utf8'))).toBe(true)
  })
})
