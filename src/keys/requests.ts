import { KeyError } from '../errors.js'
import { type OptionNames, readOptions } from '../options.js'
import type { Role } from '../preset.js'
import { holdsSecret } from './credentials.js'
import type { KeyManager } from './key-manager.js'

const EDITABLE = ['label', 'permissions', 'accounts', 'ipAllowlist', 'addresses', 'notBefore', 'expiresAt'] as const
const OWNED = ['owner', 'keyId'] as const
const STEP = ['limit', 'after'] as const
const CREATE = {
  required: ['owner', 'label', 'permissions', 'accounts', 'ipAllowlist'],
  optional: ['scheme', 'addresses', 'terms', 'notBefore', 'expiresAt'],
}

/** What each method takes, besides who asks. A method that is not in it does not compile. */
const REQUESTS: { readonly [M in keyof KeyManager]: OptionNames<string, string> } = {
  request: CREATE,
  create: { ...CREATE, optional: [...CREATE.optional, 'passphrase'] },
  inspect: { required: ['token'], optional: [] },
  confirm: { required: ['token'], optional: ['passphrase'] },
  resend: { required: OWNED, optional: [] },
  reveal: { required: OWNED, optional: ['passphrase'] },
  register: { required: [...OWNED, 'publicKey', 'possession'], optional: [] },
  get: { required: OWNED, optional: [] },
  list: { required: ['owner'], optional: ['limit', 'after'] },
  edit: { required: [...OWNED, 'version'], optional: EDITABLE },
  renew: { required: OWNED, optional: ['expiresAt'] },
  rotate: { required: [...OWNED, 'overlapMs'], optional: ['publicKey', 'possession', 'passphrase'] },
  suspend: { required: [...OWNED, 'reason'], optional: [] },
  resume: { required: OWNED, optional: [] },
  revoke: { required: [...OWNED, 'reason'], optional: [] },
  revokeAll: { required: ['owner', 'reason'], optional: [] },
  derive: {
    required: [...OWNED, 'label', 'permissions', 'accounts', 'ipAllowlist'],
    optional: ['addresses', 'notBefore', 'expiresAt', 'passphrase'],
  },
  freeze: { required: ['owner', 'reason'], optional: [] },
  thaw: { required: ['owner'], optional: [] },
  destroy: { required: [...OWNED, 'reason'], optional: [] },
  destroyAll: { required: ['owner', 'reason'], optional: [] },
  import: {
    required: CREATE.required,
    optional: [...CREATE.optional, 'keyId', 'secret', 'sha256', 'publicKey', 'passphrase'],
  },
  reseal: { required: [], optional: STEP },
  countMasterKeys: { required: [], optional: [] },
  sweep: { required: ['since'], optional: [...STEP, 'until', 'noticesMs'] },
  reportLeak: { required: ['text', 'reason'], optional: ['brand'] },
}

const ASKING = ['actor', 'proof', 'browser', 'ip'] as const

/** Fields that hold a secret, or may: whoever is told what was asked is not told these. */
const UNTOLD = new Set(['secret', 'text', 'token', 'passphrase'])

const TEXTS = ['owner', 'keyId', 'token', 'proof', 'browser', 'ip', 'publicKey', 'possession', 'passphrase'] as const

const ROLES: ReadonlySet<unknown> = /* @__PURE__ */ new Set<Role>(['owner', 'operator', 'key'])
const MAX_ACTOR = 256

/** Who asks must have a name: their attempts are counted under it. */
function expectActor(actor: unknown): void {
  if (actor === undefined) return
  const { role, id } = Object(actor) as { readonly role?: unknown; readonly id?: unknown }
  if (ROLES.has(role) && typeof id === 'string' && id !== '' && id.length <= MAX_ACTOR) return
  throw new KeyError('ERR_INPUT_INVALID', `'actor' must have a role and an id of up to ${MAX_ACTOR} characters`, {
    field: 'actor',
  })
}

/** What is asked, as JSON text, for those who judge or record it. */
export function tellRequest(request: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(request).filter(([name]) => !UNTOLD.has(name))))
}

/**
 * Copies an operation's request, so that what is checked is what is done, whatever the caller's object does meanwhile.
 * A field given as `undefined` is one left out.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`
 * @throws {KeyError} `ERR_INPUT_INVALID` when the owner or the key id is no text, a secret is given for a key id, or the
 * actor has no name
 */
export function readRequest<T extends object>(operation: keyof KeyManager, request: T): T {
  const own = readOptions<Record<string, unknown>>(operation, request as Record<string, unknown>, {
    required: REQUESTS[operation].required,
    optional: [...REQUESTS[operation].optional, ...ASKING],
  })
  for (const field of TEXTS) {
    const value = own[field]
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw new KeyError('ERR_INPUT_INVALID', `'${field}' must be text`, { field })
    }
  }
  if (typeof own['keyId'] === 'string' && holdsSecret(own['keyId'])) {
    throw new KeyError('ERR_INPUT_INVALID', "'keyId' holds a secret where the id of a key belongs", { field: 'keyId' })
  }
  for (const name of Object.keys(own)) if (own[name] === undefined) delete own[name]
  const copy = clone(operation, own)
  expectActor(copy['actor'])
  return copy as T
}

function clone(operation: string, own: Record<string, unknown>): Record<string, unknown> {
  try {
    return structuredClone({ ...own })
  } catch {
    // The engine's own error quotes what it could not copy.
    throw new KeyError('ERR_INPUT_INVALID', `${operation} takes plain data only`)
  }
}
