import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyImplications, brokenLaws, type Lattice, latticeOf, SHAPES, SMALL, same } from './lattice.js'
import {
  antichain,
  chain,
  closureOf,
  downSetsOf,
  intersectionOf,
  isSubset,
  maximalOf,
  unionOf,
} from './naive-permissions.js'

function brokenPairLaws({ model, sets, grants, grantOf }: Lattice): readonly string[] {
  return brokenLaws(law => {
    for (const [i, a] of grants.entries()) {
      for (const [j, b] of grants.entries()) {
        const [A, B] = [sets[i]!, sets[j]!]
        const [joined, met] = [model.join(a, b), model.meet(a, b)]
        law('covers is inclusion', model.covers(a, b) === isSubset(B, A))
        law('join is union', same(model, joined, grantOf(unionOf(A, B))))
        law('meet is intersection', same(model, met, grantOf(intersectionOf(A, B))))
        law('antisymmetric', same(model, a, b) === (i === j))
        law('join absorbs meet', same(model, model.join(a, met), a))
        law('meet absorbs join', same(model, model.meet(a, joined), a))
        if (j > i) continue
        law('join commutes', same(model, joined, model.join(b, a)))
        law('meet commutes', same(model, met, model.meet(b, a)))
      }
    }
  })
}

describe('the permission lattice, on every pair of grants', () => {
  it.each(SHAPES)('is the lattice of down-closed sets: %s', (_, implications) => {
    expect(brokenPairLaws(latticeOf(implications))).toEqual([])
  })

  it('is the lattice of down-closed sets for any acyclic implications', () => {
    fc.assert(
      fc.property(anyImplications(6), implications => {
        expect(brokenPairLaws(latticeOf(implications))).toEqual([])
      }),
    )
  })

  it('has as many grants as there are down-closed sets: n + 1 on a chain, 2^n on unrelated permissions', () => {
    for (let count = 1; count <= 10; count++) {
      expect(downSetsOf(chain(count))).toHaveLength(count + 1)
      expect(downSetsOf(antichain(count))).toHaveLength(2 ** count)
    }
  })
})

describe('the permission lattice, on every grant', () => {
  const brokenGrantLaws = ({ implications, model, sets, grants }: Lattice) =>
    brokenLaws(law => {
      for (const [at, grant] of grants.entries()) {
        const names = model.format(grant)
        const maximal = maximalOf(implications, sets[at]!)
        law('covers is reflexive', model.covers(grant, grant))
        law('join is idempotent', same(model, model.join(grant, grant), grant))
        law('meet is idempotent', same(model, model.meet(grant, grant), grant))
        law('none is the least', model.covers(grant, model.none) && same(model, model.join(grant, model.none), grant))
        law('top is the greatest', model.covers(model.top, grant) && same(model, model.meet(grant, model.top), grant))
        law('format gives the maximal members', names.join() === maximal.join())
        law('parse inverts format', same(model, model.parse(names), grant))
        law('parse closes downward', same(model, model.parse([...closureOf(implications, names)]), grant))
        for (const name of names) {
          const fewer = model.parse(names.filter(other => other !== name))
          law('format is minimal', model.covers(grant, fewer) && !model.covers(fewer, grant))
        }
      }
    })

  it.each(SHAPES)('has a least, a greatest, and one shortest way to write each: %s', (_, implications) => {
    expect(brokenGrantLaws(latticeOf(implications))).toEqual([])
  })

  it('has a least, a greatest, and one shortest way to write each, for any acyclic implications', () => {
    fc.assert(
      fc.property(anyImplications(6), implications => {
        expect(brokenGrantLaws(latticeOf(implications))).toEqual([])
      }),
    )
  })
})

describe('the permission lattice, on every triple of grants', () => {
  const brokenTripleLaws = ({ model: m, grants }: Lattice) =>
    brokenLaws(law => {
      for (const a of grants) {
        for (const b of grants) {
          for (const c of grants) {
            law('join associates', same(m, m.join(a, m.join(b, c)), m.join(m.join(a, b), c)))
            law('meet associates', same(m, m.meet(a, m.meet(b, c)), m.meet(m.meet(a, b), c)))
            law('meet distributes', same(m, m.meet(a, m.join(b, c)), m.join(m.meet(a, b), m.meet(a, c))))
            law('join distributes', same(m, m.join(a, m.meet(b, c)), m.meet(m.join(a, b), m.join(a, c))))
            if (!m.covers(b, a)) continue
            law('covers is transitive', !m.covers(c, b) || m.covers(c, a))
            law('join is monotone', m.covers(m.join(b, c), m.join(a, c)))
            law('meet is monotone', m.covers(m.meet(b, c), m.meet(a, c)))
          }
        }
      }
    })

  it.each(SMALL)('is distributive and monotone: %s', (_, implications) => {
    expect(brokenTripleLaws(latticeOf(implications))).toEqual([])
  })

  it('is distributive and monotone for any acyclic implications', () => {
    fc.assert(
      fc.property(anyImplications(4), implications => {
        expect(brokenTripleLaws(latticeOf(implications))).toEqual([])
      }),
    )
  })
})
