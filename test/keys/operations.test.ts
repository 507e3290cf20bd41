import { describe, expect, it } from 'vitest'
import type { Actor, KeyManager, KeyView, Operation, OperationTable, Role, StepUp } from '../../src/index.js'
import { defineOperations } from '../../src/index.js'
import { OWNER, START } from '../world.js'
import {
  BROWSER,
  code,
  createHouse,
  dual,
  type House,
  OPERATOR,
  offer,
  owned,
  type P,
  rowsOf,
  wanted,
  withMail,
} from './house.js'

interface Row {
  readonly operation: Operation | 'read'
  /** Brings the house to where the method can do something, and says what to ask it for. */
  readonly prepare: (house: House, key: KeyView) => object | Promise<object>
  /** Where no one key is meant, no key can be the one that asks. */
  readonly ofOneKey: boolean
  /** Where all owners' keys are meant, no owner can be the one that asks. */
  readonly ofHouse?: true
}

const keyed = (fields: object = {}) => ({
  ofOneKey: true,
  prepare: (_: House, key: KeyView) => ({ ...owned(key), ...fields }),
})
const whole = (fields: object = {}) => ({ ofOneKey: false, prepare: () => ({ owner: OWNER, ...fields }) })
const house = (fields: object = {}) => ({ ofOneKey: false, ofHouse: true as const, prepare: () => fields })
const suspended = async ({ manager }: House, key: KeyView) => {
  await manager.suspend({ ...owned(key), reason: 'check' })
  return owned(key)
}
const linked = async ({ manager, token }: House, key: KeyView) => {
  await manager.edit({ ...owned(key), version: 1, label: 'linked', actor: OPERATOR, proof: 'good-edit' })
  return { token: token() }
}

const waiting = async (world: House, key: KeyView) => {
  await linked(world, key)
  return owned(key)
}
const frozen = async ({ manager }: House) => {
  await manager.freeze({ owner: OWNER, reason: 'x' })
  return { owner: OWNER }
}

/** Every public method: a method that is not here fails the first test, and one whose operation is not tried below too. */
const METHODS: { readonly [M in keyof KeyManager]: Row } = {
  request: { operation: 'request', ...whole({ ...wanted, label: 'new' }) },
  create: { operation: 'request', ...whole({ ...wanted, label: 'new' }) },
  inspect: { operation: 'read', ofOneKey: true, prepare: linked },
  confirm: { operation: 'confirm', ofOneKey: true, prepare: linked },
  resend: {
    operation: 'resend',
    ofOneKey: true,
    prepare: waiting,
  },
  reveal: {
    operation: 'reveal',
    ofOneKey: true,
    prepare: async ({ manager }) => owned((await manager.request({ ...wanted, label: 'new' })).key),
  },
  register: {
    operation: 'register',
    ofOneKey: true,
    prepare: async ({ manager }) => {
      const { key } = await manager.request({ ...wanted, label: 'new' })
      return { ...owned(key), ...(await offer(dual, key)).offered }
    },
  },
  get: { operation: 'read', ...keyed() },
  list: { operation: 'read', ...whole() },
  edit: { operation: 'edit', ...keyed({ version: 1, label: 'other' }) },
  renew: { operation: 'renew', ...keyed({ expiresAt: START + 50 * 86_400_000 }) },
  rotate: { operation: 'rotate', ...keyed({ overlapMs: 0 }) },
  suspend: { operation: 'suspend', ...keyed({ reason: 'x' }) },
  resume: { operation: 'resume', ofOneKey: true, prepare: suspended },
  revoke: { operation: 'revoke', ...keyed({ reason: 'x' }) },
  revokeAll: { operation: 'revokeAll', ...whole({ reason: 'x' }) },
  derive: {
    operation: 'derive',
    ...keyed({ label: 'child', permissions: ['read'], accounts: null, ipAllowlist: null }),
  },
  freeze: { operation: 'freeze', ...whole({ reason: 'x' }) },
  thaw: {
    operation: 'thaw',
    ofOneKey: false,
    prepare: frozen,
  },
  destroy: { operation: 'destroy', ...keyed({ reason: 'x' }) },
  destroyAll: { operation: 'destroyAll', ...whole({ reason: 'x' }) },
  import: { operation: 'import', ...whole({ ...wanted, keyId: 'theirs-1', secret: 'a-secret-of-another-system' }) },
  reseal: { operation: 'reseal', ...house() },
  countMasterKeys: { operation: 'reseal', ...house() },
  sweep: { operation: 'sweep', ...house({ since: 0 }) },
  reportLeak: { operation: 'reportLeak', ...house({ text: 'nothing of ours', reason: 'x' }) },
}

const names = Object.keys(METHODS) as (keyof KeyManager)[]
const changing = names.filter(name => METHODS[name].operation !== 'read')
const ROLES: readonly Role[] = ['owner', 'operator', 'key']
const MAILABLE: readonly (Operation | 'read')[] = ['request', 'edit', 'renew', 'rotate']

