import { describe, expect, it } from 'vitest'
import type { KeyManagerOptions, KeyPolicy, KeyView, OperationTable, StepUpRequest } from '../../src/index.js'
import { defineKeyPolicy, defineOperations, standardKeyPolicy } from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { createMemoryReplayStore } from '../../src/stores/memory.js'
import { createWorld, OWNER, START } from '../world.js'

const DAY = 86_400_000
const owned = (key: KeyView) => ({ owner: key.owner, keyId: key.keyId })
const code = (error: string, field?: string) =>
  expect.objectContaining(field === undefined ? { code: error } : { code: error, field })

type Given = Partial<KeyManagerOptions<'read' | 'trade' | 'withdraw', 'full'>>

/** A house that steps up nowhere but in these rows, and whose second factor is the word `proof-` and anything. */
function createHouse(rows: Partial<OperationTable>, rules: Partial<KeyPolicy> = {}, given: Given = {}) {
  const asked: StepUpRequest[] = []
  const mails: string[] = []
  const operations = defineOperations({ ...withoutStepUp, ...rows })
  const world = createWorld({
    manager: {
      policy: defineKeyPolicy({ ...standardKeyPolicy, sameBrowser: false, ...rules, operations }),
      secondFactor: request => asked.push(request) > 0 && request.proof.startsWith('proof-'),
      replay: createMemoryReplayStore({ clock: () => START }),
      sendConfirmation: ({ token }) => void mails.push(token),
      ...given,
    },
  })
  return { ...world, asked, mails }
}

describe('a row that is nobody’s', () => {
  it('is refused to the owner and to the operator', async () => {
    const { manager, issue } = createHouse({ renew: { by: [], needs: 'nothing' } })
    const { key } = await issue()
    const operator = { role: 'operator', id: 'op-1' } as const
    await expect(manager.renew(owned(key))).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    await expect(manager.renew({ ...owned(key), actor: operator })).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
  })

  it('leaves the other rows as they are', async () => {
    const { manager, issue } = createHouse({ renew: { by: [], needs: 'nothing' } })
    const { key } = await issue()
    await expect(manager.rotate({ ...owned(key), overlapMs: 0 })).resolves.toBeDefined()
  })
})

describe('a row that is open to keys', () => {
  const rows: Partial<OperationTable> = { revoke: { by: ['key'], needs: 'nothing' } }

  it('lets a key act for itself', async () => {
    const { manager, issue } = createHouse(rows)
    const { key } = await issue()
    const actor = { role: 'key', id: key.keyId } as const
    await expect(manager.revoke({ ...owned(key), actor, reason: 'done' })).resolves.toMatchObject({ state: 'revoked' })
  })

  it('lets no key act for another of the same owner', async () => {
    const { manager, issue } = createHouse(rows)
    const [one, other] = [await issue(), await issue()]
    const actor = { role: 'key', id: other.key.keyId } as const
    await expect(manager.revoke({ ...owned(one.key), actor, reason: 'mine now' })).rejects.toThrow(
      code('ERR_OPERATION_FORBIDDEN'),
    )
    expect(await manager.get(owned(one.key))).toMatchObject({ state: 'active' })
  })
})

describe('an edit that lets a key live longer', () => {
  const longer = (key: KeyView) => ({ ...owned(key), version: key.version, expiresAt: (key.expiresAt ?? 0) + DAY })
  const shorter = (key: KeyView) => ({ ...owned(key), version: key.version, expiresAt: (key.expiresAt ?? 0) - DAY })

  it('is refused where nobody may renew, and one that shortens its life is not', async () => {
    const { manager, issue } = createHouse({ renew: { by: [], needs: 'nothing' } })
    const { key } = await issue()
    await expect(manager.edit(longer(key))).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    await expect(manager.edit(shorter(key))).resolves.toMatchObject({ key: { expiresAt: (key.expiresAt ?? 0) - DAY } })
  })

  it('is refused when it would make the key endless', async () => {
    const { manager, issue } = createHouse({ renew: { by: [], needs: 'nothing' } }, { maxLifetimeMs: null })
    const { key } = await issue()
    await expect(manager.edit({ ...longer(key), expiresAt: null })).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
  })

  it('needs the second factor that a renewal needs', async () => {
    const { manager, issue, asked } = createHouse({ renew: { by: ['owner'], needs: 'second-factor' } })
    const { key } = await issue()
    await expect(manager.edit(longer(key))).rejects.toThrow(code('ERR_SECOND_FACTOR_REQUIRED'))
    await expect(manager.edit({ ...longer(key), proof: 'wrong' })).rejects.toThrow(code('ERR_SECOND_FACTOR_REFUSED'))
    await manager.edit({ ...longer(key), proof: 'proof-1' })
    expect(asked.at(-1)).toMatchObject({ operation: 'edit', keyId: key.keyId })
  })

  it('waits for the mail that a renewal waits for', async () => {
    const { manager, issue, mails } = createHouse({ renew: { by: ['owner'], needs: 'second-factor-and-mail' } })
    const { key } = await issue()
    const { key: waiting } = await manager.edit({ ...longer(key), proof: 'proof-1' })
    expect(waiting).toMatchObject({ expiresAt: key.expiresAt, awaits: { operation: 'edit' } })
    const { key: edited } = await manager.confirm({ token: mails[0] ?? '' })
    expect(edited).toMatchObject({ expiresAt: (key.expiresAt ?? 0) + DAY, awaits: null })
  })
})

