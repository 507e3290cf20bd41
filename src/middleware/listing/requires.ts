import { ConfigError } from '../../errors.js'
import type { anyPermission, publicRoute, RoutePermission } from '../../policy/routes.js'

/** Where a handler or its class keeps what it needs. */
const NEEDED: unique symbol = /* @__PURE__ */ Symbol('keylattice requires')

/**
 * Says what a handler of Nest needs, or all handlers of a controller that say nothing themselves: a permission, several
 * that are all needed, `anyPermission`, or `publicRoute`. Stands below decorators that put another function in the
 * handler's place.
 *
 * @throws {ConfigError} when nothing is required: say `anyPermission` or `publicRoute`
 */
export function Requires<P extends string>(
  ...needed: readonly [P, ...P[]] | readonly [typeof anyPermission | typeof publicRoute]
): MethodDecorator & ClassDecorator {
  const permission = permissionOf(needed)
  return (target: object, _name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const handler: unknown = descriptor === undefined ? target : descriptor.value
    Object.defineProperty(handler, NEEDED, { value: permission, configurable: true })
  }
}

function permissionOf(needed: readonly unknown[]): RoutePermission {
  const names = needed.filter(one => typeof one === 'string')
  if (names.length === needed.length && names.length > 0) return names.length === 1 ? names[0]! : Object.freeze(names)
  if (needed.length === 1 && typeof needed[0] === 'symbol') return needed[0] as typeof anyPermission
  throw new ConfigError('ERR_OPTION_INVALID', 'Requires: name permissions, or one of anyPermission and publicRoute', {
    field: 'permission',
  })
}

/** What a handler needs, or else its class, or else a class that this one extends. */
export function neededBy(handler: object, controller: object): RoutePermission | undefined {
  const { [NEEDED]: own } = handler as { readonly [NEEDED]?: RoutePermission }
  return own ?? (controller as { readonly [NEEDED]?: RoutePermission })[NEEDED]
}
