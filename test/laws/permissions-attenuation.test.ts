import { describe, expect, it } from 'vitest'
import type { Grant } from '../../src/key.js'
import { brokenLaws, codeOf, latticeOf, SHAPES, SMALL } from './lattice.js'
import { downSetsOf } from './naive-permissions.js'

const MIDDLING = SHAPES.filter(([, implications]) => downSetsOf(implications).length <= 64)

describe('attenuation', () => {
  it.each(MIDDLING)('passes what the ceiling covers and names exactly what is above it: %s', (_, implications) => {
    const { model, sets, grants } = latticeOf(implications)
    const broken = brokenLaws(law => {
      for (const [i, wanted] of grants.entries()) {
        for (const [j, ceiling] of grants.entries()) {
          const above = Object.keys(implications).filter(name => sets[i]!.has(name) && !sets[j]!.has(name))
          try {
            law('what passes is what was wanted', model.attenuate(wanted, ceiling) === wanted)
            law('nothing above the ceiling passes', above.length === 0)
          } catch (error) {
            const { code, message } = error as { code: string; message: string }
            law('what the ceiling covers passes', above.length > 0)
            law('the refusal is ERR_CEILING_EXCEEDED', code === 'ERR_CEILING_EXCEEDED')
            law('the refusal names what is above', message.endsWith(`: ${above.join(', ')}`))
          }
        }
      }
    })
    expect(broken).toEqual([])
  })

  it.each(SMALL)('never leads above the first ceiling, however long the line of keys: %s', (_, implications) => {
    const { model, grants } = latticeOf(implications)
    const childrenOf = (ceiling: Grant) =>
      new Set(grants.filter(wanted => codeOf(() => model.attenuate(wanted, ceiling)) === 'none'))
    const children = new Map(grants.map(ceiling => [ceiling, childrenOf(ceiling)]))
    const broken = brokenLaws(law => {
      for (const ceiling of grants) {
        for (const child of children.get(ceiling)!) {
          law('a child is within the ceiling', model.covers(ceiling, child))
          for (const grandchild of children.get(child)!) {
            law('a grandchild could have been a child', children.get(ceiling)!.has(grandchild))
          }
        }
      }
    })
    expect(broken).toEqual([])
  })

  it.each(SMALL)('admits under two ceilings exactly what each of them admits: %s', (_, implications) => {
    const { model, grants } = latticeOf(implications)
    const admits = (ceiling: Grant) => grants.map(wanted => codeOf(() => model.attenuate(wanted, ceiling)) === 'none')
    const admitted = new Map(grants.map(ceiling => [ceiling, admits(ceiling)]))
    const broken = brokenLaws(law => {
      for (const a of grants) {
        for (const b of grants) {
          const byBoth = admits(model.meet(a, b))
          const byEach = grants.map((_, at) => admitted.get(a)![at]! && admitted.get(b)![at]!)
          law('meet of ceilings', byBoth.join() === byEach.join())
        }
      }
    })
    expect(broken).toEqual([])
  })
})
