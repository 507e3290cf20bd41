import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  createKeyManager,
  createMint,
  createSealer,
  defineKeyPolicy,
  definePermissions,
  standardKeyPolicy,
} from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { createSqliteStore } from '../../src/stores/sqlite.js'
import { ROOT, requireBuild } from '../package/dist.js'
import { cleanEnvironment, keylattice, PROGRAM } from './keylattice.js'

requireBuild()

const COUNT = 1500
const FOLDER = join(ROOT, '.cache')
const FILE = join(FOLDER, `cli-interrupt-${process.pid}.db`)
const [old, fresh] = ['01', '02'].map(byte => byte.repeat(32)) as [string, string]
const env = { KEYLATTICE_MASTER_KEYS: `k2:${fresh},k1:${old}` }

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true })
  const database = new Database(FILE)
  const { keys } = createSqliteStore(database)
  // Nothing here must survive a power cut, and that many commits would take their time.
  database.exec('PRAGMA synchronous = OFF')
  const manager = createKeyManager({
    ...{ keys, schemes: [hmacV1({ audience: 'a' })], permissions: definePermissions({ permissions: { read: [] } }) },
    sealer: createSealer({ primary: 'k1', keys: { k1: Buffer.from(old, 'hex') } }),
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    ceiling: () => ({ permissions: ['read'], accounts: null }),
    mint: createMint({ brand: 'kl', environment: 'test' }),
  })
  for (let at = 0; at < COUNT; at++) {
    await manager.create({ owner: `user-${at}`, label: '', permissions: ['read'], accounts: null, ipAllowlist: null })
  }
  database.close()
})

afterAll(() => {
  for (const end of ['', '-wal', '-shm']) rmSync(FILE + end, { force: true })
})

it('A reseal that is interrupted ends its step, says where to continue, and is continued there', async () => {
  const args = ['reseal', '--json', '--batch', '1', '--store', FILE]
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: ROOT, env: cleanEnvironment(env) })
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
  })
  const watch = new Database(FILE)
  const begun = watch.prepare("SELECT count(*) AS n FROM keylattice_keys WHERE record LIKE '%v1.k2.%'")
  // Once: a second interruption ends it at once.
  const timer = setInterval(() => {
    if ((begun.get() as { readonly n: number }).n === 0) return
    clearInterval(timer)
    child.kill('SIGINT')
  }, 20)
  const status = await new Promise(resolve => child.once('close', resolve))
  clearInterval(timer)
  watch.close()
  const first = JSON.parse(shown) as { readonly scanned: number; readonly resealed: number; readonly next: string }
  expect(status).toBe(130)
  expect(first.scanned).toBeGreaterThan(0)
  expect(first.scanned).toBeLessThan(COUNT)
  expect(first.resealed).toBe(first.scanned)
  const rest = await keylattice(['reseal', '--json', '--batch', '1000', '--store', FILE, '--after', first.next], {
    env,
    folder: ROOT,
  })
  expect(JSON.parse(rest.stdout)).toMatchObject({ resealed: COUNT - first.scanned, skipped: 0, next: null })
  const counted = await keylattice(['reseal', '--json', '--count', '--store', FILE], { env, folder: ROOT })
  expect(JSON.parse(counted.stdout)).toMatchObject({ secrets: { k2: COUNT } })
})
