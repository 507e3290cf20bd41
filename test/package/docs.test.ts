import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DENIALS } from '../../src/denials.js'
import type { Preset } from '../../src/preset.js'
import { loadDialect } from '../schemes/dialects.js'
import { loadVectors } from '../schemes/vectors.js'
import { DIST, filesUnder, packageJson, ROOT, requireBuild, subpathsOf } from './dist.js'
import { denialsPage, importsPage, presetsPage, schemesPage, type TabledScheme } from './generated.js'
import { typeCheck } from './installed.js'
import { anchorsOf, badFences, blocksOf, changelogErrors, importPathsOf, linksOf, sourcesOf } from './markdown.js'
import { camelCase } from './naming.js'
import { shellErrors } from './shell.js'

const GENERATED = ['denials', 'schemes', 'presets', 'imports'].map(name => `docs/reference/${name}.md`)

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const pages = filesUnder(join(ROOT, 'docs'))
  .filter(path => path.endsWith('.md') && !path.includes('node_modules/'))
  .map(path => `docs/${path}`)
const all = ['README.md', ...pages]

requireBuild()
const subpaths = subpathsOf(packageJson(), filesUnder(DIST))
const specifiers = subpaths.map(({ specifier }) => specifier)

describe.each(all)('%s', path => {
  const markdown = read(path)

  it('has no block that escapes its check', () => {
    expect(badFences(blocksOf(markdown))).toEqual([])
  })

  it('shows commands that the project keeps', () => {
    const exists = (file: string) => existsSync(join(ROOT, file))
    const blocks = blocksOf(markdown).filter(({ language }) => language === 'sh')
    const kept = { packageJson: packageJson(), exists }
    expect(blocks.flatMap(({ code, line }) => shellErrors(code, kept).map(error => `line ${line}: ${error}`))).toEqual(
      [],
    )
  })

  it('shows JSON that can be read', () => {
    const blocks = blocksOf(markdown).filter(({ language }) => language === 'json')
    expect(blocks.filter(({ code }) => !isJson(code)).map(({ line }) => `line ${line}`)).toEqual([])
  })

  it('links to what exists', () => {
    expect(linksOf(markdown).filter(target => !resolves(path, target))).toEqual([])
  })

  it('names import paths that exist', () => {
    const { name, exports } = packageJson()
    const folders = Object.keys(exports)
      .filter(key => key.endsWith('/*'))
      .map(key => key.replace(/^\./, name))
    const known = new Set([...specifiers, ...folders, ...folders.map(key => key.slice(0, -1)), `${name}/package.json`])
    expect(importPathsOf(markdown, name).filter(mentioned => !known.has(mentioned))).toEqual([])
  })
})

describe('The documentation', () => {
  it('has code that compiles against the built package', () => {
    const files = Object.assign({}, ...all.map(path => sourcesOf(path, blocksOf(read(path)))))
    const options = {
      module: 'nodenext',
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: ['node'],
      allowJs: true,
      checkJs: true,
      skipLibCheck: true,
    }
    expect(typeCheck(join(ROOT, '.cache', 'docs'), files, options)).toBe('')
  })

  it('does not compile when it names what is not there', () => {
    const markdown = [
      '# Page',
      '```ts',
      "import { nobody } from 'keylattice'",
      '```',
      '```ts continues',
      'nobody(1)',
      '```',
    ]
    const files = sourcesOf('docs/page.md', blocksOf(markdown.join('\n')))
    const said = typeCheck(join(ROOT, '.cache', 'docs-twin'), files, {
      module: 'nodenext',
      types: ['node'],
      skipLibCheck: true,
    })
    expect(said).toMatch(/docs__page\.md\.3\.ts\(3,/)
  })

  it('names every import path, beside the generated list', () => {
    const { name } = packageJson()
    const written = all
      .filter(path => !GENERATED.includes(path))
      .map(read)
      .join('\n')
    const named = new Set([...importPathsOf(written, name), ...(written.includes(`'${name}'`) ? [name] : [])])
    expect(specifiers.filter(specifier => !named.has(specifier))).toEqual([])
  })

  it('can be walked from the README to every page', () => {
    const reached = new Set(['README.md'])
    for (const path of reached) {
      const linked = linksOf(read(path)).map(target => normalize(join(dirname(path), target.replace(/#.*$/, ''))))
      // A link to a folder shows what lies in it.
      const found = all.filter(page =>
        linked.some(target => page === target || dirname(page) === target.replace(/\/$/, '')),
      )
      for (const page of found) reached.add(page)
    }
    expect(pages.filter(path => !reached.has(path))).toEqual([])
  })

  it('has a changelog of versions and sentences', () => {
    expect(changelogErrors(read('CHANGELOG.md'), packageJson().version)).toEqual([])
  })
})

describe('The generated page', () => {
  const file = (name: string) => join(ROOT, 'docs', 'reference', `${name}.md`)

  it('of denials is in step with the table', async () => {
    await expect(denialsPage(DENIALS)).toMatchFileSnapshot(file('denials'))
  })

  it('of schemes is in step with the schemes', async () => {
    const schemes = await Promise.all(namesIn('schemes').map(tabledSchemes))
    await expect(schemesPage(schemes.flat())).toMatchFileSnapshot(file('schemes'))
  })

  it('of presets is in step with the presets', async () => {
    const values = await Promise.all(namesIn('presets').map(name => load(`presets/${name}`, camelCase(name))))
    await expect(presetsPage(values as readonly Preset[])).toMatchFileSnapshot(file('presets'))
  })

  it('of imports is in step with what is exported', async () => {
    const modules = await Promise.all(subpaths.map(({ file }) => loadBuilt(file)))
    const paths = subpaths.map(
      ({ specifier }, index) => [specifier, Object.keys(modules[index] ?? {}).toSorted()] as const,
    )
    await expect(importsPage(paths)).toMatchFileSnapshot(file('imports'))
  })
})

function namesIn(folder: string): readonly string[] {
  return subpaths.filter(subpath => subpath.folder === folder).map(({ file }) => file.slice(folder.length + 1))
}

function loadBuilt(file: string): Promise<Record<string, unknown>> {
  return import(/* @vite-ignore */ pathToFileURL(join(DIST, `${file}.js`)).href)
}

async function load(file: string, name: string): Promise<unknown> {
  return (await loadBuilt(file))[name]
}

/** A scheme as each of its fixtures sets it up. */
async function tabledSchemes(file: string): Promise<readonly TabledScheme[]> {
  const { make, answer } = await loadDialect(file, id => loadBuilt(`schemes/${id}`))
  return loadVectors(file).fixtures.map(({ name, options, byMeaning = [], anyPlace = false }, at) => {
    const variant = at === 0 ? '' : name.replace(file, '').replace(/^[, ]+(with )?/, '')
    return { file, scheme: make(options), variant, byMeaning, anyPlace, answer }
  })
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function resolves(page: string, target: string): boolean {
  if (/^(?:https?|mailto):/.test(target)) return true
  const [path = '', anchor] = decodeURI(target).split('#')
  const full = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path)
  if (!existsSync(full)) return false
  return anchor === undefined || (statSync(full).isFile() && anchorsOf(readFileSync(full, 'utf8')).has(anchor))
}
