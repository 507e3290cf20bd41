import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PermissionModel } from '../../src/key.js'
import { definePermissions } from '../../src/policy/permissions.js'
import { anyImplications, same } from './lattice.js'
import {
  antichain,
  chain,
  closureOf,
  type Implications,
  intersectionOf,
  isSubset,
  maximalOf,
  unionOf,
} from './naive-permissions.js'

const define = (permissions: Implications): PermissionModel => definePermissions<string, never>({ permissions })

/** What a grant holds, asked name by name. */
function heldBy(model: PermissionModel, names: readonly string[]): ReadonlySet<string> {
  const grant = model.parse(names)
  return new Set(model.names.filter(name => model.covers(grant, model.parse([name]))))
}

describe('names as storage', () => {
  /** Implications, the same in another order, and some of their names. */
  const reordered = anyImplications(10).chain(implications =>
    fc.tuple(
      fc.constant(implications),
      fc.shuffledSubarray(Object.entries(implications), { minLength: Object.keys(implications).length }),
      fc.subarray(Object.keys(implications)),
    ),
  )

  it('mean the same permissions after the definition is re-ordered', () => {
    fc.assert(
      fc.property(reordered, ([implications, shuffled, chosen]) => {
        const [before, after] = [define(implications), define(Object.fromEntries(shuffled))]
        const stored = before.format(before.parse(chosen))
        expect(heldBy(after, stored)).toEqual(closureOf(implications, chosen))
      }),
    )
  })

  it('mean the same permissions after unrelated ones are added in front', () => {
    fc.assert(
      fc.property(reordered, ([implications, , chosen]) => {
        const before = define(implications)
        const after = define({ 'new-first': [], 'new-second': ['new-first'], ...implications })
        const stored = before.format(before.parse(chosen))
        expect(heldBy(after, stored)).toEqual(closureOf(implications, chosen))
      }),
    )
  })

  it('do not depend on the order or the number of times they are listed', () => {
    fc.assert(
      fc.property(reordered, ([implications, , chosen]) => {
        const model = define(implications)
        expect(same(model, model.parse([...chosen].reverse().concat(chosen)), model.parse(chosen))).toBe(true)
      }),
    )
  })
})

describe('models of up to 62 permissions, which fill two words', () => {
  const wide = anyImplications(62).chain(implications =>
    fc.tuple(fc.constant(implications), fc.subarray(Object.keys(implications)), fc.subarray(Object.keys(implications))),
  )

  it('agree with sets of names', () => {
    fc.assert(
      fc.property(wide, ([implications, someNames, otherNames]) => {
        const model = define(implications)
        const [A, B] = [closureOf(implications, someNames), closureOf(implications, otherNames)]
        const [a, b] = [model.parse(someNames), model.parse(otherNames)]
        expect(model.covers(a, b)).toBe(isSubset(B, A))
        expect(model.format(a)).toEqual(maximalOf(implications, A))
        expect(model.format(model.join(a, b))).toEqual(maximalOf(implications, unionOf(A, B)))
        expect(model.format(model.meet(a, b))).toEqual(maximalOf(implications, intersectionOf(A, B)))
      }),
      { numRuns: 300 },
    )
  })

  it.each([30, 31, 32, 61, 62])('tell every permission from every other among %i unrelated ones', count => {
    const model = define(antichain(count))
    const alone = model.names.map(name => model.parse([name]))
    const wrong = alone.flatMap((a, i) => alone.map((b, j) => model.covers(a, b) === (i === j)).filter(right => !right))
    expect(wrong).toEqual([])
    expect(model.format(model.top)).toEqual(model.names)
  })

  it.each([30, 31, 32, 61, 62])('order every permission of a chain of %i', count => {
    const model = define(chain(count))
    const alone = model.names.map(name => model.parse([name]))
    const wrong = alone.flatMap((a, i) => alone.map((b, j) => model.covers(a, b) === i >= j).filter(right => !right))
    expect(wrong).toEqual([])
    expect(model.format(model.top)).toEqual([`p${count - 1}`])
  })
})
