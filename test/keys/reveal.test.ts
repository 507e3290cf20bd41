import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createSigner } from '../../src/client/index.js'
import { type Allowed, actorOf, type Credentials, type KeyView } from '../../src/index.js'
import { createFaults } from '../../src/testing/index.js'
import { OWNER, START, unsigned } from '../world.js'
import {
  BROWSER,
  code,
  createHouse,
  type House,
  outcomesOf,
  owned,
  rowsOf,
  wanted,
  withFactor,
  withMail,
} from './house.js'

const HOUR = 3_600_000
const asked = async ({ manager }: House) => (await manager.request(wanted)).key

async function passes({ schemes, clock, verifier }: House, { keyId, secret }: { keyId: string; secret: string }) {
  const signer = createSigner({ scheme: schemes[0] as never, keyId, secret, clock })
  return (await verifier.verify(await signer.sign(unsigned()), { permission: 'read' })).ok
}

const opened = (credentials: Credentials | null | undefined) => ({
  keyId: credentials?.keyId ?? '',
  secret: credentials?.secret.reveal() ?? '',
})

describe('reveal', () => {
  it('mints the secret at that moment: before it there is none anywhere', async () => {
    const house = createHouse()
    const key = await asked(house)
    expect(key).toMatchObject({ state: 'active', revealed: false })
    expect(JSON.parse(JSON.parse(await rowsOf(house))[0].record).secrets).toEqual([])
    const { key: revealed, credentials } = await house.manager.reveal(owned(key))
    expect(revealed).toMatchObject({ revealed: true, version: 2 })
    expect(await passes(house, opened(credentials))).toBe(true)
  })

  it('shows it once, and says so to whoever asks again, in the audit trail too', async () => {
    const house = createHouse()
    const key = await asked(house)
    const { credentials } = await house.manager.reveal(owned(key))
    await expect(house.manager.reveal({ ...owned(key), ip: '203.0.113.9' })).rejects.toThrow(
      code('ERR_SECRET_REVEALED'),
    )
    expect(house.events().at(-1)).toMatchObject({
      ...{ method: 'reveal', keyId: key.keyId, owner: OWNER, ip: '203.0.113.9', result: 'ERR_SECRET_REVEALED' },
    })
    credentials.secret.reveal()
    expect(() => credentials.secret.reveal()).toThrow(code('ERR_SECRET_REVEALED'))
    expect(inspect(credentials, { depth: 9, showHidden: true })).not.toContain('kls_test_')
  })

  it('lets one plaintext out of 1,000 asked for at once', async () => {
    const house = createHouse()
    const key = await asked(house)
    const answers = await Promise.allSettled(Array.from({ length: 1000 }, () => house.manager.reveal(owned(key))))
    const shown = answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value.credentials] : []))
    expect(shown).toHaveLength(1)
    const outcomes = new Set(answers.flatMap(answer => (answer.status === 'rejected' ? [answer.reason.code] : [])))
    expect([...outcomes].every(outcome => outcome === 'ERR_KEY_CONFLICT' || outcome === 'ERR_SECRET_REVEALED')).toBe(
      true,
    )
    expect(await passes(house, opened(shown[0]))).toBe(true)
  })

  it.each(['reveal', 'create', 'rotate'] as const)('keeps no plaintext in the store, by %s', async method => {
    const house = createHouse()
    const key = await asked(house)
    const answers = {
      reveal: () => house.manager.reveal(owned(key)),
      create: () => house.manager.create(wanted),
      rotate: () => house.manager.rotate({ ...owned(key), overlapMs: HOUR }),
    }
    const { credentials } = await answers[method]()
    const secret = credentials?.secret.reveal() ?? ''
    expect(secret).toMatch(/^kls_test_/)
    expect((await rowsOf(house)) + JSON.stringify(house.trail)).not.toContain(secret.slice(9, 30))
  })

  it.each<[string, (house: House, key: KeyView) => Promise<unknown>]>([
    ['suspended', ({ manager }, key) => manager.suspend({ ...owned(key), reason: 'x' })],
    ['revoked', ({ manager }, key) => manager.revoke({ ...owned(key), reason: 'x' })],
    ['frozen', ({ manager }, key) => manager.freeze({ owner: key.owner, reason: 'x' })],
  ])('shows nothing of a key that is %s', async (_, end) => {
    const house = createHouse()
    const key = await asked(house)
    await end(house, key)
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_KEY_STATE', 'state'))
    expect(await house.manager.get(owned(key))).toMatchObject({ revealed: false })
  })

  it('shows nothing of a key that waits for its confirmation', async () => {
    const house = createHouse({ rows: { request: withMail } })
    const { key } = await house.manager.request({ ...wanted, proof: 'good', browser: BROWSER })
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_KEY_STATE'))
    await house.manager.confirm({ token: house.token(), browser: BROWSER })
    await expect(house.manager.reveal(owned(key))).resolves.toBeDefined()
  })

  it('shows nothing of a key made elsewhere, of another owner’s, or of one that is gone', async () => {
    const house = createHouse()
    const { key } = await house.issue()
    const theirs = await asked(house)
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_SECRET_REVEALED'))
    await expect(house.manager.reveal({ owner: 'mallory', keyId: theirs.keyId })).rejects.toThrow(
      code('ERR_KEY_NOT_FOUND'),
    )
    await house.manager.destroy({ ...owned(theirs), reason: 'x' })
    await expect(house.manager.reveal(owned(theirs))).rejects.toThrow(code('ERR_KEY_NOT_FOUND'))
  })

  it('asks for the second factor where the table says so, and not for one that would be wasted', async () => {
    const house = createHouse({ rows: { reveal: withFactor } })
    const key = await asked(house)
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_SECOND_FACTOR_REQUIRED'))
    await house.manager.reveal({ ...owned(key), proof: 'good' })
    await expect(house.manager.reveal({ ...owned(key), proof: 'good-2' })).rejects.toThrow(code('ERR_SECRET_REVEALED'))
    expect(house.asked).toHaveLength(1)
  })
})

