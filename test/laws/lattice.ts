import fc from 'fast-check'
import type { Grant, PermissionModel } from '../../src/key.js'
import { definePermissions } from '../../src/policy/permissions.js'
import { antichain, chain, downSetsOf, holdsPair, type Implications, numbered } from './naive-permissions.js'

/** A model with every grant it can make, beside the set of names each must equal. */
export interface Lattice {
  readonly implications: Implications
  readonly model: PermissionModel
  readonly sets: readonly ReadonlySet<string>[]
  readonly grants: readonly Grant[]
  grantOf(set: ReadonlySet<string>): Grant
}

export function latticeOf(
  implications: Implications,
  exclusions: readonly (readonly [string, string])[] = [],
): Lattice {
  const model: PermissionModel = definePermissions<string, never>({ permissions: implications, exclusions })
  const names = Object.keys(implications)
  const keyOf = (set: ReadonlySet<string>) => names.filter(name => set.has(name)).join()
  const sets = downSetsOf(implications).filter(set => !holdsPair(set, exclusions))
  const grants = sets.map(set => model.parse([...set]))
  const byKey = new Map(sets.map((set, at) => [keyOf(set), grants[at]!]))
  return { implications, model, sets, grants, grantOf: set => byKey.get(keyOf(set))! }
}

export function same(model: PermissionModel, a: Grant, b: Grant): boolean {
  return model.covers(a, b) && model.covers(b, a)
}

export function codeOf(run: () => unknown): string {
  try {
    run()
    return 'none'
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** Collects what is broken, since a million `expect` would take minutes. */
export function brokenLaws(check: (law: (name: string, holds: boolean) => void) => void): readonly string[] {
  const broken = new Set<string>()
  check((name, holds) => {
    if (!holds) broken.add(name)
  })
  return [...broken]
}

export const SHAPES: readonly (readonly [string, Implications])[] = [
  ...Array.from({ length: 10 }, (_, at) => [`a chain of ${at + 1}`, chain(at + 1)] as const),
  ...[1, 2, 3, 4, 5, 6, 10].map(count => [`${count} unrelated permissions`, antichain(count)] as const),
  ['a diamond', { d: ['b', 'c'], b: ['a'], c: ['a'], a: [] }],
  [
    'three diamonds on top of each other',
    numbered(10, at => (at === 0 ? [] : at % 3 === 0 ? [at - 1, at - 2] : [at - (at % 3)])),
  ],
  ['an N', { a: [], b: [], c: ['a', 'b'], d: ['b'] }],
  ['a binary tree growing up', numbered(10, at => (at === 0 ? [] : [Math.floor((at - 1) / 2)]))],
  ['a binary tree growing down', numbered(10, at => [2 * at + 1, 2 * at + 2].filter(below => below < 10))],
  ['five pairs of read and write', numbered(10, at => (at % 2 === 0 ? [] : [at - 1]))],
  ['a crown', numbered(10, at => (at < 5 ? [] : [0, 1, 2, 3, 4].filter(below => below !== at - 5)))],
  ['a definition from the top down', numbered(8, at => (at === 7 ? [] : [at + 1]))],
]

export const SMALL = SHAPES.filter(([, implications]) => Object.keys(implications).length <= 5)

/** Any acyclic implications, with names in an order that says nothing of the implications. */
export const anyImplications = (maxPermissions: number): fc.Arbitrary<Implications> =>
  fc.integer({ min: 1, max: maxPermissions }).chain(count =>
    fc
      .tuple(
        fc.array(fc.array(fc.nat({ max: count - 1 }), { maxLength: 4 }), { minLength: count, maxLength: count }),
        fc.shuffledSubarray(
          Array.from({ length: count }, (_, at) => at),
          { minLength: count },
        ),
      )
      .map(([lists, order]) => {
        const below = (at: number) => [...new Set(lists[at]!.filter(other => other < at))]
        return Object.fromEntries(order.map(at => [`p${at}`, below(at).map(other => `p${other}`)]))
      }),
  )
