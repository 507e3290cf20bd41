import { describe, expect, it } from 'vitest'
import type { KeyView, StepUpRequest } from '../../src/index.js'
import { createMemoryReplayStore } from '../../src/stores/memory.js'
import { createFaults } from '../../src/testing/index.js'
import { OWNER, START } from '../world.js'
import {
  BROWSER,
  code,
  createHouse,
  OPERATOR,
  outcomesOf,
  owned,
  rowsOf,
  wanted,
  withFactor,
  withMail,
} from './house.js'

const HOUR = 3_600_000
const rows = { edit: withFactor, renew: withFactor, rotate: withFactor, revoke: withFactor }
const edit = (key: KeyView, fields: object = {}) => ({ ...owned(key), version: key.version, label: 'other', ...fields })

describe('the second factor', () => {
  it('is told exactly what it approves: who, whose, what, which key, and every parameter', async () => {
    const { manager, issue, asked } = createHouse({ rows })
    const { key } = await issue()
    const change = { ...owned(key), version: 1, label: 'a "label"', ipAllowlist: ['10.0.0.1'], accounts: null }
    const shown = { browser: BROWSER, ip: '203.0.113.9', actor: OPERATOR, proof: 'good' }
    await manager.edit({ ...change, ...shown })
    const request: StepUpRequest = {
      ...{ actor: OPERATOR, owner: OWNER, operation: 'edit', keyId: key.keyId },
      ...{ parameters: JSON.stringify(change), proof: 'good' },
    }
    expect(asked).toEqual([request])
  })

  it('is told what is carried out, whatever the caller’s object becomes meanwhile', async () => {
    const change: { label: string; permissions: ('read' | 'full')[] } = { label: 'asked', permissions: ['read'] }
    const { manager, issue, asked } = createHouse({
      rows,
      manager: {
        secondFactor: async request => {
          asked.push(request)
          change.permissions.push('full')
          change.label = 'changed'
          return true
        },
      },
    })
    const { key } = await issue()
    const request = { ...edit(key), ...change, proof: 'good' }
    request.permissions = change.permissions
    const edited = await manager.edit(request)
    expect(edited.key).toMatchObject({ label: 'asked', permissions: ['read'] })
    expect(JSON.parse(asked[0]?.parameters ?? '')).toMatchObject({ label: 'asked', permissions: ['read'] })
  })

  it('is told, at a confirmation, what the link carries out, and not the token', async () => {
    const { manager, issue, asked, token } = createHouse({
      rows: { confirm: withFactor, edit: withMail },
      rules: { sameBrowser: false },
    })
    const { key } = await issue()
    await manager.edit({ ...edit(key), proof: 'good-1' })
    await manager.confirm({ token: token(), proof: 'good-2' })
    expect(asked[1]).toMatchObject({ operation: 'confirm', owner: OWNER, actor: { role: 'owner', id: OWNER } })
    expect(asked[1]?.keyId).toBe(key.keyId)
    expect(JSON.parse(asked[1]?.parameters ?? '')).toEqual({ operation: 'edit', parameters: { label: 'other' } })
    expect(JSON.stringify(asked)).not.toContain(token())
  })

  it('is not asked for a request that would be refused anyway', async () => {
    const { manager, asked, mails } = createHouse({ rows: { ...rows, request: withMail } })
    const { key } = await createHouse().issue()
    await expect(manager.edit({ ...edit(key), proof: 'good' })).rejects.toThrow(code('ERR_KEY_NOT_FOUND'))
    await expect(manager.request({ ...wanted, permissions: ['nonesuch' as 'read'], proof: 'good' })).rejects.toThrow(
      code('ERR_PERMISSION_UNKNOWN'),
    )
    await expect(manager.request({ ...wanted, proof: 'good' })).rejects.toThrow(code('ERR_INPUT_INVALID', 'browser'))
    expect(asked).toEqual([])
    await expect(manager.request({ ...wanted, proof: 'good', browser: BROWSER })).resolves.toBeDefined()
    expect([asked.length, mails.length]).toEqual([1, 1])
  })

  it.each(['no', 'undefined', 'null', '1', 'text', 'object'])(
    'that answers %s instead of true has refused',
    async kind => {
      const answers = { no: false, undefined, null: null, 1: 1, text: 'true', object: { ok: true } }
      const answer = answers[kind as keyof typeof answers] as never
      const { manager, issue, keys } = createHouse({ rows, manager: { secondFactor: () => answer } })
      const { key } = await issue()
      const before = await rowsOf({ keys })
      await expect(manager.edit({ ...edit(key), proof: 'good' })).rejects.toThrow(code('ERR_SECOND_FACTOR_REFUSED'))
      expect(await rowsOf({ keys })).toBe(before)
    },
  )

  it.each([
    [
      'throws',
      () => {
        throw new Error('device offline')
      },
    ],
    ['rejects', () => Promise.reject(new Error('device offline'))],
  ])('that %s has approved nothing, and the caller learns why', async (_, secondFactor) => {
    const { manager, issue, keys, events } = createHouse({ rows, manager: { secondFactor } })
    const { key } = await issue()
    const before = await rowsOf({ keys })
    await expect(manager.edit({ ...edit(key), proof: 'good' })).rejects.toThrow('device offline')
    expect(await rowsOf({ keys })).toBe(before)
    expect(events().at(-1)).toMatchObject({ result: 'failed', keyId: key.keyId })
  })

  it('is not asked when what it approved cannot be remembered', async () => {
    const faults = createFaults()
    const replay = faults.wrap(createMemoryReplayStore({ clock: () => START }))
    const { manager, issue, asked } = createHouse({ rows, manager: { replay } })
    const { key } = await issue()
    for (const call of [1, 2]) {
      faults.fail(faults.calls() + call, 'before')
      await expect(manager.edit({ ...edit(key), proof: 'good' })).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
    }
    expect(asked).toEqual([])
    await expect(manager.edit({ ...edit(key), proof: 'good' })).resolves.toBeDefined()
  })
})

