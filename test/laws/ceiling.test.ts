import { describe, expect, it } from 'vitest'
import type { KeyRecord, KeyRow, KeyStore } from '../../src/index.js'
import type { Spoiled } from './random-life.js'
import { createTally, leadLife } from './random-lives.js'

const LIVES = 2200

describe('over random lives of keys', () => {
  const tally = createTally()
  const seed = Math.floor(Math.random() * 2 ** 31)

  it('every grant stays under its ceiling, and what is allowed happens', async () => {
    for (let life = 0; life < LIVES; life++) await leadLife(seed + life, tally)
    const { operations, requests, passed } = tally
    console.log(`${LIVES} lives from seed ${seed}: ${operations} operations, ${requests} requests, ${passed} passed`)
    expect(operations).toBeGreaterThan(20_000)
  })

  it('every operation is carried out often enough to count', () => {
    const { confirm, resend, destroy, reveal, ...others } = tally.done
    const seldom = Object.entries(others).filter(([, times]) => times < 200)
    expect(seldom).toEqual([])
    expect(Math.min(...[confirm, resend, destroy, reveal].map(times => times ?? 0))).toBeGreaterThan(50)
    expect(Object.keys(tally.done)).toEqual(
      expect.arrayContaining(['create', 'edit', 'renew', 'rotate', 'derive', 'resume', 'freeze', 'thaw', 'import']),
    )
  })

  it('requests pass and are refused, each by the thousand', () => {
    expect(tally.passed).toBeGreaterThan(1000)
    expect(tally.requests - tally.passed).toBeGreaterThan(1000)
  })
})

describe('the model notices', () => {
  it('a ceiling that says more than the owner has', async () => {
    const ceiling: Spoiled['ceiling'] = ({ permissions }) => ({ permissions, accounts: null })
    expect(await firstFault({ ceiling })).toMatch(/was carried out, against .*ERR_CEILING_EXCEEDED/)
  })

  it('a ceiling that says less than the owner has', async () => {
    const ceiling: Spoiled['ceiling'] = ({ accounts }) => ({ permissions: [], accounts })
    expect(await firstFault({ ceiling })).toMatch(/did not end as foretold: KeyError: .* above the ceiling/)
  })

  it('a store that keeps more permissions than it is given', async () => {
    const widen = ({ permissions, ...record }: KeyRecord) => ({
      ...record,
      permissions: permissions.includes('read') ? [...permissions, 'trade', 'withdraw'] : permissions,
    })
    const faults = await Promise.all(Array.from({ length: 60 }, (_, n) => firstFault({ keys: rewriting(widen) }, n)))
    expect(faults.join('\n')).toMatch(/has permissions above the owner/)
    expect(faults.join('\n')).toMatch(/is stored with another permissions than foretold/)
  })

  it('a store that drops allowlists', async () => {
    const open = (record: KeyRecord) => ({ ...record, ipAllowlist: null })
    expect(await firstFault({ keys: rewriting(open) })).toMatch(/ipAllowlist/)
  })

  it('a verifier that reads keys as they were at first', async () => {
    expect(await firstFault({ keysToVerify: rememberingFirst })).toMatch(/passed above the ceiling|refused as/)
  })

  it.each<[string, Partial<KeyRecord>]>([
    ['cool-downs', { cooldown: null }],
    ['lapses', { lapse: null }],
    ['parents', { parent: null }],
    ['address rules', { addressRule: 'off', addressPermissions: [] }],
  ])('a verifier that sees no %s', async (_, change) => {
    const forget = (record: KeyRecord) => ({ ...record, ...change })
    expect(await firstFault({ keysToVerify: rereading(forget) })).toMatch(/passed above the ceiling/)
  })

  it('a verifier that sees a key’s permissions only where it has no parent', async () => {
    const forget = (record: KeyRecord) => ({ ...record, ...(record.parent === null ? {} : { permissions: [] }) })
    expect(await firstFault({ keysToVerify: rereading(forget) })).toMatch(/refused as permission_denied/)
  })
})

/** What the first life that goes wrong says, of many. */
async function firstFault(spoiled: Spoiled, from = 1): Promise<string> {
  for (let seed = from; seed < from + 3000; seed++) {
    try {
      await leadLife(seed, createTally(), spoiled)
    } catch (error) {
      return (error as Error).message.split('\n')[0] ?? ''
    }
  }
  return 'nothing was noticed'
}

type Rewrite = (record: KeyRecord) => KeyRecord

const rewritten = (rewrite: Rewrite, row: KeyRow): KeyRow => ({
  ...row,
  record: JSON.stringify(rewrite(JSON.parse(row.record) as KeyRecord)),
})

function rewriting(rewrite: Rewrite) {
  return (store: KeyStore): KeyStore => ({
    ...store,
    insert: (row, most) => store.insert(rewritten(rewrite, row), most),
    replace: (row, version) => store.replace(rewritten(rewrite, row), version),
  })
}

function rereading(rewrite: Rewrite) {
  return (store: KeyStore): KeyStore => ({
    ...store,
    get: async keyId => {
      const row = await store.get(keyId)
      return row && rewritten(rewrite, row)
    },
  })
}

function rememberingFirst(store: KeyStore): KeyStore {
  const seen = new Map<string, KeyRow>()
  return {
    ...store,
    get: async keyId => {
      const row = seen.get(keyId) ?? (await store.get(keyId))
      if (row !== undefined) seen.set(keyId, row)
      return row
    },
  }
}
