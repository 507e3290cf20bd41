import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT, requireBuild } from '../package/dist.js'
import { allRuntimes, thisNode } from './runtimes.js'
import { type Stage, setStage } from './stage.js'
import type { Outcome } from './suite/check.js'
import { type Column, differences, markOf, readmeBlock, runtimesPage, withReadmeBlock } from './table.js'

const PAGES = ['README.md', 'docs/reference/runtimes.md']
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

requireBuild()
const isTabled = allRuntimes().some(({ name }) => name === thisNode.name)

describe('The suite of all runtimes', () => {
  let stage: Stage
  let outcomes: readonly Outcome[]

  beforeAll(async () => {
    stage = await setStage()
    outcomes = await thisNode.run(stage)
  })
  afterAll(() => stage?.end())

  it('holds on this Node, installed and bundled', () => {
    expect(outcomes.filter(({ state }) => state === 'failed')).toEqual([])
    expect(outcomes.filter(({ state }) => state === 'passed').length).toBeGreaterThan(300)
  })

  it('skips what needs the vectors of others, where there are none', ({ skip }) => {
    const skipped = outcomes.filter(({ state }) => state === 'skipped')
    if (skipped.length > 0) skip(skipped[0]?.why)
    expect(skipped).toEqual([])
  })

  for (const path of PAGES)
    it(`finds what ${path} says of this Node`, ({ skip }) => {
      if (!isTabled) skip(`no table speaks of ${thisNode.name}`)
      expect(differences(read(path), [{ name: thisNode.name, outcomes }])).toEqual([])
    })

  it('holds on all the others', ({ skip }) => skip('npm run test:runtimes runs the other runtimes'))
})

describe('The table of runtimes', () => {
  const outcome = (state: Outcome['state'], why = ''): Outcome => {
    return { capability: 'hmac', name: 'x', state, why, ms: 0 }
  }
  const column = (...outcomes: readonly Outcome[]): Column => ({ name: 'Node 20', outcomes })

  it('marks what passed, what is lacking, what failed, and nothing that was not tried', () => {
    expect(markOf(column(outcome('passed'), outcome('skipped')), 'hmac')).toBe('✓')
    expect(markOf(column(outcome('passed'), outcome('absent')), 'hmac')).toBe('–')
    expect(markOf(column(outcome('absent'), outcome('failed')), 'hmac')).toBe('✗')
    expect(markOf(column(outcome('passed')), 'sealer')).toBeUndefined()
  })

  it('says once why something is lacking, and where', () => {
    const lacking = [
      column(outcome('absent', 'has none')),
      { name: 'Deno 2', outcomes: [outcome('absent', 'has none')] },
    ]
    expect(runtimesPage(lacking).match(/^- .*has none$/gm)).toEqual([
      expect.stringMatching(/^- Node 20, Deno 2 · HMAC/),
    ])
  })

  it('differs from another run, whatever version Chromium has', () => {
    const page = runtimesPage([column(outcome('passed')), { name: 'Chromium 150', outcomes: [outcome('absent', 'x')] }])
    expect(differences(page, [column(outcome('passed'))])).toEqual([])
    expect(differences(page, [column(outcome('absent'))])).toHaveLength(1)
    expect(differences(page, [column(outcome('failed'))])).toHaveLength(1)
    expect(differences(page, [{ name: 'Chromium 151', outcomes: [outcome('absent')] }])).toEqual([])
    expect(differences(page, [{ name: 'Node 21', outcomes: [] }])).toEqual(['the table has no column Node 21'])
  })

  it('takes its place in the README, and only there', () => {
    const readme = 'before\n<!-- runtimes -->\nold\n<!-- /runtimes -->\nafter\n'
    const block = readmeBlock([column(outcome('passed'))])
    expect(withReadmeBlock(readme, block)).toBe(`before\n<!-- runtimes -->\n${block}\n<!-- /runtimes -->\nafter\n`)
    expect(withReadmeBlock(withReadmeBlock(readme, block), block)).toBe(withReadmeBlock(readme, block))
    expect(() => withReadmeBlock('no place', block)).toThrow('has no')
  })
})
