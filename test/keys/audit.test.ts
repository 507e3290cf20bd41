import Database from 'libsql'
import { describe, expect, it } from 'vitest'
import type { AuditEntry, AuditEvent, AuditSink, KeyView, OperationEvent } from '../../src/index.js'
import { auditTo, readAuditEntry } from '../../src/index.js'
import { createMemoryAuditSink } from '../../src/stores/memory.js'
import { createSqliteStore } from '../../src/stores/sqlite.js'
import { createFaults } from '../../src/testing/index.js'
import { OWNER, START } from '../world.js'
import {
  BROWSER,
  code,
  createHouse,
  type House,
  OPERATOR,
  owned,
  rowsOf,
  wanted,
  withFactor,
  withMail,
} from './house.js'

const DAY = 86_400_000
/** What a line must not hold unescaped: what ends or disguises it. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u
const FORGED = 'x\r\n2026-01-01 key.revoked owner=admin\u0000\u001b[2J\u0085\u2028\u2029\u202e\ud800'
const results = (events: readonly OperationEvent[]) => events.map(({ method, result }) => `${method} ${result}`)

/** What happened since the events were last looked at. */
async function during(house: House, work: () => Promise<unknown>): Promise<readonly OperationEvent[]> {
  const before = house.trail.length
  await work().catch(() => undefined)
  return house.events().slice(before)
}

