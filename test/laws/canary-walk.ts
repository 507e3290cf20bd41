/** Every method of the manager: how to come to where it can be asked, and all the ways in which it can fail. */

import type { Credentials, KeyManager } from '../../src/index.js'
import { createMemoryReplayStore } from '../../src/stores/memory.js'
import { createFaults } from '../../src/testing/index.js'
import {
  createStage,
  type Given,
  type Ground,
  type Manager,
  offerFor,
  type Stage,
  type Stores,
} from './canary-stage.js'

/** A method, with the request that it carries out once the stage is set. */
interface Act {
  readonly by: 'mail' | 'proof'
  readonly set: (stage: Stage) => Promise<object>
}

const wanted = ({ owner }: Stage) => ({
  ...({ owner, label: 'bot', permissions: ['trade'], accounts: null, ipAllowlist: null, scheme: 'hmac-v1' } as const),
})

async function make(stage: Stage, scheme = 'hmac-v1'): Promise<{ owner: string; keyId: string; secret: string }> {
  const made = await stage.manager('proof').create({ ...wanted(stage), scheme, ...stage.asking() })
  return { owner: stage.owner, keyId: made.key.keyId, secret: made.credentials.secret.reveal() }
}

async function owned(stage: Stage): Promise<{ owner: string; keyId: string }> {
  const { owner, keyId } = await make(stage)
  return { owner, keyId }
}

/** A key that waits for its confirmation. */
async function asked(stage: Stage): Promise<{ owner: string; keyId: string }> {
  const { key } = await stage.manager('mail').request({ ...wanted(stage), ...stage.asking() })
  return { owner: stage.owner, keyId: key.keyId }
}

async function link(stage: Stage): Promise<{ token: string }> {
  await asked(stage)
  return { token: stage.tokens.at(-1) ?? '' }
}

async function linkTo(stage: Stage, change: 'edit' | 'rotate'): Promise<{ token: string }> {
  const key = await owned(stage)
  const manager = stage.manager('mail')
  if (change === 'edit') await manager.edit({ ...key, version: 1, label: 'other', ...stage.asking() })
  else await manager.rotate({ ...key, overlapMs: 1000, ...stage.asking() })
  return { token: stage.tokens.at(-1) ?? '' }
}

const proof = (set: Act['set']): Act => ({ by: 'proof', set })
const mail = (set: Act['set']): Act => ({ by: 'mail', set })
const both = (set: Act['set']): readonly Act[] => [proof(set), mail(set)]

