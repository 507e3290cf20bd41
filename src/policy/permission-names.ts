import { ConfigError } from '../errors.js'

/** Lower-case ASCII words joined by single `-` `_` `.` `:`, so that two names never differ by case, blanks or look-alikes. */
const NAME = /^[a-z][a-z0-9]*(?:[-_.:][a-z0-9]+)*$/

const MAX_NAME_LENGTH = 64

/** Every object has these; a name that is one of them would find it in a careless table. */
const RESERVED = ['constructor', 'prototype']

/** Says what is wrong with a permission definition. `field` must hold checked names only, as it is printed. */
export function invalidPermission(field: string, problem: string): ConfigError {
  return new ConfigError('ERR_PERMISSION_INVALID', `definePermissions: ${field} ${problem}`, { field })
}

function isPermissionName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= MAX_NAME_LENGTH && NAME.test(name) && !RESERVED.includes(name)
}

/**
 * The names of one table of a definition with their values, each read once.
 *
 * @throws {ConfigError} `ERR_PERMISSION_INVALID`
 */
export function readTable<Name extends string>(field: string, value: unknown): ReadonlyMap<Name, unknown> {
  if (!isPlainObject(value)) throw invalidPermission(field, 'must be a plain object')
  const table = new Map<Name, unknown>()
  for (const name of Reflect.ownKeys(value)) {
    if (!isPermissionName(name)) {
      throw invalidPermission(
        field,
        `holds, in place ${table.size + 1}, a name that is not lower-case ASCII words joined by - _ . or :, ` +
          `at most ${MAX_NAME_LENGTH} long, and none of ${RESERVED.join(', ')}`,
      )
    }
    table.set(name as Name, value[name])
  }
  return table
}

/** `{ __proto__: [] }` in a literal sets a prototype, which would lose a permission without a word. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/**
 * A list of permission names as their places.
 *
 * @throws {ConfigError} `ERR_PERMISSION_INVALID` for an unknown name or one named twice
 */
export function readReferences(field: string, value: unknown, places: ReadonlyMap<string, number>): readonly number[] {
  if (!Array.isArray(value)) throw invalidPermission(field, 'must be a list of permission names')
  const found = new Set<number>()
  for (const [position, name] of value.entries()) {
    const place = places.get(name)
    if (place === undefined) throw invalidPermission(`${field}[${position}]`, 'is not a permission of this definition')
    if (found.has(place)) throw invalidPermission(`${field}[${position}]`, 'names a permission a second time')
    found.add(place)
  }
  return [...found]
}
