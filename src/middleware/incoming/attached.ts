import { ConfigError } from '../../errors.js'
import type { Principal } from '../../keys/compiled-key.js'
import type { Access } from '../../verify/gate.js'

/** What `protect` leaves on the request object of a framework. */
export interface Attached {
  /** The caller; `undefined` on a public route. */
  principal?: Principal | undefined
  access?: Access | undefined
}

/** @throws {ConfigError} where another `protect` has been: the second would take the same nonce for a replay */
export function expectFirst({ access }: Attached): void {
  if (access === undefined) return
  const message =
    'protect: this request has been judged before; protect stands twice in front of this route ' +
    '(on the application and on a router?): leave one out'
  throw new ConfigError('ERR_OPTION_INVALID', message, { field: 'protect' })
}

/** Leaves the outcome on the request. */
export function attach(request: Attached, access: Access): void {
  request.principal = access.principal
  request.access = access
}