/** A method that is not in it does not compile, and does not pass. */
export const ACTS: { readonly [M in keyof KeyManager]: readonly Act[] } = {
  request: both(async stage => wanted(stage)),
  create: [
    proof(async stage => wanted(stage)),
    proof(async stage => ({ ...wanted(stage), scheme: 'bearer' })),
    proof(async stage => ({ ...wanted(stage), scheme: 'okx', passphrase: stage.passphrase() })),
    proof(async stage => ({ ...wanted(stage), scheme: 'kucoin' })),
    proof(async stage => ({ ...wanted(stage), scheme: 'bitfinex', ipAllowlist: ['10.0.0.1'], notBefore: null })),
  ],
  inspect: [mail(link), mail(stage => linkTo(stage, 'edit'))],
  confirm: [mail(link), mail(stage => linkTo(stage, 'edit')), mail(stage => linkTo(stage, 'rotate'))],
  resend: [mail(asked)],
  reveal: [
    proof(async stage => {
      const { key } = await stage.manager('proof').request({ ...wanted(stage), ...stage.asking() })
      return { owner: stage.owner, keyId: key.keyId }
    }),
  ],
  register: [
    proof(async stage => {
      const { scheme: _scheme, ...rest } = wanted(stage)
      const { key } = await stage.manager('proof').request({ ...rest, scheme: 'ed25519-v1', ...stage.asking() })
      const { privateKey: _, ...offered } = await offerFor(stage, key, 1)
      return offered
    }),
  ],
  get: [proof(owned)],
  list: [proof(async stage => ({ owner: (await owned(stage)).owner, limit: 10, after: null }))],
  edit: both(async stage => ({
    ...(await owned(stage)),
    version: 1,
    label: 'other',
    permissions: ['read'],
    addresses: [],
  })),
  renew: both(async stage => ({ ...(await owned(stage)), expiresAt: stage.clock() + 86_400_000 })),
  rotate: [
    ...both(async stage => ({ ...(await owned(stage)), overlapMs: 1000 })),
    proof(async stage => {
      const { owner, keyId } = await make(stage, 'okx')
      return { owner, keyId, overlapMs: 1000, passphrase: stage.passphrase() }
    }),
  ],
  suspend: [proof(async stage => ({ ...(await owned(stage)), reason: 'check' }))],
  resume: [
    proof(async stage => {
      const key = await owned(stage)
      await stage.manager('proof').suspend({ ...key, reason: 'check', ...stage.asking() })
      return key
    }),
  ],
  revoke: [proof(async stage => ({ ...(await owned(stage)), reason: 'leaked' }))],
  revokeAll: [proof(async stage => ({ owner: (await owned(stage)).owner, reason: 'leaked' }))],
  derive: [
    proof(async stage => {
      const { scheme: _, ...rest } = wanted(stage)
      return { ...rest, ...(await owned(stage)), permissions: ['read'] }
    }),
  ],
  freeze: [proof(async stage => ({ owner: (await owned(stage)).owner, reason: 'locked' }))],
  thaw: [
    proof(async stage => {
      const { owner } = await owned(stage)
      await stage.manager('proof').freeze({ owner, reason: 'locked', ...stage.asking() })
      return { owner, actor: stage.operator }
    }),
  ],
  destroy: [proof(async stage => ({ ...(await owned(stage)), reason: 'tidy' }))],
  destroyAll: [proof(async stage => ({ owner: (await owned(stage)).owner, reason: 'tidy' }))],
  import: [
    proof(async stage => ({
      ...{ ...wanted(stage), actor: stage.operator, secret: stage.secret('imported secret') },
      keyId: `foreign-${stage.owner}`,
    })),
    proof(async stage => ({
      ...{ ...wanted(stage), actor: stage.operator, secret: stage.secret('imported secret') },
      ...{ scheme: 'kucoin', keyId: `other-${stage.owner}`, passphrase: stage.passphrase() },
    })),
    proof(async stage => ({
      ...{ ...wanted(stage), scheme: 'bearer', actor: stage.operator, secret: stage.secret('imported token') },
    })),
  ],
  reseal: [proof(async stage => (await make(stage)) && { actor: stage.operator, limit: 1000 })],
  countMasterKeys: [proof(async stage => (await make(stage)) && { actor: stage.operator })],
  sweep: [
    proof(async stage => {
      await asked(stage)
      await make(stage, 'bearer')
      return { actor: stage.operator, since: 0, limit: 1000, noticesMs: [0] }
    }),
  ],
  reportLeak: [
    proof(async stage => {
      const { keyId, secret } = await make(stage)
      const token = (await make(stage, 'bearer')).secret
      const text = `const key = "${keyId}", secret = "${secret}", token = '${token}', other = "${stage.secret('leak')}"`
      return { actor: stage.operator, text, reason: 'found on the web' }
    }),
  ],
}

/** What a house stores and tells as it was given, secret or not: the host must not give secrets there. */
const TOLD_AS_GIVEN = ['owner', 'label', 'reason', 'ip', 'actor']
/** What is told to nobody. Anything else is part of what a second factor approves, right or wrong. */
export const ASKED = 'misplaced in what is asked'
const UNTOLD = ['token', 'proof', 'browser', 'secret', 'text', 'passphrase']

type Methods = { readonly [name: string]: (request: object) => Promise<unknown> }

export interface Outcome {
  readonly method: string
  readonly ok: boolean
}

/** Asks for something, and notes what comes of it: the answer before and after its secret is revealed, or the exception. */
async function ask(stage: Stage, manager: Manager, [method, request]: readonly [string, object]): Promise<Outcome> {
  try {
    const answer = await (manager as unknown as Methods)[method]!(request)
    stage.record.note('results', answer)
    const { credentials } = Object(answer) as { credentials?: Credentials | null }
    credentials?.secret.reveal()
    credentials?.passphrase?.reveal()
    stage.record.note('results', answer)
    return { method, ok: true }
  } catch (error) {
    stage.record.note('errors', error)
    return { method, ok: false }
  }
}

