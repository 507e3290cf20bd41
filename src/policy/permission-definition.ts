import { ConfigError } from '../errors.js'
import { readOptions } from '../options.js'
import { type Bits, bitAt, includes, MAX_PERMISSIONS, NO_BITS, union } from './permission-bits.js'
import { invalidPermission, readReferences, readTable } from './permission-names.js'

/** A partial order of permissions, written down. Names are lower-case ASCII words joined by `-` `_` `.` or `:`. */
export interface PermissionDefinition<P extends string, A extends string> {
  /** Each permission with the permissions it implies directly; what those imply follows. 1 to 62 of them. */
  readonly permissions: { readonly [name in P]: readonly NoInfer<P>[] }
  /**
   * Further names for a set. `'top'` is everything, and grows when a permission is added; a list is those permissions
   * and what they imply. An alias never names another alias, nor nothing.
   */
  readonly aliases?: { readonly [name in A]: 'top' | readonly NoInfer<P>[] }
  /** Pairs of permissions that no key may hold together. */
  readonly exclusions?: readonly (readonly [NoInfer<P>, NoInfer<P>])[]
}

/** A checked definition, ready to compute with. */
export interface PermissionOrder<P extends string, A extends string> {
  readonly names: readonly P[]
  readonly aliases: readonly A[]
  /** Per permission, in definition order: itself and everything it implies. */
  readonly closures: readonly Bits[]
  /** Everything a list of names may say, aliases included. */
  readonly meanings: ReadonlyMap<string, Bits>
  /** Per exclusion: the two that exclude each other. */
  readonly exclusions: readonly Bits[]
  readonly top: Bits
}

/** @throws {ConfigError} `ERR_PERMISSION_INVALID`, `ERR_PERMISSION_CYCLE`, `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING` */
export function readDefinition<P extends string, A extends string>(
  definition: PermissionDefinition<P, A>,
): PermissionOrder<P, A> {
  const options = readOptions('definePermissions', definition, {
    required: ['permissions'],
    optional: ['aliases', 'exclusions'],
  })
  const table = readTable<P>('permissions', options.permissions)
  if (table.size === 0 || table.size > MAX_PERMISSIONS) {
    throw invalidPermission('permissions', `must hold 1 to ${MAX_PERMISSIONS} names`)
  }
  const names = [...table.keys()]
  const places = new Map<string, number>(names.map((name, place) => [name, place]))
  const implied = [...table].map(([name, list]) => readReferences(`permissions.${name}`, list, places))
  const closures = closeDownward(names, implied)
  const top = joinAll(closures)
  const meaningOf = (field: string, list: unknown): Bits =>
    list === 'top' ? top : joinAll(readReferences(field, list, places).map(place => closures[place]!))
  const aliases = readAliases<A>(options.aliases, places, meaningOf)
  const exclusions = readExclusions(options.exclusions, places)
  const meanings = new Map<string, Bits>(aliases)
  for (const [name, place] of places) meanings.set(name, closures[place]!)
  refuseExcludedMeanings(meanings, exclusions)
  return { names, aliases: [...aliases.keys()], closures, meanings, exclusions, top }
}

/** Whether a set holds both permissions of some exclusion; the pair, if so. */
export function excludedPair(bits: Bits, exclusions: readonly Bits[]): Bits | undefined {
  return exclusions.find(pair => includes(bits, pair))
}

function joinAll(sets: readonly Bits[]): Bits {
  return sets.reduce(union, NO_BITS)
}

function closeDownward(names: readonly string[], implied: readonly (readonly number[])[]): readonly Bits[] {
  const closures: Bits[] = []
  const path: number[] = []
  const close = (place: number): Bits => {
    const known = closures[place]
    if (known !== undefined) return known
    if (path.includes(place)) throw cycle([...path.slice(path.indexOf(place)), place].map(at => names[at]!))
    path.push(place)
    const closure = union(bitAt(place), joinAll(implied[place]!.map(close)))
    path.pop()
    closures[place] = closure
    return closure
  }
  return names.map((_, place) => close(place))
}

function cycle(names: readonly string[]): ConfigError {
  const message = `definePermissions: permissions imply each other in a circle: ${names.join(' → ')}`
  return new ConfigError('ERR_PERMISSION_CYCLE', message, { field: `permissions.${names[0]}` })
}

function readAliases<A extends string>(
  value: unknown,
  places: ReadonlyMap<string, number>,
  meaningOf: (field: string, list: unknown) => Bits,
): ReadonlyMap<A, Bits> {
  const meanings = new Map<A, Bits>()
  if (value === undefined) return meanings
  for (const [alias, list] of readTable<A>('aliases', value)) {
    const field = `aliases.${alias}`
    if (places.has(alias)) throw invalidPermission(field, 'is the name of a permission')
    const meaning = meaningOf(field, list)
    if (includes(NO_BITS, meaning)) throw invalidPermission(field, 'must name at least one permission')
    meanings.set(alias, meaning)
  }
  return meanings
}

function readExclusions(value: unknown, places: ReadonlyMap<string, number>): readonly Bits[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw invalidPermission('exclusions', 'must be a list of pairs')
  const pairs: Bits[] = []
  for (const [position, names] of value.entries()) {
    const field = `exclusions[${position}]`
    const pair = readReferences(field, names, places)
    if (pair.length !== 2) throw invalidPermission(field, 'must be two permissions')
    const bits = joinAll(pair.map(bitAt))
    if (excludedPair(bits, pairs)) throw invalidPermission(field, 'repeats an exclusion')
    pairs.push(bits)
  }
  return pairs
}

/** A name that could never be granted, `top` among them, is a mistake to be found before a key is refused for it. */
function refuseExcludedMeanings(meanings: ReadonlyMap<string, Bits>, exclusions: readonly Bits[]): void {
  for (const [name, bits] of meanings) {
    if (excludedPair(bits, exclusions)) {
      throw invalidPermission('exclusions', `separate permissions that '${name}' holds together`)
    }
  }
}
