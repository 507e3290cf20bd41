import type { KeyView } from '../key.js'
import type { Operation } from '../preset.js'
import { createAudit } from './audit-trail.js'
import { editKey, renewKey, rotateKey } from './changing.js'
import { deriveKey } from './children.js'
import { viewKey } from './codec.js'
import { keyIdOfToken } from './confirmation.js'
import { confirmKey, inspectConfirmation, resendConfirmation } from './confirming.js'
import { createKey, requestKey, revealKey } from './creating.js'
import { type Asked, type Desk, load, replaceKey } from './desk.js'
import { destroyAll, destroyKey, revokeAll, revokeKey, suspendKey } from './ending.js'
import { freezeOwner, thawOwner } from './freezing.js'
import { boundStores, guardStore } from './guarded-store.js'
import { importKey } from './importing.js'
import { createAnnouncer, reporter } from './invalidation.js'
import { createIssuer } from './issuer.js'
import type { KeyManager } from './key-manager.js'
import { reportLeak } from './leaks.js'
import { advanceKey } from './lifecycle.js'
import { readPage } from './listing.js'
import { type KeyManagerOptions, readManagerOptions } from './manager-options.js'
import type { Asking, OwnedKey } from './manager-types.js'
import { registerKey } from './registering.js'
import { readRequest, tellRequest } from './requests.js'
import { countMasterKeys, resealKeys } from './reseal.js'
import { settleKey } from './settling.js'
import { createStepUp, refuseUnlessOpen } from './step-up.js'
import { sweepKeys } from './sweep.js'

/**
 * THE table of methods: the operation each is, whose rule in the policy says who may and what it needs. `read` changes
 * nothing and needs nothing. A method that is not in it does not compile.
 */
const OPERATIONS: { readonly [M in keyof KeyManager]: Operation | 'read' } = {
  request: 'request',
  create: 'request',
  inspect: 'read',
  confirm: 'confirm',
  resend: 'resend',
  reveal: 'reveal',
  register: 'register',
  get: 'read',
  list: 'read',
  edit: 'edit',
  renew: 'renew',
  rotate: 'rotate',
  suspend: 'suspend',
  resume: 'resume',
  revoke: 'revoke',
  revokeAll: 'revokeAll',
  derive: 'derive',
  freeze: 'freeze',
  thaw: 'thaw',
  destroy: 'destroy',
  destroyAll: 'destroyAll',
  import: 'import',
  reseal: 'reseal',
  countMasterKeys: 'reseal',
  sweep: 'sweep',
  reportLeak: 'reportLeak',
}

/**
 * Builds a manager.
 *
 * @throws {ConfigError} naming the option that is missing, unknown or wrong
 */
export function createKeyManager<P extends string, A extends string>(
  given: KeyManagerOptions<P, A>,
): KeyManager<P | A> {
  const options = readManagerOptions(given)
  const { storeTimeoutMs: timeoutMs, onError } = options
  const announcer = createAnnouncer(options.invalidation, { timeoutMs, report: reporter(onError) })
  const keys = guardStore(options.keys, { timeoutMs, changed: announcer.changed })
  const issue = createIssuer(options.mint, options.sealer)
  const does = createCounter({ ...options, ...boundStores(options, timeoutMs), keys, issue }, announcer.sent)
  return Object.freeze<KeyManager<P | A>>({
    request: does('request', requestKey),
    create: does('create', createKey),
    inspect: does('inspect', inspectConfirmation),
    confirm: does('confirm', confirmKey),
    resend: does('resend', resendConfirmation),
    reveal: does('reveal', revealKey),
    register: does('register', registerKey),
    get: does('get', showKey),
    list: does('list', readPage),
    edit: does('edit', editKey),
    renew: does('renew', renewKey),
    rotate: does('rotate', rotateKey),
    suspend: does('suspend', admitted(suspendKey)),
    resume: does('resume', resumeKey),
    revoke: does('revoke', admitted(revokeKey)),
    revokeAll: does('revokeAll', admitted(revokeAll)),
    derive: does('derive', deriveKey),
    freeze: does('freeze', admitted(freezeOwner)),
    thaw: does('thaw', admitted(thawOwner)),
    destroy: does('destroy', admitted(destroyKey)),
    destroyAll: does('destroyAll', admitted(destroyAll)),
    import: does('import', importKey),
    reseal: does('reseal', admitted(resealKeys)),
    countMasterKeys: does('countMasterKeys', admitted(countMasterKeys)),
    sweep: does('sweep', admitted(sweepKeys)),
    reportLeak: does('reportLeak', admitted(reportLeak)),
  })
}

type Work<R, T> = (desk: Desk, request: Omit<R, keyof Asking>, asked: Asked) => Promise<T>
type Counter = <R extends Asking, T>(method: keyof KeyManager, work: Work<R, T>) => (request: R) => Promise<T>

/** Where every request arrives: its form is checked, its asker is kept apart from it, and the table is consulted. */
function createCounter(desk: Desk, announced: () => Promise<unknown>): Counter {
  const { policy, secondFactor, replay, clock } = desk
  const hasSecondFactor = policy.secondFactor === 'if-activated' ? desk.hasSecondFactor : undefined
  const audited = createAudit({ audit: desk.audit, keys: desk.keys, clock })
  const stepUp = createStepUp({ operations: policy.operations, secondFactor, hasSecondFactor, replay, clock })
  return (method, work) => async given => {
    const { actor, proof, browser, ip, ...request } = readRequest(method, given)
    const operation = OPERATIONS[method]
    const { owner, ...named } = request as { owner?: string; keyId?: string; token?: string }
    const keyId = named.keyId ?? keyIdOfToken(named.token)
    const standing = (of = owner) => ({ actor: actor ?? { role: 'owner', id: of ?? '' }, owner: of, keyId }) as const
    const admit: Asked['admit'] = async ({ owner: of = owner ?? '', also, parameters = tellRequest(request) } = {}) => {
      if (operation !== 'read') await stepUp({ ...standing(of), owner: of, operation, also, parameters, proof })
    }
    const answer = audited({ method, reads: operation === 'read', actor, ip, owner, keyId }, async keys => {
      refuseUnlessOpen(policy.operations, operation, standing())
      return work({ ...desk, keys }, request, { browser, admit })
    })
    return operation === 'read' ? answer : answer.finally(announced)
  }
}

/** Work that has nothing to judge before the second factor. */
function admitted<R, T>(work: (desk: Desk, request: Omit<R, keyof Asking>) => Promise<T>): Work<R, T> {
  return async (desk, request, asked) => {
    await asked.admit()
    return work(desk, request)
  }
}

async function showKey(desk: Desk, owned: OwnedKey): Promise<KeyView> {
  return viewKey(await load(desk, owned), desk.clock())
}

async function resumeKey(desk: Desk, owned: OwnedKey, asked: Asked): Promise<KeyView> {
  const record = await load(desk, owned)
  const now = desk.clock()
  if (record.state === 'active') return viewKey(record, now)
  const next = await settleKey(
    desk,
    advanceKey(record, 'resume', { change: { state: 'active', reason: null }, now }),
    now,
  )
  await asked.admit()
  return viewKey(await replaceKey(desk, next, record), now)
}
