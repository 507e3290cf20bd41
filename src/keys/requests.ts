import { KeyError } from '../errors.js'
import { type OptionNames, readOptions } from '../options.js'
import type { KeyManager } from './key-manager.js'

const EDITABLE = ['label', 'permissions', 'accounts', 'ipAllowlist', 'addresses', 'notBefore', 'expiresAt'] as const
const OWNED = ['owner', 'keyId'] as const
const CREATE = {
  required: ['owner', 'label', 'permissions', 'accounts', 'ipAllowlist'],
  optional: ['scheme', 'addresses', 'terms', 'notBefore', 'expiresAt'],
}

/** What each method takes, besides who asks. A method that is not in it does not compile. */
const REQUESTS: { readonly [M in keyof KeyManager]: OptionNames<string, string> } = {
  request: CREATE,
  create: CREATE,
  inspect: { required: ['token'], optional: [] },
  confirm: { required: ['token'], optional: [] },
  resend: { required: OWNED, optional: [] },
  reveal: { required: OWNED, optional: [] },
  get: { required: OWNED, optional: [] },
  list: { required: ['owner'], optional: ['limit', 'after'] },
  edit: { required: [...OWNED, 'version'], optional: EDITABLE },
  renew: { required: OWNED, optional: ['expiresAt'] },
  rotate: { required: [...OWNED, 'overlapMs'], optional: [] },
  suspend: { required: [...OWNED, 'reason'], optional: [] },
  resume: { required: OWNED, optional: [] },
  revoke: { required: [...OWNED, 'reason'], optional: [] },
  revokeAll: { required: ['owner', 'reason'], optional: [] },
  derive: {
    required: [...OWNED, 'label', 'permissions', 'accounts', 'ipAllowlist'],
    optional: ['addresses', 'notBefore', 'expiresAt'],
  },
  freeze: { required: ['owner', 'reason'], optional: [] },
  thaw: { required: ['owner'], optional: [] },
  destroy: { required: [...OWNED, 'reason'], optional: [] },
  destroyAll: { required: ['owner', 'reason'], optional: [] },
}

const ASKING = ['actor', 'proof', 'browser'] as const

/**
 * Copies an operation's request, so that what is checked is what is done, whatever the caller's object does meanwhile.
 * A field given as `undefined` is one left out.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`
 * @throws {KeyError} `ERR_INPUT_INVALID` when the owner or the key id is no text
 */
export function readRequest<T extends object>(operation: keyof KeyManager, request: T): T {
  const own = readOptions<Record<string, unknown>>(operation, request as Record<string, unknown>, {
    required: REQUESTS[operation].required,
    optional: [...REQUESTS[operation].optional, ...ASKING],
  })
  for (const field of ['owner', 'keyId', 'token', 'proof', 'browser']) {
    const value = own[field]
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw new KeyError('ERR_INPUT_INVALID', `'${field}' must be text`, { field })
    }
  }
  for (const name of Object.keys(own)) if (own[name] === undefined) delete own[name]
  try {
    return structuredClone({ ...own }) as T
  } catch (cause) {
    throw new KeyError('ERR_INPUT_INVALID', `${operation} takes plain data only`, { cause })
  }
}