/** A house where one row is given, one key lives, and the method can be asked for. */
async function prepare(name: keyof KeyManager, row: Partial<OperationTable>, rules = {}) {
  const rows = name === 'resend' || name === 'confirm' || name === 'inspect' ? { edit: withMail, ...row } : row
  const world = createHouse({ rows, rules: { sameBrowser: false, ...rules } })
  // By another desk of the same house, which this row does not bind.
  const { key } = await createHouse({ keys: world.keys }).issue()
  const request = await METHODS[name].prepare(world, key)
  const { keyId = key.keyId, token = '' } = request as { keyId?: string; token?: string }
  const actors: Record<Role, Actor> = {
    owner: { role: 'owner', id: OWNER },
    operator: OPERATOR,
    key: { role: 'key', id: METHODS[name].ofOneKey && token === '' ? keyId : key.keyId },
  }
  world.asked.length = 0
  const call = (asking: object) =>
    (world.manager[name] as (request: object) => Promise<unknown>)({ ...request, ...asking })
  return { world, key, actors, call }
}

const rowFor = (name: keyof KeyManager, by: readonly Role[], needs: StepUp): Partial<OperationTable> => ({
  [METHODS[name].operation]: { by, needs },
})

describe('the table of operations', () => {
  it('names every public method', () => {
    expect(Object.keys(createHouse().manager).sort()).toEqual([...names].sort())
  })

  it('has a row for each operation, and each row is a method’s', () => {
    const rows = Object.keys(defineOperations())
    const used = new Set(changing.map(name => METHODS[name].operation))
    expect(rows.filter(row => !used.has(row as Operation))).toEqual([])
    expect([...used].filter(row => !rows.includes(row))).toEqual([])
  })

  it('opens nothing to a key by itself, so that a stolen secret manages nothing', () => {
    for (const { by } of Object.values(defineOperations())) expect(by).not.toContain('key')
  })
})

describe.each(changing)('%s', name => {
  const { ofOneKey, ofHouse, operation } = METHODS[name]
  const mayAsk = (role: Role) => (role === 'key' ? ofOneKey : role === 'operator' || ofHouse === undefined)

  it.each(ROLES)('is refused to the %s where the row names the others only', async role => {
    const others = ROLES.filter(other => other !== role)
    const { world, actors, call } = await prepare(name, rowFor(name, others, 'second-factor'))
    const before = await rowsOf(world)
    await expect(call({ actor: actors[role], proof: 'good', browser: BROWSER })).rejects.toThrow(
      code('ERR_OPERATION_FORBIDDEN'),
    )
    expect(await rowsOf(world)).toBe(before)
    expect(world.asked).toEqual([])
  })

  it.each(ROLES.filter(mayAsk))('is open to the %s where the row names only them', async role => {
    const { actors, call } = await prepare(name, rowFor(name, [role], 'nothing'))
    await expect(call({ actor: actors[role] })).resolves.not.toThrow()
  })

  it.each(ROLES.filter(role => !mayAsk(role)))('is never the %s’s, whatever the row says', async role => {
    const { world, actors, call } = await prepare(name, rowFor(name, ['owner', 'operator', 'key'], 'nothing'))
    const before = await rowsOf(world)
    const actor = role === 'owner' ? undefined : actors[role]
    await expect(call(actor === undefined ? {} : { actor })).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    expect(await rowsOf(world)).toBe(before)
  })

  it('asks nobody for a second factor where the row needs nothing', async () => {
    const { world, actors, call } = await prepare(name, rowFor(name, ROLES, 'nothing'))
    await expect(call({ actor: actors.operator })).resolves.not.toThrow()
    expect(world.asked).toEqual([])
    expect(world.mails.length).toBe(name === 'resend' ? 2 : METHODS[name].prepare === linked ? 1 : 0)
  })

  it('needs the second factor where the row says so: none, a wrong one and a good one', async () => {
    const { world, actors, call } = await prepare(name, rowFor(name, ROLES, 'second-factor'))
    const before = await rowsOf(world)
    const { operator: actor } = actors
    await expect(call({ actor })).rejects.toThrow(code('ERR_SECOND_FACTOR_REQUIRED', 'proof'))
    expect(world.asked).toEqual([])
    await expect(call({ actor, proof: 'wrong' })).rejects.toThrow(code('ERR_SECOND_FACTOR_REFUSED', 'proof'))
    expect(await rowsOf(world)).toBe(before)
    await expect(call({ actor, proof: 'good' })).resolves.not.toThrow()
    expect(world.asked.map(({ proof }) => proof)).toEqual(['wrong', 'good'])
    expect(world.asked.every(request => request.operation === operation)).toBe(true)
  })
})