describe('a proof', () => {
  it('is good for one operation, and never for another, another key or another owner’s key', async () => {
    const { manager, issue } = createHouse({ rows })
    const [{ key }, { key: other }, { key: foreign }] = [await issue(), await issue(), await issue({ owner: 'bob' })]
    const proof = 'good'
    const actor = OPERATOR
    await manager.edit({ ...edit(key), proof, actor })
    const refused = code('ERR_SECOND_FACTOR_REFUSED')
    await expect(manager.rotate({ ...owned(key), overlapMs: 0, proof, actor })).rejects.toThrow(refused)
    await expect(manager.edit({ ...edit(key), version: 2, proof, actor })).rejects.toThrow(refused)
    await expect(manager.edit({ ...edit(other), proof, actor })).rejects.toThrow(refused)
    await expect(manager.edit({ ...edit(foreign), proof, actor })).rejects.toThrow(refused)
    await expect(manager.edit({ ...edit(foreign), proof: 'good-2', actor })).resolves.toBeDefined()
  })

  it('of one person says nothing about another’s: two may have the same six digits', async () => {
    const { manager, issue } = createHouse({ rows })
    const [{ key }, { key: foreign }] = [await issue(), await issue({ owner: 'bob' })]
    const proof = 'good 123456'
    await expect(manager.edit({ ...edit(key), proof })).resolves.toBeDefined()
    await expect(manager.edit({ ...edit(foreign), proof })).resolves.toBeDefined()
    await expect(manager.revoke({ ...owned(key), reason: 'x', proof, actor: OPERATOR })).resolves.toBeDefined()
  })

  it('is accepted once when it comes for many operations at the same time', async () => {
    const { manager, issue, asked } = createHouse({ rows })
    const keys = await Promise.all(Array.from({ length: 16 }, () => issue()))
    const attempts = keys.map(({ key }, n) =>
      n % 2
        ? manager.edit({ ...edit(key), proof: 'good' })
        : manager.rotate({ ...owned(key), overlapMs: 0, proof: 'good' }),
    )
    expect(await outcomesOf(attempts)).toEqual({ done: 1, ERR_SECOND_FACTOR_REFUSED: 15 })
    expect(asked).toHaveLength(1)
  })

  it('that was refused is not asked about again', async () => {
    const { manager, issue, asked } = createHouse({ rows })
    const { key } = await issue()
    const refused = code('ERR_SECOND_FACTOR_REFUSED')
    await expect(manager.edit({ ...edit(key), proof: 'wrong' })).rejects.toThrow(refused)
    await expect(manager.edit({ ...edit(key), proof: 'wrong' })).rejects.toThrow(refused)
    expect(asked).toHaveLength(1)
  })

  it('of a megabyte is refused before anybody reads it, and costs no try', async () => {
    const { manager, issue, asked } = createHouse({ rows })
    const { key } = await issue()
    for (let n = 0; n < 30; n++) {
      const proof = `good${'x'.repeat(1 << 20)}`
      await expect(manager.edit({ ...edit(key), proof })).rejects.toThrow(code('ERR_SECOND_FACTOR_REFUSED'))
    }
    expect(asked).toEqual([])
    await expect(manager.edit({ ...edit(key), proof: `good${'x'.repeat(16_380)}` })).resolves.toBeDefined()
  })

  it.each([
    ['', 'ERR_INPUT_INVALID'],
    [123_456, 'ERR_INPUT_INVALID'],
    [['good'], 'ERR_INPUT_INVALID'],
    [{ toString: () => 'good' }, 'ERR_INPUT_INVALID'],
    [null, 'ERR_INPUT_INVALID'],
    [undefined, 'ERR_SECOND_FACTOR_REQUIRED'],
  ])('%s is none', async (proof, error) => {
    const { manager, issue, asked } = createHouse({ rows })
    const { key } = await issue()
    await expect(manager.edit({ ...edit(key), proof: proof as never })).rejects.toThrow(code(error, 'proof'))
    expect(asked).toEqual([])
  })
})

