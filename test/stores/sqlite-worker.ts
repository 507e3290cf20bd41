/** A process of its own that works on the database it is given; started by sqlite-processes.test.ts. */

import type { KeyRow } from '../../src/store.js'
import { createSqliteStore } from '../../src/stores/sqlite.js'
import { sqliteDrivers } from './sqlite-drivers.js'

const [, , task = '', driver = '', file = '', name = ''] = process.argv
const EXPIRES_AT = 4_000_000_000_000

const open = sqliteDrivers().get(driver)
if (open === undefined) throw new Error('no such driver')
const store = createSqliteStore(open(file), { busyTimeoutMs: 30_000 })

const rowOf = (keyId: string, version = 1): KeyRow => ({
  keyId,
  owner: 'owner',
  state: 'active',
  expiresAt: null,
  createdAt: 1,
  version,
  record: JSON.stringify(name),
})

const TASKS: Readonly<Record<string, () => unknown>> = {
  /** Claims the same 60 tokens as everybody else; answers with those it got. */
  claim: () => Array.from({ length: 60 }, (_, i) => i).filter(i => store.replay.claim('key', `token-${i}`, EXPIRES_AT)),
  /** Uses the same 40 nonces as everybody else. */
  advance: () => Array.from({ length: 40 }, (_, i) => i).filter(i => store.replay.advance('key', BigInt(i), 40)),
  /** Inserts 20 keys of an owner who may have 25. */
  insert: () =>
    Array.from({ length: 20 }, (_, i) => i).filter(i => store.keys.insert(rowOf(`${name}-${i}`), 25) === 'inserted'),
  /** Raises the version of one key 20 times, reading it anew whenever somebody else was faster. */
  replace: () => {
    let done = 0
    while (done < 20) {
      const { version } = store.keys.get('shared') as KeyRow
      if (store.keys.replace(rowOf('shared', version + 1), version)) done++
    }
    return done
  },
  /** Counts 40 uses. */
  touch: () => {
    for (let i = 0; i < 40; i++) store.usage.touch({ keyId: 'key', lastUsedAt: i, lastAddress: null, count: 1 })
  },
  /** Claims until it is killed, and says so after each claim. */
  endless: () => {
    for (let i = 0; ; i++) {
      const token = `${name}-${i}`
      if (store.replay.claim('key', token, EXPIRES_AT)) process.stdout.write(`${token}\n`)
    }
  },
}

// Everybody starts at once: when the parent says so.
process.stdout.write('ready\n')
process.stdin.once('data', () => {
  const result = TASKS[task]?.()
  process.stdout.write(`${JSON.stringify(result ?? null)}\n`, () => process.exit(0))
})
