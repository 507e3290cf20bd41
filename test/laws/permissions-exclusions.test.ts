import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { definePermissions } from '../../src/policy/permissions.js'
import { anyImplications, brokenLaws, codeOf, latticeOf, same } from './lattice.js'
import { closureOf, downSetsOf, holdsPair, type Implications, intersectionOf, unionOf } from './naive-permissions.js'

/** Implications with pairs that exclude each other, where no single permission holds both of a pair. */
const anyExclusive = anyImplications(6).chain(implications => {
  const names = Object.keys(implications)
  const pairs = names
    .flatMap((a, at) => names.slice(at + 1).map(b => [a, b] as const))
    .filter(pair => !names.some(name => holdsPair(closureOf(implications, [name]), [pair])))
  return fc.tuple(fc.constant(implications), fc.subarray(pairs))
})

const BITMEX: Implications = { read: [], order: ['read'], 'order-cancel': ['read'], withdraw: ['read'] }

function brokenExclusionLaws(implications: Implications, exclusions: readonly (readonly [string, string])[]) {
  const { model, sets, grants, grantOf } = latticeOf(implications, exclusions)
  return brokenLaws(law => {
    for (const set of downSetsOf(implications)) {
      const expected = holdsPair(set, exclusions) ? 'ERR_PERMISSION_EXCLUDED' : 'none'
      const ceiling = model.ceiling([...set])
      law('parse refuses exactly the sets that hold a pair', codeOf(() => model.parse([...set])) === expected)
      law('format refuses what parse would', codeOf(() => model.format(ceiling)) === expected)
      law('no ceiling lets a pair through', codeOf(() => model.attenuate(ceiling, model.top)) === expected)
      law('top covers every ceiling', model.covers(model.top, ceiling))
    }
    for (const [i, a] of grants.entries()) {
      law('parse inverts format', same(model, model.parse(model.format(a)), a))
      law('every grant is within top', model.attenuate(a, model.top) === a)
      for (const [j, b] of grants.entries()) {
        const union = unionOf(sets[i]!, sets[j]!)
        law('meet never fails', same(model, model.meet(a, b), grantOf(intersectionOf(sets[i]!, sets[j]!))))
        if (holdsPair(union, exclusions)) {
          law('join refuses a pair', codeOf(() => model.join(a, b)) === 'ERR_PERMISSION_EXCLUDED')
        } else {
          law('join is union where there is one', same(model, model.join(a, b), grantOf(union)))
        }
      }
    }
  })
}

describe('permissions that exclude each other', () => {
  it('are never in one grant, whatever made it: a key that places orders and one that only cancels them', () => {
    expect(brokenExclusionLaws(BITMEX, [['order', 'order-cancel']])).toEqual([])
  })

  it('are never in one grant, whatever made it: any implications and any exclusions', () => {
    fc.assert(
      fc.property(anyExclusive, ([implications, exclusions]) => {
        expect(brokenExclusionLaws(implications, exclusions)).toEqual([])
      }),
    )
  })

  it('are refused at definition where one permission holds both, and accepted where none does', () => {
    fc.assert(
      fc.property(anyImplications(6), fc.nat(), (permissions, pick) => {
        const names = Object.keys(permissions)
        const [a, b] = [names[pick % names.length]!, names[(pick + 1) % names.length]!]
        fc.pre(a !== b)
        const impossible = names.some(name => holdsPair(closureOf(permissions, [name]), [[a, b]]))
        const define = () => definePermissions<string, never>({ permissions, exclusions: [[a, b]] })
        expect(codeOf(define)).toBe(impossible ? 'ERR_PERMISSION_INVALID' : 'none')
      }),
    )
  })
})