describe('an operation', () => {
  it('leaves who, what, which key, from where, what came of it, and what changed', async () => {
    const house = createHouse()
    const { key } = await house.issue()
    const edit = { ...owned(key), version: 1, label: 'other', ipAllowlist: ['10.0.0.1'] }
    const events = await during(house, () => house.manager.edit({ ...edit, actor: OPERATOR, ip: '203.0.113.9' }))
    const about = {
      ...{ kind: 'operation', at: START, call: expect.stringMatching(/^[0-9A-Za-z]{16}$/), method: 'edit' },
      ...{ actor: OPERATOR, ip: '203.0.113.9', owner: OWNER, keyId: key.keyId, field: null },
      before: { version: 1, label: 'bot', ipAllowlist: null },
      after: { version: 2, label: 'other', ipAllowlist: ['10.0.0.1'] },
    }
    expect(events).toEqual([
      { ...about, result: 'begun' },
      { ...about, result: 'done' },
    ])
    expect(events[0]?.call).toBe(events[1]?.call)
    const [, entry] = house.trail.slice(-2)
    expect(entry).toMatchObject({ at: START, event: 'key.edit', owner: OWNER, keyId: key.keyId })
  })

  it('leaves the whole policy of a key that comes, and of one that goes', async () => {
    const house = createHouse()
    const [created] = await during(house, () => house.manager.create({ ...wanted, ipAllowlist: ['10.0.0.1'] }))
    expect(created?.before).toBeNull()
    expect(created?.after).toMatchObject({
      state: 'active',
      label: 'bot',
      permissions: ['read', 'trade'],
      revealed: true,
    })
    const destroyed = await during(house, () =>
      house.manager.destroy({ owner: OWNER, keyId: created?.keyId ?? '', reason: 'lost' }),
    )
    expect(results(destroyed)).toEqual(['destroy done', 'destroy done'])
    expect(destroyed[0]?.after).toMatchObject({ state: 'revoked', reason: 'lost' })
    expect(destroyed[1]).toMatchObject({ before: { state: 'revoked', label: 'bot' }, after: null })
  })

  it('that changes nothing leaves one event as well, and reading leaves none', async () => {
    const house = createHouse()
    const { key } = await house.issue()
    await house.manager.suspend({ ...owned(key), reason: 'x' })
    const again = await during(house, () => house.manager.suspend({ ...owned(key), reason: 'y' }))
    expect(again).toMatchObject([{ method: 'suspend', result: 'done', keyId: key.keyId, before: null, after: null }])
    expect(await during(house, () => house.manager.get(owned(key)))).toEqual([])
    expect(await during(house, () => house.manager.list({ owner: OWNER }))).toEqual([])
  })

  it('over many keys leaves an event for each, and is one call', async () => {
    const house = createHouse()
    const keys = [await house.issue(), await house.issue(), await house.issue()]
    const frozen = await during(house, () => house.manager.freeze({ owner: OWNER, reason: 'x', actor: OPERATOR }))
    expect(frozen.map(({ keyId }) => keyId).sort()).toEqual(keys.map(({ key }) => key.keyId).sort())
    expect(new Set(frozen.map(({ call }) => call)).size).toBe(1)
    for (const event of frozen) {
      expect(event).toMatchObject({ method: 'freeze', result: 'done', owner: OWNER, actor: OPERATOR })
      expect(event).toMatchObject({ before: { state: 'active' }, after: { state: 'suspended', reason: 'frozen: x' } })
    }
    const none = await during(house, () => house.manager.freeze({ owner: 'bob', reason: 'x' }))
    expect(none).toMatchObject([{ method: 'freeze', result: 'done', owner: 'bob', keyId: null }])
  })

  it('on a parent leaves an event for each child it ends', async () => {
    const house = createHouse()
    const { key } = await house.issue()
    const child = { label: 'child', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
    const derived = await during(house, () => house.manager.derive({ ...owned(key), ...child }))
    expect(derived.at(-1)).toMatchObject({
      method: 'derive',
      result: 'done',
      after: { parent: key.keyId, label: 'child' },
    })
    expect(derived.at(-1)?.keyId).not.toBe(key.keyId)
    const revoked = await during(house, () => house.manager.revoke({ ...owned(key), reason: 'x' }))
    expect(revoked.map(({ keyId }) => keyId)).toEqual([key.keyId, derived.at(-1)?.keyId])
  })

  it('of the whole house comes through the same place', async () => {
    const house = createHouse({ rules: { lapse: { permissions: ['trade'], afterMs: DAY } } })
    const { key } = await house.issue()
    house.clock.advance(2 * DAY)
    const imported = { ...wanted, keyId: 'theirs', secret: 'a-secret-of-another-system', actor: OPERATOR }
    expect(results(await during(house, () => house.manager.import(imported)))).toEqual(['import begun', 'import done'])
    const swept = await during(house, () => house.manager.sweep({ since: 0, actor: OPERATOR }))
    expect(swept.at(-1)).toMatchObject({
      method: 'sweep',
      keyId: key.keyId,
      owner: OWNER,
      actor: OPERATOR,
      result: 'done',
    })
    const leaked = await during(house, () =>
      house.manager.reportLeak({ text: key.keyId, reason: 'x', actor: OPERATOR }),
    )
    expect(leaked).toMatchObject([{ method: 'reportLeak', keyId: key.keyId, after: { state: 'suspended' } }])
    const resealed = await during(house, () => house.manager.reseal({ actor: OPERATOR }))
    expect(resealed).toMatchObject([{ method: 'reseal', result: 'done', owner: null, keyId: null, before: null }])
  })

  it('that waits for a mail says so, and what is confirmed names the owner though the link does not', async () => {
    const house = createHouse({ rows: { edit: withMail }, rules: { sameBrowser: false } })
    const { key } = await house.issue()
    const asked = await during(house, () =>
      house.manager.edit({ ...owned(key), version: 1, label: 'other', proof: 'good' }),
    )
    expect(results(asked)).toEqual(['edit begun', 'edit waiting'])
    expect(asked[1]?.after).toMatchObject({ awaits: { operation: 'edit' } })
    const confirmed = await during(house, () => house.manager.confirm({ token: house.token() }))
    expect(confirmed.at(-1)).toMatchObject({
      ...{ method: 'confirm', result: 'done', owner: OWNER, keyId: key.keyId, actor: { role: 'owner', id: OWNER } },
      ...{ before: { label: 'bot' }, after: { label: 'other', awaits: null } },
    })
  })
})

describe('a refusal', () => {
  it.each<[string, string, (house: House, key: KeyView) => Promise<unknown>]>([
    ['a second reveal', 'ERR_SECRET_REVEALED', ({ manager }, key) => manager.reveal(owned(key))],
    [
      'a wrong code',
      'ERR_SECOND_FACTOR_REFUSED',
      ({ manager }, key) => manager.renew({ ...owned(key), proof: 'wrong' }),
    ],
    ['no code', 'ERR_SECOND_FACTOR_REQUIRED', ({ manager }, key) => manager.renew(owned(key))],
    ['a stranger', 'ERR_OPERATION_FORBIDDEN', ({ manager }, key) => manager.thaw({ owner: key.owner })],
    [
      'an old version',
      'ERR_KEY_CONFLICT',
      ({ manager }, key) => manager.edit({ ...owned(key), version: 9, label: 'x' }),
    ],
    [
      'too much',
      'ERR_PERMISSION_UNKNOWN',
      ({ manager }, key) => manager.edit({ ...owned(key), version: 1, permissions: ['all' as 'full'] }),
    ],
    [
      'an invalid link',
      'ERR_CONFIRMATION_INVALID',
      ({ manager }, key) => manager.confirm({ token: `${key.keyId}~${'x'.repeat(43)}` }),
    ],
    [
      'a look at one',
      'ERR_CONFIRMATION_INVALID',
      ({ manager }, key) => manager.inspect({ token: `${key.keyId}~${'x'.repeat(43)}` }),
    ],
  ])('is told with its code: %s', async (_, error, ask) => {
    const house = createHouse({ rows: { renew: withFactor, thaw: { by: ['operator'], needs: 'nothing' } } })
    const { key } = await house.issue()
    const events = await during(house, () => ask(house, key))
    expect(events).toMatchObject([{ result: error, owner: OWNER, before: null, after: null }])
  })

  it('is told of a key that another owner asks for, as theirs', async () => {
    const house = createHouse()
    const { key } = await house.issue()
    const events = await during(house, () => house.manager.get({ owner: 'mallory', keyId: key.keyId }))
    expect(events).toMatchObject([{ method: 'get', result: 'ERR_KEY_NOT_FOUND', owner: 'mallory', keyId: key.keyId }])
  })

  it('by the store is told with what had begun', async () => {
    const house = createHouse({ rules: { keysPerOwner: 1 } })
    await house.issue()
    expect(results(await during(house, () => house.manager.create(wanted)))).toEqual([
      'create begun',
      'create ERR_KEY_LIMIT',
    ])
  })

  it('of 1,000 reveals at once leaves one that was done', async () => {
    const house = createHouse()
    const { key } = await house.manager.request(wanted)
    const events = await during(house, () =>
      Promise.allSettled(Array.from({ length: 1000 }, () => house.manager.reveal(owned(key)))),
    )
    expect(events.filter(({ result }) => result === 'done')).toHaveLength(1)
    expect(events.filter(({ result }) => result.startsWith('ERR_'))).toHaveLength(999)
  })
})

describe('no event', () => {
  it('holds a secret, a token, a proof or a hash of one', async () => {
    const house = createHouse({ rows: { request: withMail, rotate: withFactor, confirm: withFactor } })
    const { manager } = house
    const secrets: string[] = []
    const proof = (n: number) => {
      secrets.push(`good-canary-proof-${n}`)
      return `good-canary-proof-${n}`
    }
    const { key } = await manager.request({ ...wanted, proof: proof(1), browser: BROWSER })
    secrets.push(BROWSER, house.token().split('~')[1] as string)
    await manager.confirm({ token: house.token(), browser: BROWSER, proof: proof(2) })
    secrets.push((await manager.reveal(owned(key))).credentials.secret.reveal())
    secrets.push(
      (await manager.rotate({ ...owned(key), overlapMs: 1, proof: proof(3) })).credentials?.secret.reveal() ?? '',
    )
    await manager.import({ ...wanted, keyId: 'theirs', secret: 'canary-secret-of-another-system', actor: OPERATOR })
    secrets.push('canary-secret-of-another-system')
    await manager.reportLeak({ text: `log line with ${secrets.join(' ')}`, reason: 'found', actor: OPERATOR })
    for (const attempt of [
      manager.confirm({ token: house.token(), browser: BROWSER, proof: proof(4) }),
      manager.rotate({ ...owned(key), overlapMs: 1, proof: proof(3) }),
      manager.import({ ...wanted, keyId: 'theirs', secret: 'canary-secret-of-another-system', actor: OPERATOR }),
      manager.reveal({ ...owned(key), proof: proof(5) }),
    ]) {
      await attempt.catch(() => undefined)
    }
    const record = JSON.parse(JSON.parse(await rowsOf(house))[0].record)
    for (const { value } of record.secrets) secrets.push(value)
    const text = JSON.stringify(house.trail)
    expect(house.trail.length).toBeGreaterThan(15)
    expect(secrets.length).toBeGreaterThan(10)
    for (const secret of secrets) expect(text).not.toContain(secret)
  })

  it('has text in it that could end its line or disguise it, whatever people chose', async () => {
    const house = createHouse()
    const { key } = await house.issue()
    const { manager } = house
    const bidi = 'safe\u202Etxt.exe\u2066\ufeff'
    await manager.edit({ ...owned(key), version: 1, label: bidi })
    await manager.suspend({ ...owned(key), reason: bidi })
    const attempts: Promise<unknown>[] = [
      manager.create({ ...wanted, label: FORGED }),
      manager.create({ ...wanted, owner: FORGED }),
      manager.revoke({ ...owned(key), reason: FORGED }),
      manager.get({ owner: FORGED, keyId: FORGED }),
      manager.get({ ...owned(key), keyId: 'k', ip: FORGED, actor: { role: 'operator', id: FORGED } }),
      manager.confirm({ token: FORGED, ip: FORGED }),
    ]
    await Promise.allSettled(attempts)
    for (const entry of house.trail) {
      expect(entry.detail).not.toMatch(UNSAFE)
      expect(`${entry.owner} ${entry.keyId}`).not.toMatch(UNSAFE)
      for (const text of textsOf(readAuditEntry(entry))) expect(text).not.toMatch(UNSAFE)
    }
    expect(house.trail.map(({ owner }) => owner)).toContain(
      'x\\u000d\\u000a2026-01-01 key.revoked owner=admin\\u0000\\u001b[2J\\u0085\\u2028\\u2029\\u202e\\ud800',
    )
    expect(house.events().find(({ method }) => method === 'edit')?.after).toMatchObject({
      label: 'safe\\u202etxt.exe\\u2066\\ufeff',
    })
  })

  it('is larger than a text column of 64 KiB', async () => {
    const house = createHouse({ rules: { allowlistEntries: null } })
    const text = (n: number, length: number) => `${n}`.padEnd(length, '\u202e')
    const accounts = Array.from({ length: 1000 }, (_, n) => text(n, 256))
    const ipAllowlist = Array.from({ length: 4000 }, (_, n) => `10.${n >> 8}.${n & 255}.1`)
    const { key } = await house.manager.create({ ...wanted, accounts, ipAllowlist, label: text(0, 128) })
    await house.manager.edit({ ...owned(key), version: 1, ipAllowlist: ipAllowlist.slice(1), label: 'small' })
    await house.manager.get({ owner: 'o'.repeat(1 << 20), keyId: 'k'.repeat(1 << 20) }).catch(() => undefined)
    for (const { detail, owner, keyId } of house.trail) {
      expect(new TextEncoder().encode(detail).length).toBeLessThan(65_536)
      expect(`${owner}${keyId}`.length).toBeLessThan(1200)
    }
    const [created] = house.events()
    expect(created?.after).toEqual({ version: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const edited = house.events().find(({ method }) => method === 'edit')
    expect(edited?.before).toMatchObject({ ipAllowlist: { count: 4000, sha256: expect.any(String) } })
    expect(edited?.after).toMatchObject({ ipAllowlist: { count: 3999, first: expect.any(Array) }, label: 'small' })
  })
})

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}

describe('a sink that fails', () => {
  function createDeafHouse() {
    let deaf = false
    const trail: AuditEntry[] = []
    const audit: AuditSink = {
      append: entry => {
        if (deaf) throw new Error('disk full')
        trail.push(entry)
      },
    }
    const fail = (on = true) => {
      deaf = on
    }
    return { house: createHouse({ manager: { audit } }), trail, fail }
  }

  const unavailable = expect.objectContaining({
    ...{ code: 'ERR_STORE_UNAVAILABLE', message: 'the audit sink failed', cause: new Error('disk full') },
  })

  it('stops what gives power before it happens', async () => {
    const { house, fail } = createDeafHouse()
    const { manager } = house
    const [{ key }, { key: asleep }] = [await house.issue(), await house.issue()]
    const { key: unrevealed } = await manager.request(wanted)
    await manager.suspend({ ...owned(asleep), reason: 'x' })
    const before = await rowsOf(house)
    fail()
    const attempts = [
      manager.create(wanted),
      manager.request(wanted),
      manager.reveal(owned(unrevealed)),
      manager.edit({ ...owned(key), version: 1, label: 'x' }),
      manager.renew(owned(key)),
      manager.rotate({ ...owned(key), overlapMs: 0 }),
      manager.resume(owned(asleep)),
      manager.derive({ ...owned(key), label: 'c', permissions: ['read'], accounts: null, ipAllowlist: null }),
      manager.import({ ...wanted, keyId: 'theirs', secret: 'a-secret-of-another-system', actor: OPERATOR }),
    ]
    for (const attempt of attempts) await expect(attempt).rejects.toThrow(unavailable)
    expect(await rowsOf(house)).toBe(before)
    fail(false)
    await expect(manager.reveal(owned(unrevealed))).resolves.toBeDefined()
  })

  it('stops nothing that takes power away, and says that it was not written down', async () => {
    const { house, fail } = createDeafHouse()
    const { manager } = house
    const keys = await Promise.all(['a', 'b', 'c', 'd', 'e', 'e'].map(owner => house.issue({ owner })))
    const [a, b, c, d] = keys.map(({ key }) => owned(key)) as [KeyView, KeyView, KeyView, KeyView]
    fail()
    await expect(manager.suspend({ ...a, reason: 'x' })).rejects.toThrow(unavailable)
    await expect(manager.revoke({ ...b, reason: 'x' })).rejects.toThrow(unavailable)
    await expect(manager.destroy({ ...c, reason: 'x' })).rejects.toThrow(unavailable)
    await expect(manager.freeze({ owner: d.owner, reason: 'x' })).rejects.toThrow(unavailable)
    await expect(manager.revokeAll({ owner: 'e', reason: 'x' })).rejects.toThrow(unavailable)
    const states = async (owner: string) => (await manager.list({ owner })).keys.map(({ state }) => state)
    expect(await Promise.all(['a', 'b', 'c', 'd', 'e'].map(states))).toEqual([
      ...[['suspended'], ['revoked'], [], ['suspended'], ['revoked', 'revoked']],
    ])
    fail(false)
    await expect(manager.revoke({ ...b, reason: 'x' })).resolves.toMatchObject({ state: 'revoked' })
  })

  it('after a change was committed keeps no secret from its owner: the trail has its beginning', async () => {
    const faults = createFaults()
    const kept = createMemoryAuditSink()
    const house = createHouse({ manager: { audit: faults.wrap(kept) } })
    faults.fail(faults.calls() + 2, 'before')
    const { key, credentials } = await house.manager.create(wanted)
    expect(credentials.secret.reveal()).toMatch(/^kls_test_/)
    expect(kept.entries().map(readAuditEntry)).toMatchObject([{ method: 'create', result: 'begun', keyId: key.keyId }])
  })

  it('makes of a refusal an outage, so that nobody guesses unseen', async () => {
    const { house, fail } = createDeafHouse()
    const { key } = await house.issue()
    fail()
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(unavailable)
    fail(false)
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_SECRET_REVEALED'))
  })

  it.each(['before', 'after'] as const)(
    '%s its effect, at any of its calls, loses no key and shows no second secret',
    async when => {
      for (let call = 1; call <= 6; call++) {
        const faults = createFaults()
        const house = createHouse({ manager: { audit: faults.wrap(createMemoryAuditSink()) } })
        faults.fail(call, when)
        const shown: string[] = []
        for (let tries = 0; tries < 2; tries++) {
          const { key } = await house.manager.request(wanted).catch(() => ({ key: undefined }))
          const [kept] = (await house.manager.list({ owner: OWNER })).keys
          if (key !== undefined) expect(kept?.keyId).toBeDefined()
          const issued = kept && (await house.manager.reveal(owned(kept)).catch(() => undefined))
          if (issued !== undefined) shown.push(issued.key.keyId)
        }
        expect(new Set(shown).size).toBe(shown.length)
        expect((await house.manager.list({ owner: OWNER })).keys.some(({ revealed }) => revealed)).toBe(true)
      }
    },
  )
})

describe('the sinks', () => {
  it('in memory and in SQLite hold the same events, in order', async () => {
    const memory = createMemoryAuditSink()
    const database = new Database(':memory:')
    const sqlite = createSqliteStore(database as never)
    const both: AuditSink = {
      append: entry => {
        memory.append(entry)
        sqlite.audit.append(entry)
      },
    }
    const house = createHouse({ manager: { audit: both } })
    const { key } = await house.issue({ label: 'with “quotes” and 🔑' })
    await house.manager.revoke({ ...owned(key), reason: 'lost' })
    await house.manager.get({ owner: FORGED, keyId: FORGED }).catch(() => undefined)
    const rows = database.prepare('SELECT at, event, owner, key_id, detail FROM keylattice_audit ORDER BY rowid').all()
    const stored = (rows as Record<string, unknown>[]).map(({ key_id: keyId, ...row }) => ({ ...row, keyId }))
    expect(stored).toEqual(memory.entries().map(entry => ({ ...entry })))
    expect(memory.entries().map(({ event }) => event)).toEqual(['key.create', 'key.create', 'key.revoke', 'key.get'])
  })

  it('a callback is told the event itself, and its failure is the sink’s', async () => {
    const told: AuditEvent[] = []
    const house = createHouse({ manager: { audit: auditTo(event => void told.push(event)) } })
    const { key } = await house.issue()
    expect(told.at(-1)).toMatchObject({ kind: 'operation', method: 'create', result: 'done', keyId: key.keyId })
    const deaf = createHouse({ manager: { audit: auditTo(() => Promise.reject(new Error('queue full'))) } })
    await expect(deaf.issue()).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
  })

  it.each([undefined, {}, { append: 'x' }, () => undefined])('are refused when they are none: %s', audit => {
    if (audit === undefined) expect(() => createHouse({ manager: { audit: undefined as never } })).not.toThrow()
    else expect(() => createHouse({ manager: { audit: audit as never } })).toThrow(code('ERR_OPTION_INVALID', 'audit'))
  })
})

describe('readAuditEntry', () => {
  it.each(['', '{', 'null', '[]', '{}', '{"kind":"other"}', '7'])('refuses %j, which is no event', detail => {
    expect(() => readAuditEntry({ detail })).toThrow(code('ERR_STORE_CORRUPT', 'detail'))
  })
})
