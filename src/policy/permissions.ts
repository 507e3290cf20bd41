import { ConfigError, KeyError } from '../errors.js'
import type { Grant, PermissionModel } from '../key.js'
import { type Bits, bitAt, difference, includes, intersection, NO_BITS, union } from './permission-bits.js'
import {
  excludedPair,
  type PermissionDefinition,
  type PermissionOrder,
  readDefinition,
} from './permission-definition.js'

export type { PermissionDefinition }

type Order = PermissionOrder<string, string>

/** The inside of a grant. The owner is a symbol that only its model has: nothing parsed, cloned or made up can equal it. */
interface OwnedBits extends Grant, Bits {
  readonly owner: symbol
}

/**
 * Compiles a partial order of named permissions. Grants of one model are refused by every other, even by one of the
 * same definition.
 *
 * Where permissions exclude each other no grant of everything exists: `top` is then a ceiling only, and an alias of
 * `'top'` is refused.
 *
 * @throws {ConfigError} `ERR_PERMISSION_INVALID`, `ERR_PERMISSION_CYCLE`, `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`
 */
export function definePermissions<const P extends string, const A extends string = never>(
  definition: PermissionDefinition<P, A>,
): PermissionModel<P, A> {
  const order = readDefinition(definition)
  const owner = Symbol('permission model')
  const own = ({ low, high }: Bits): Grant => Object.freeze({ owner, low, high }) as OwnedBits
  const bitsOf = (grant: Grant): Bits => {
    if ((grant as OwnedBits | undefined)?.owner !== owner) throw foreign()
    return grant as OwnedBits
  }
  return Object.freeze<PermissionModel<P, A>>({
    names: Object.freeze(order.names),
    aliases: Object.freeze(order.aliases),
    none: own(NO_BITS),
    top: own(order.top),
    grant: (...names) => own(grantable(order, meaningOf(order, names))),
    parse: names => own(grantable(order, meaningOf(order, names))),
    ceiling: names => own(meaningOf(order, names)),
    format: grant => generators(order, grantable(order, bitsOf(grant))),
    covers: (grant, needed) => includes(bitsOf(grant), bitsOf(needed)),
    join: (a, b) => own(grantable(order, union(bitsOf(a), bitsOf(b)))),
    meet: (a, b) => own(intersection(bitsOf(a), bitsOf(b))),
    attenuate(wanted, ceiling) {
      const excess = difference(grantable(order, bitsOf(wanted)), bitsOf(ceiling))
      if (!includes(NO_BITS, excess)) throw ceilingExceeded(namesIn(order.names, excess))
      return wanted
    },
  })
}

/** The union of what the names mean. Only a name in exactly its bytes means anything. */
function meaningOf(order: Order, names: readonly string[]): Bits {
  if (!Array.isArray(names)) {
    throw new KeyError('ERR_INPUT_INVALID', 'permissions must be a list of names', { field: 'permissions' })
  }
  let bits = NO_BITS
  for (const [position, name] of names.entries()) {
    const meaning = order.meanings.get(name)
    if (meaning === undefined) throw unknownName(position)
    bits = union(bits, meaning)
  }
  return bits
}

/** @throws {KeyError} `ERR_PERMISSION_EXCLUDED` */
function grantable(order: Order, bits: Bits): Bits {
  const pair = excludedPair(bits, order.exclusions)
  if (pair !== undefined) throw excluded(namesIn(order.names, pair))
  return bits
}

/** What a set holds that nothing else in it implies. */
function generators<P extends string>(order: PermissionOrder<P, string>, bits: Bits): readonly P[] {
  let implied = NO_BITS
  for (const [place, closure] of order.closures.entries()) {
    const self = bitAt(place)
    if (includes(bits, self)) implied = union(implied, difference(closure, self))
  }
  return namesIn(order.names, difference(bits, implied))
}

function namesIn<P extends string>(names: readonly P[], bits: Bits): readonly P[] {
  return names.filter((_, place) => includes(bits, bitAt(place)))
}

function foreign(): ConfigError {
  return new ConfigError('ERR_PERMISSION_FOREIGN', 'A grant was used with a permission model that did not make it')
}

function unknownName(position: number): KeyError {
  const field = `permissions[${position}]`
  return new KeyError('ERR_PERMISSION_UNKNOWN', `${field} is not a permission or an alias`, { field })
}

function excluded(names: readonly string[]): KeyError {
  const message = `These permissions exclude each other: ${names.join(', ')}`
  return new KeyError('ERR_PERMISSION_EXCLUDED', message, { field: 'permissions' })
}

function ceilingExceeded(names: readonly string[]): KeyError {
  const message = `These permissions are above the ceiling: ${names.join(', ')}`
  return new KeyError('ERR_CEILING_EXCEEDED', message, { field: 'permissions' })
}