describe('guessing', () => {
  const guess = (house: ReturnType<typeof createHouse>, key: KeyView, n: number, asking: object = {}) =>
    house.manager.edit({ ...edit(key), proof: `guess-${n}`, ...asking })

  it('ends after 20 tries in an hour, also with the right code, and for every operation and key of the owner', async () => {
    const house = createHouse({ rows })
    const [{ key }, { key: other }] = [await house.issue(), await house.issue()]
    for (let n = 0; n < 20; n++) {
      await expect(guess(house, n % 2 ? key : other, n)).rejects.toThrow(code('ERR_SECOND_FACTOR_REFUSED'))
    }
    const locked = code('ERR_SECOND_FACTOR_LOCKED')
    await expect(guess(house, key, 20, { proof: 'good' })).rejects.toThrow(locked)
    await expect(house.manager.rotate({ ...owned(other), overlapMs: 0, proof: 'good' })).rejects.toThrow(locked)
    expect(house.asked).toHaveLength(20)
  })

  it('locks nobody else out: not another owner, and not the operator', async () => {
    const house = createHouse({ rows })
    const [{ key }, { key: foreign }] = [await house.issue(), await house.issue({ owner: 'bob' })]
    await outcomesOf(Array.from({ length: 25 }, (_, n) => guess(house, key, n)))
    await expect(house.manager.edit({ ...edit(foreign), proof: 'good' })).resolves.toBeDefined()
    await expect(house.manager.edit({ ...edit(key), proof: 'good', actor: OPERATOR })).resolves.toBeDefined()
  })

  it('is counted once for an owner and all keys that act for themselves', async () => {
    const house = createHouse({ rows: { edit: { by: ['owner', 'key'], needs: 'second-factor' } } })
    const keys = await Promise.all(Array.from({ length: 3 }, () => house.issue()))
    const attempts = Array.from({ length: 60 }, (_, n) => {
      const { key } = keys[n % 3] as (typeof keys)[0]
      return guess(house, key, n, n % 2 ? {} : { actor: { role: 'key', id: key.keyId } })
    })
    expect(await outcomesOf(attempts)).toEqual({ ERR_SECOND_FACTOR_REFUSED: 20, ERR_SECOND_FACTOR_LOCKED: 40 })
  })

  it('is counted when 500 come at the same time', async () => {
    const house = createHouse({ rows })
    const { key } = await house.issue()
    const attempts = Array.from({ length: 500 }, (_, n) => guess(house, key, n))
    expect(await outcomesOf(attempts)).toEqual({ ERR_SECOND_FACTOR_REFUSED: 20, ERR_SECOND_FACTOR_LOCKED: 480 })
    expect(house.asked).toHaveLength(20)
  })

  it('may go on in the next hour', async () => {
    const house = createHouse({ rows })
    const { key } = await house.issue()
    await outcomesOf(Array.from({ length: 20 }, (_, n) => guess(house, key, n)))
    house.clock.set(START + HOUR - 1)
    await expect(guess(house, key, 99, { proof: 'good' })).rejects.toThrow(code('ERR_SECOND_FACTOR_LOCKED'))
    house.clock.set(START + HOUR)
    await expect(guess(house, key, 99, { proof: 'good' })).resolves.toBeDefined()
  })
})