describe('a second factor that owners may go without', () => {
  const rows: Partial<OperationTable> = { edit: { by: ['owner', 'operator'], needs: 'second-factor' } }
  const rules = { secondFactor: 'if-activated' } as const
  const edit = (key: KeyView) => ({ ...owned(key), version: key.version, label: 'other' })

  it('is not asked of an owner who has none', async () => {
    const { manager, issue, asked } = createHouse(rows, rules, { hasSecondFactor: () => false })
    const { key } = await issue()
    await expect(manager.edit(edit(key))).resolves.toMatchObject({ key: { label: 'other' } })
    expect(asked).toEqual([])
  })

  it.each([true, undefined, null, 0])('is asked unless the host says that there is none: %s', async answer => {
    const { manager, issue } = createHouse(rows, rules, { hasSecondFactor: () => answer as boolean })
    const { key } = await issue()
    await expect(manager.edit(edit(key))).rejects.toThrow(code('ERR_SECOND_FACTOR_REQUIRED', 'proof'))
  })

  it('is asked of an operator in any case', async () => {
    const { manager, issue } = createHouse(rows, rules, { hasSecondFactor: () => false })
    const { key } = await issue()
    const actor = { role: 'operator', id: 'op-1' } as const
    await expect(manager.edit({ ...edit(key), actor })).rejects.toThrow(code('ERR_SECOND_FACTOR_REQUIRED', 'proof'))
  })

  it('is asked of everybody where the policy requires it, whatever the host says', async () => {
    const { manager, issue } = createHouse(rows, { secondFactor: 'required' }, { hasSecondFactor: () => false })
    const { key } = await issue()
    await expect(manager.edit(edit(key))).rejects.toThrow(code('ERR_SECOND_FACTOR_REQUIRED', 'proof'))
  })

  it('needs a host that knows who has one', () => {
    expect(() => createHouse(rows, rules)).toThrow(code('ERR_OPTION_MISSING', 'hasSecondFactor'))
  })

  it('is required or not, and nothing else', () => {
    expect(() => createHouse(rows, { secondFactor: 'sometimes' as never })).toThrow(
      code('ERR_OPTION_INVALID', 'secondFactor'),
    )
  })
})

describe('a confirmation that needs a second factor', () => {
  it('asks for the one of the key’s owner, who is not named in the link', async () => {
    const { manager, mails, asked } = createHouse({
      request: { by: ['owner'], needs: 'second-factor-and-mail' },
      confirm: { by: ['owner'], needs: 'second-factor' },
    })
    const fields = { owner: OWNER, label: '', permissions: ['read'], accounts: null, ipAllowlist: null } as const
    const { key } = await manager.request({ ...fields, proof: 'proof-1' })
    await expect(manager.confirm({ token: mails[0] ?? '' })).rejects.toThrow(code('ERR_SECOND_FACTOR_REQUIRED'))
    await manager.confirm({ token: mails[0] ?? '', proof: 'proof-2' })
    const actor = { role: 'owner', id: OWNER }
    expect(asked.at(-1)).toMatchObject({ actor, owner: OWNER, keyId: key.keyId, operation: 'confirm' })
  })
})

describe('a policy that names permissions', () => {
  const lapse = (name: string) => ({ permissions: [name], afterMs: DAY })
  const addresses = (name: string) => ({ addressRule: 'key', addressPermissions: [name] }) as const

  it.each([
    ['policy.needAllowlist[1]', { needAllowlist: ['withdraw', 'widthdraw'] }],
    ['policy.lapse[0]', { lapse: lapse('trdae') }],
    ['policy.addressPermissions[0]', addresses('withdraw ')],
    ['policy.needAllowlist[0]', { needAllowlist: ['constructor'] }],
  ])('does not build when the model lacks one: %s', (field, rules) => {
    expect(() => createHouse({}, rules)).toThrow(code('ERR_PERMISSION_INVALID', field))
  })

  it.each([{ needAllowlist: ['withdraw', 'full'] }, { lapse: lapse('trade') }, addresses('withdraw')])(
    'builds when the model has them, aliases too',
    rules => {
      expect(() => createHouse({}, rules)).not.toThrow()
    },
  )
})