describe.each(changing.filter(name => MAILABLE.includes(METHODS[name].operation)))('%s', name => {
  const { operation } = METHODS[name]
  it('waits for the link of a mail where the row says so, and does nothing before', async () => {
    const { world, key, call } = await prepare(name, rowFor(name, ['owner'], 'second-factor-and-mail'))
    if (name === 'create') {
      await expect(call({ proof: 'good' })).rejects.toThrow(code('ERR_CONFIRMATION_REQUIRED'))
      return
    }
    await call({ proof: 'good' })
    expect(world.mails.map(letter => letter.operation)).toEqual([operation])
    const { awaits, version: _, updatedAt: __, ...unchanged } = await world.manager.get(owned(key))
    if (name !== 'request') expect({ ...key, ...unchanged, awaits: null }).toEqual({ ...key, awaits: null })
    await expect(world.manager.confirm({ token: world.token() })).resolves.toMatchObject({ key: { awaits: null } })
  })
})

describe('who asks', () => {
  const edit = (key: KeyView) => ({ ...owned(key), version: 1, label: 'other' })

  it('is the owner, where nobody is named', async () => {
    const { manager, issue, events } = createHouse()
    const { key } = await issue()
    await manager.edit(edit(key))
    expect(events().at(-1)?.actor).toEqual({ role: 'owner', id: OWNER })
  })

  it('cannot be another owner', async () => {
    const { manager, issue } = createHouse()
    const { key } = await issue()
    const actor = { role: 'owner', id: 'mallory' } as const
    await expect(manager.edit({ ...edit(key), actor })).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN', 'actor'))
    await expect(manager.get({ ...owned(key), actor })).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    await expect(manager.list({ owner: OWNER, actor })).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    await expect(manager.edit({ ...edit(key), actor: { role: 'owner', id: OWNER } })).resolves.toBeDefined()
  })

  it('is, if it is a key, that key and that owner’s, for reading too', async () => {
    const { manager, issue } = createHouse({ rows: { edit: { by: ['key'], needs: 'nothing' } } })
    const [{ key }, { key: sister }, { key: foreign }] = [await issue(), await issue(), await issue({ owner: 'bob' })]
    const actor = { role: 'key', id: key.keyId } as const
    const refused = code('ERR_OPERATION_FORBIDDEN', 'actor')
    await expect(manager.edit({ ...edit(sister), actor })).rejects.toThrow(refused)
    await expect(manager.edit({ ...edit(foreign), actor })).rejects.toThrow(refused)
    await expect(manager.get({ ...owned(sister), actor })).rejects.toThrow(refused)
    await expect(manager.list({ owner: OWNER, actor })).rejects.toThrow(refused)
    await expect(manager.edit({ ...edit(key), owner: 'bob', actor })).rejects.toThrow(code('ERR_KEY_NOT_FOUND'))
    await expect(manager.edit({ ...edit(key), actor })).resolves.toBeDefined()
    await expect(manager.get({ ...owned(key), actor })).resolves.toMatchObject({ label: 'other' })
  })

  it.each([
    ['null', null],
    ['a text', 'operator'],
    ['an unknown role', { role: 'admin', id: 'x' }],
    ['a name of the prototype', { role: 'constructor', id: 'x' }],
    ['a list of roles', { role: ['owner', 'operator'], id: 'x' }],
    ['no id', { role: 'operator' }],
    ['an empty id', { role: 'operator', id: '' }],
    ['an id that is no text', { role: 'operator', id: 7 }],
    ['an id of a megabyte', { role: 'operator', id: 'x'.repeat(1 << 20) }],
  ])('cannot be %s', async (_, actor) => {
    const { manager, issue } = createHouse()
    const { key } = await issue()
    await expect(manager.edit({ ...edit(key), actor: actor as never })).rejects.toThrow(
      code('ERR_INPUT_INVALID', 'actor'),
    )
    expect(await manager.get(owned(key))).toEqual(key)
  })

  it('is judged before anything else is said about the request', async () => {
    const { manager, issue } = createHouse({ rows: { edit: { by: ['operator'], needs: 'nothing' } } })
    const { key } = await issue()
    const worse = { ...owned(key), version: 1, permissions: ['nonesuch' as P] }
    await expect(manager.edit(worse)).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    await expect(manager.edit({ ...worse, actor: OPERATOR })).rejects.toThrow(code('ERR_PERMISSION_UNKNOWN'))
  })
})

describe('a freeze', () => {
  it('leaves no link behind that could bring a key to life', async () => {
    const { manager, token } = createHouse({ rows: { request: withMail }, rules: { sameBrowser: false } })
    const { key } = await manager.request({ ...wanted, proof: 'good' })
    expect(await manager.freeze({ owner: OWNER, reason: 'stolen phone' })).toMatchObject({ ended: 1 })
    await expect(manager.confirm({ token: token() })).rejects.toThrow(code('ERR_CONFIRMATION_INVALID'))
    await manager.thaw({ owner: OWNER, actor: OPERATOR })
    expect(await manager.get(owned(key))).toMatchObject({ state: 'revoked', awaits: null })
  })
})
