import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { PermissionModel } from '../../src/key.js'
import { bitcoinSuisse } from '../../src/presets/bitcoin-suisse.js'
import { bitexbit } from '../../src/presets/bitexbit.js'
import { bitfinex } from '../../src/presets/bitfinex.js'
import { bitpandaPro } from '../../src/presets/bitpanda-pro.js'
import { standard } from '../../src/presets/standard.js'

const guide = readFileSync(new URL('../../docs/guide/permissions.md', import.meta.url), 'utf8')

/** The arrows a diagram of the model needs: from each permission to those right below it, or the permission alone. */
function arrowsOf(model: PermissionModel): readonly string[] {
  const above = (a: string, b: string) => a !== b && model.covers(model.parse([a]), model.parse([b]))
  const arrows = model.names.flatMap(upper =>
    model.names
      .filter(
        lower => above(upper, lower) && !model.names.some(between => above(upper, between) && above(between, lower)),
      )
      .map(lower => `${upper} --> ${lower}`),
  )
  const alone = model.names.filter(name => !arrows.some(arrow => arrow.split(' --> ').includes(name)))
  return [...arrows, ...alone].sort()
}

describe('the guide to permissions', () => {
  const sections = guide.split('\n### ').slice(1)

  const sectionOf = (id: string) => sections.find(text => text.startsWith(`\`keylattice/presets/${id}\``))!

  it('shows the presets of this package', () => {
    const titles = sections.map(section => section.split('\n')[0])
    const presets = [standard, bitcoinSuisse, bitpandaPro, bitexbit, bitfinex]
    expect(titles).toEqual(presets.map(({ id }) => `\`keylattice/presets/${id}\``))
  })

  it.each([standard, bitcoinSuisse, bitpandaPro, bitexbit])('draws the order of $id as it is', preset => {
    const section = sectionOf(preset.id)
    const drawn = /```mermaid\ngraph BT\n([^`]*)```/.exec(section)![1]!
    const lines = drawn.trim().split('\n')
    expect(lines.map(line => line.trim()).sort()).toEqual(arrowsOf(preset.permissions))
    for (const alias of preset.permissions.aliases) expect(section).toContain(`Alias \`${alias}\``)
  })

  it('lists the flags of bitfinex, which nothing implies', () => {
    const listed = [...sectionOf('bitfinex').matchAll(/`([a-z]+:[a-z]+)`/g)].map(match => match[1])
    expect(listed).toEqual(bitfinex.permissions.names)
    expect(arrowsOf(bitfinex.permissions)).toEqual([...listed].sort())
  })
})