describe('an answer that is lost', () => {
  it('after the secret was kept is no second plaintext: the way on is a rotation', async () => {
    const faults = createFaults()
    const house = createHouse({ keys: faults.wrap(createHouse().keys) })
    const key = await asked(house)
    faults.fail(faults.calls() + 2, 'after')
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_SECRET_REVEALED'))
    const { credentials } = await house.manager.rotate({ ...owned(key), overlapMs: 0 })
    expect(await passes(house, opened(credentials))).toBe(true)
  })

  it('before the secret was kept leaves it to be revealed', async () => {
    const faults = createFaults()
    const house = createHouse({ keys: faults.wrap(createHouse().keys) })
    const key = await asked(house)
    faults.fail(faults.calls() + 2, 'before')
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
    await expect(house.manager.reveal(owned(key))).resolves.toBeDefined()
  })
})

describe('a rotated key', () => {
  it('lets its old secret pass to the end of the overlap and not a millisecond longer', async () => {
    const house = createHouse()
    const { key, credentials } = await house.manager.create(wanted)
    const old = { keyId: key.keyId, secret: credentials.secret.reveal() }
    await house.manager.rotate({ ...owned(key), overlapMs: HOUR })
    house.clock.set(START + HOUR - 1)
    expect(await passes(house, old)).toBe(true)
    house.clock.set(START + HOUR)
    expect(await passes(house, old)).toBe(false)
  })

  it('tells the old secret from the new, and lets the old one make nothing that would outlast it', async () => {
    const house = createHouse({ rows: { derive: { by: ['key'], needs: 'nothing' } } })
    const { key, credentials } = await house.manager.create(wanted)
    const rotated = await house.manager.rotate({ ...owned(key), overlapMs: HOUR })
    const callerWith = async ({ keyId, secret }: { keyId: string; secret: string }) => {
      const signer = createSigner({ scheme: house.schemes[0] as never, keyId, secret, clock: house.clock })
      const verdict = await house.verifier.verify(await signer.sign(unsigned()), { permission: 'read' })
      return (verdict as Allowed).principal
    }
    const [old, fresh] = [await callerWith(opened(credentials)), await callerWith(opened(rotated.credentials))]
    expect([old.secretEndsAt, fresh.secretEndsAt]).toEqual([START + HOUR, null])
    expect({ ...old, secretEndsAt: null }).toEqual(fresh)
    const child = { ...owned(key), label: 'child', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
    await expect(house.manager.derive({ ...child, actor: actorOf(old) })).rejects.toThrow(
      code('ERR_OPERATION_FORBIDDEN', 'actor'),
    )
    await expect(house.manager.derive({ ...child, actor: actorOf(fresh) })).resolves.toBeDefined()
  })

  it('has its secrets managed by nobody who only holds one: no row of the strict table is a key’s', async () => {
    const house = createHouse()
    const { key } = await house.manager.create(wanted)
    const actor = { role: 'key', id: key.keyId } as const
    const attempts = [
      house.manager.rotate({ ...owned(key), overlapMs: HOUR, actor }),
      house.manager.renew({ ...owned(key), actor }),
      house.manager.edit({ ...owned(key), version: 1, permissions: ['full'], actor }),
      house.manager.derive({
        ...{ ...owned(key), actor, label: 'child', permissions: ['read'], accounts: null, ipAllowlist: null },
      }),
    ]
    expect(await outcomesOf(attempts)).toEqual({ ERR_OPERATION_FORBIDDEN: 4 })
  })
})