/** Requests that are wrong in one respect each, with a secret in it. */
function wrongRequests(stage: Stage, request: object): readonly object[] {
  const good = { ...request, ...stage.asking() }
  const wrongs: object[] = [
    { ...good, passphrase: stage.secret('unknown option') },
    { ...good, proof: `wrong-${stage.secret('wrong proof')}` },
    { ...good, browser: stage.secret('other browser') },
  ]
  for (const [field, value] of Object.entries(good)) {
    const { [field as never]: _, ...less } = good
    const secret = stage.secret(UNTOLD.includes(field) ? `misplaced in ${field}` : ASKED)
    const others: unknown[] = [{ secret }, Buffer.from(secret), { toString: secret }]
    // A key id is looked up and told, as far as anybody can tell that it is one.
    if (field === 'keyId') others.push(stage.mint())
    else if (!TOLD_AS_GIVEN.includes(field)) others.push(secret)
    if (field !== 'accounts') others.push([secret])
    if (field === 'text') others.push(`${value} ${secret}`.repeat(3000))
    wrongs.push(less, ...others.map(other => ({ ...good, proof: stage.secret('proof'), [field]: other })))
  }
  return wrongs
}

/** What can fail around a manager. Each is thrown as a store, a sealer or a callback would throw it. */
function failures(stage: Stage): readonly Given[] {
  const fail = (): never => {
    throw new Error('out of order')
  }
  const { sealer, stores } = stage
  return [
    { replay: { claim: fail, advance: fail } },
    { usage: { touch: fail, get: fail } },
    { audit: { append: fail } },
    { audit: failingAt(2, stores) },
    { audit: failingAt(3, stores) },
    { sealer: { ...sealer, seal: fail, keyIdOf: fail } },
    { sealer: { ...sealer, open: fail } },
    { sealer: { ...sealer, open: async () => fail() } },
    { sendConfirmation: fail },
    { sendConfirmation: async () => fail() },
    { secondFactor: fail },
    { secondFactor: () => 'yes' as never },
    { ceiling: fail },
    { ceiling: () => ({ permissions: [], accounts: [] }) },
    { eligible: () => false },
    { mint: { mintKeyId: fail, mintSecret: fail, mintPassphrase: fail } },
  ]
}

function failingAt(call: number, { audit }: Stores): Given['audit'] & object {
  const faults = createFaults()
  faults.fail(call, 'before')
  return faults.wrap(audit)
}

/** How much is tried of each method: everything, or what a slow store allows. */
export interface Thoroughness {
  readonly stores?: Stores | undefined
  readonly everyFailure: boolean
}

/** Walks every act: refused requests first, then every outage on a stage of its own, then what was asked for, twice. */
export async function walkManager(ground: Ground, { stores, everyFailure }: Thoroughness): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const [method, acts] of Object.entries(ACTS)) {
    for (const act of acts) {
      if (everyFailure) await refuse(createStage(ground, stores), act, method)
      const stage = createStage(ground, stores)
      const good = { ...(await act.set(stage)), ...stage.asking() }
      const calls = createFaults()
      const manager = stage.manager(act.by, { keys: calls.wrap(stage.stores.keys) })
      outcomes.push(await ask(stage, manager, [method, good]))
      const used = calls.calls()
      await ask(stage, manager, [method, good])
      await breakDown(ground, act, { method, stores, most: everyFailure ? used : 1, everyFailure })
      await noteRows(stage)
    }
  }
  return outcomes
}

async function refuse(stage: Stage, { by, set }: Act, method: string): Promise<void> {
  const request = await set(stage)
  for (const wrong of wrongRequests(stage, request)) {
    // Guesses are counted, and that is not what is tried here.
    const replay = createMemoryReplayStore({ clock: stage.clock })
    await ask(stage, stage.manager(by, { replay }), [method, wrong])
  }
}

interface Breakdown extends Thoroughness {
  readonly method: string
  /** Store calls that fail, at most. */
  readonly most: number
}

async function breakDown(ground: Ground, act: Act, { method, stores, most, everyFailure }: Breakdown): Promise<void> {
  const run = async (given: (stage: Stage) => Given) => {
    const stage = createStage(ground, stores)
    const request = { ...(await act.set(stage)), ...stage.asking() }
    await ask(stage, stage.manager(act.by, given(stage)), [method, request])
    await noteRows(stage)
  }
  for (let call = 1; call <= most; call++) {
    for (const when of ['before', 'after'] as const) {
      await run(stage => {
        const faults = createFaults()
        faults.fail(call, when)
        return { keys: faults.wrap(stage.stores.keys) }
      })
    }
  }
  const count = everyFailure ? failures(createStage(ground, stores)).length : 0
  for (let at = 0; at < count; at++) await run(stage => failures(stage)[at] ?? {})
}

async function noteRows(stage: Stage): Promise<void> {
  stage.record.note('store', JSON.stringify(await stage.stores.keys.list({ owner: stage.owner, limit: 1000 })))
}
