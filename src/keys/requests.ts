import { KeyError } from '../errors.js'
import { type OptionNames, readOptions } from '../options.js'
import type { KeyManager } from './manager-types.js'

const EDITABLE = ['label', 'permissions', 'accounts', 'ipAllowlist', 'notBefore', 'expiresAt'] as const

/** THE table of operations: what each takes. An operation that is not in it does not compile. */
const REQUESTS: { readonly [O in keyof KeyManager]: OptionNames<string, string> } = {
  create: {
    required: ['owner', 'label', 'permissions', 'accounts', 'ipAllowlist'],
    optional: ['scheme', 'notBefore', 'expiresAt'],
  },
  get: { required: ['owner', 'keyId'], optional: [] },
  list: { required: ['owner'], optional: ['limit', 'after'] },
  edit: { required: ['owner', 'keyId', 'version'], optional: EDITABLE },
  renew: { required: ['owner', 'keyId'], optional: ['expiresAt'] },
  rotate: { required: ['owner', 'keyId', 'overlapMs'], optional: [] },
  suspend: { required: ['owner', 'keyId', 'reason'], optional: [] },
  resume: { required: ['owner', 'keyId'], optional: [] },
  revoke: { required: ['owner', 'keyId', 'reason'], optional: [] },
  revokeAll: { required: ['owner', 'reason'], optional: [] },
  destroy: { required: ['owner', 'keyId', 'reason'], optional: [] },
}

/**
 * Copies an operation's request, so that what is checked is what is done, whatever the caller's object does meanwhile.
 * A field given as `undefined` is one left out.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`
 * @throws {KeyError} `ERR_INPUT_INVALID` when the owner or the key id is no text
 */
export function readRequest<T extends object>(operation: keyof KeyManager, request: T): T {
  const own = readOptions<Record<string, unknown>>(operation, request as Record<string, unknown>, REQUESTS[operation])
  for (const field of ['owner', 'keyId']) {
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
