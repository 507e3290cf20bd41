import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CATALOGUE } from '../../src/cli/catalogue.js'
import type { Command } from '../../src/cli/command.js'
import { loadFactory, schemeNames } from '../../src/cli/schemes.js'
import { secretArgument } from '../../src/cli/secret-arguments.js'
import { ConfigError } from '../../src/errors.js'
import { ROOT } from '../package/dist.js'
import { loadDialect } from '../schemes/dialects.js'
import { loadVectors, schemeIds } from '../schemes/vectors.js'
import { cliPage } from './page.js'

const PAGE = join(ROOT, 'docs', 'reference', 'cli.md')
const commands = await Promise.all(CATALOGUE.map(({ load }) => load()))
const schemes = await Promise.all(schemeNames().map(async name => [name, (await loadFactory(name))!] as const))

describe('The generated page', () => {
  it('of the command line is in step with the commands', async () => {
    await expect(cliPage(commands, Object.fromEntries(schemes))).toMatchFileSnapshot(PAGE)
  })

  it('has every command, every option of it, and nothing besides', () => {
    const sections = new Map(
      readFileSync(PAGE, 'utf8')
        .split('\n## ')
        .map(text => [text.split('\n')[0] as string, text]),
    )
    const documented = [...sections.keys()].filter(title => title.startsWith('keylattice '))
    expect(documented).toEqual(commands.map(({ name }) => `keylattice ${name}`))
    for (const { name, options } of commands) {
      const section = sections.get(`keylattice ${name}`) as string
      const rows = [...section.matchAll(/^\| `(?:-\w, )?--([\w-]+)/gm)].map(([, option]) => option)
      expect(rows).toEqual(Object.keys(options))
    }
  })
})

describe('Every command', () => {
  it.each(CATALOGUE)('$name is called and summed up as it is listed', async ({ name, summary, load }) => {
    const command = await load()
    expect([command.name, command.summary]).toEqual([name, summary])
  })

  it.each(commands)('$name has examples of options that it has, without a secret', command => {
    expect(command.examples.length).toBeGreaterThan(0)
    for (const { line } of command.examples) {
      expect(line).toContain(`keylattice ${command.name}`)
      expect(unknownOptions(command, line)).toEqual([])
      expect(secretArgument(line.split(/\s+/), [])).toBeUndefined()
    }
  })

  it('takes no option that looks like a secret', () => {
    const names = commands.flatMap(({ options }) => Object.keys(options))
    expect(names.filter(name => secretArgument([`--${name}`], []) !== undefined)).toEqual(['passphrase'])
  })

  it('would be found out with an option that is not there', () => {
    expect(unknownOptions(commands[0] as Command, 'keylattice keygen --nope -z')).toEqual(['--nope', '-z'])
  })
})

/** Options in an example that the command has not; what is quoted is a value. */
function unknownOptions({ options }: Command, line: string): readonly string[] {
  const words = line
    .slice(line.indexOf('keylattice'))
    .replace(/'[^']*'/g, 'x')
    .split(/[\s")]+/)
  const shorts = Object.values(options).map(({ short }) => `-${short}`)
  return words
    .filter(word => /^--?[a-z]/.test(word))
    .filter(word => word !== '--json' && !shorts.includes(word) && !Object.hasOwn(options, word.slice(2)))
}

describe('The schemes of the command line', () => {
  it('are all there are', () => {
    expect(schemeNames()).toEqual(schemeIds)
  })

  it.each(schemeIds)('take the options that the factory of %s takes', async id => {
    const { make } = await loadDialect(id)
    const { fixtures } = loadVectors(id)
    const used = fixtures.flatMap(({ options = {} }) => Object.keys(options))
    const { takes = [], make: made } = { ...(await loadFactory(id)) }
    expect(used.filter(name => !takes.includes(name))).toEqual([])
    for (const name of takes)
      expect(() => make({ ...fixtures[0]?.options, [name]: undefined })).not.toThrow(/has no option/)
    if (takes.length > 0) expect(() => make({ ...fixtures[0]?.options, noSuchOption: 1 })).toThrow(ConfigError)
    expect(made?.(fixtures[0]?.options ?? {}).id).toBe(id)
  })

  it('are none that have no file', async () => {
    for (const name of ['', '../scheme', 'Hmac-v1', 'hmac-v1.js', '__proto__']) {
      expect(await loadFactory(name)).toBeUndefined()
    }
  })
})
