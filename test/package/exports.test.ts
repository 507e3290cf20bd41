import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DIST, filesUnder, packageJson, ROOT, requireBuild, type Subpath, subpathsOf } from './dist.js'
import { installPackage, type Project } from './installed.js'
import { camelCase, nameRule, unreachableFiles } from './naming.js'

requireBuild()
const subpaths = subpathsOf(packageJson(), filesUnder(DIST))
const specifiers = subpaths.map(({ specifier }) => specifier)

let project: Project
/** Names by import path, as each way of loading sees them; an exception is a text instead. */
let imported: Record<string, string[] | string>
let required: Record<string, string[] | string>

const LOADING = `
const names = {}
for (const specifier of ${JSON.stringify(specifiers)}) {
  try { names[specifier] = Object.keys(await load(specifier)).toSorted() } catch (error) { names[specifier] = String(error) }
}
console.log(JSON.stringify(names))`

beforeAll(() => {
  project = installPackage()
  const esm = project.run('esm.mjs', `const load = specifier => import(specifier)\n${LOADING}`)
  const cjs = project.run('cjs.cjs', `const load = specifier => require(specifier)\n;(async () => {${LOADING}})()`)
  expect({ esm: esm.stderr, cjs: cjs.stderr }).toEqual({ esm: '', cjs: '' })
  imported = JSON.parse(esm.stdout)
  required = JSON.parse(cjs.stdout)
})

afterAll(() => {
  project?.remove()
})

describe('The package as installed', () => {
  it('has every entry point that package.json promises', () => {
    expect(subpaths.filter(({ file }) => !existsSync(join(DIST, `${file}.js`)))).toEqual([])
    expect(specifiers).toEqual(expect.arrayContaining(['keylattice', 'keylattice/client', 'keylattice/insecure']))
  })

  it.each(specifiers)('is imported from %s', specifier => {
    expect(imported[specifier]).toBeInstanceOf(Array)
  })

  it.each(specifiers)('is required from %s, with the same names', specifier => {
    expect(required[specifier]).toEqual(imported[specifier])
  })

  it.each(subpaths.filter(({ folder }) => folder !== ''))('exports what its path says from $specifier', subpath => {
    expect(nameRule(subpath, imported[subpath.specifier] as string[])).toBeUndefined()
  })

  it('gives out no inner module, nor the parts of an implementation', () => {
    const parts = filesUnder(DIST).filter(path => /^(schemes|presets|stores|middleware)\/.*\/.*\.js$/.test(path))
    const inner = ['dist/bytes.js', 'bytes', ...parts.map(path => path.slice(0, -3))]
    const attempts = inner.map(path => `await import('keylattice/${path}').catch(e => console.log(e.code))`)
    const { stdout } = project.run('inner.mjs', attempts.join('\n'))
    expect(stdout.trim().split('\n')).toEqual(inner.map(() => 'ERR_PACKAGE_PATH_NOT_EXPORTED'))
  })

  it('holds the build and the four papers, and nothing else', () => {
    const files = filesUnder(project.installed)
    const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
    expect(files.filter(path => !path.startsWith('dist/'))).toEqual(papers)
    expect(files.filter(path => path.startsWith('dist/') && !/\.(js|d\.ts)$/.test(path))).toEqual([])
  })

  it('holds one module for each source file', () => {
    const source = filesUnder(join(ROOT, 'src')).map(path => path.replace(/\.ts$/, ''))
    const built = filesUnder(join(project.installed, 'dist'))
    expect(built.filter(path => path.endsWith('.js'))).toEqual(source.map(path => `${path}.js`).toSorted())
    expect(built.filter(path => path.endsWith('.d.ts'))).toEqual(source.map(path => `${path}.d.ts`).toSorted())
  })

  it('holds no module that neither an entry point nor the command reaches', () => {
    const read = (path: string) => readFileSync(join(project.installed, 'dist', path), 'utf8')
    const files = Object.fromEntries(filesUnder(join(project.installed, 'dist')).map(path => [path, read(path)]))
    const programs = Object.values(packageJson().bin).map(path => path.slice('dist/'.length, -'.js'.length))
    const entries = [...subpaths.map(({ file }) => file), ...programs]
    expect(unreachableFiles(files, entries)).toEqual([])
  })
})

describe('The types as installed', () => {
  const needsNode = ({ file }: Subpath) => file === 'middleware/node'
  const using = (chosen: readonly Subpath[]) =>
    Object.fromEntries(
      chosen.map(({ specifier, file }) => {
        const name = file.replaceAll(/\W/g, '_')
        return [`${name}.ts`, `import * as it from '${specifier}'\nexport const ${name}: object = it\n`]
      }),
    )
  const portable = { lib: ['es2022', 'dom', 'dom.iterable'], types: [], skipLibCheck: false }

  it('resolve for Node, beside its own types', () => {
    const options = { module: 'nodenext', lib: ['es2022', 'dom', 'dom.iterable'], types: ['node'] }
    expect(project.check(using(subpaths), { ...options, skipLibCheck: true })).toBe('')
  })

  it('resolve for a bundler, without the types of Node', () => {
    const options = { ...portable, module: 'esnext', moduleResolution: 'bundler' }
    expect(project.check(using(subpaths.filter(subpath => !needsNode(subpath))), options)).toBe('')
  })

  it('resolve for a CommonJS file', () => {
    const files = Object.entries(using(subpaths.filter(subpath => !needsNode(subpath))))
    const asCommonJs = files.map(([name, text]) => [name.replace('.ts', '.cts'), text])
    expect(project.check(Object.fromEntries(asCommonJs), { ...portable, module: 'nodenext' })).toBe('')
  })

  it('name the error when a path or a name does not exist', () => {
    const files = {
      'path.ts': "import * as it from 'keylattice/schemes/nobody'\nexport const x: object = it\n",
      'name.ts': "import { nobody } from 'keylattice'\nexport const x: object = nobody\n",
    }
    const said = project.check(files, { ...portable, module: 'nodenext' })
    expect(said).toContain('path.ts(1,')
    expect(said).toContain('name.ts(1,')
  })
})

describe('The rules about names', () => {
  const subpath = (file: string): Subpath => ({
    specifier: `keylattice/${file}`,
    file,
    folder: file.split('/')[0] as string,
  })

  it('turn the name of a file into the name of a value', () => {
    expect(['hmac-v1', 'rfc9421', 'bitcoin-suisse'].map(camelCase)).toEqual(['hmacV1', 'rfc9421', 'bitcoinSuisse'])
  })

  it.each([
    ['schemes/hmac-v1', ['hmacV1']],
    ['presets/bitpanda-pro', ['bitpandaPro', 'extra']],
    ['stores/memory', ['createMemoryKeyStore', 'createMemoryReplayStore']],
    ['stores/postgres', ['createPostgresStores', 'postgresSchema']],
    ['middleware/node', ['protect']],
  ])('accept %s with %s', (file, names) => {
    expect(nameRule(subpath(file), names)).toBeUndefined()
  })

  it.each([
    ['schemes/hmac-v1', ['hmac']],
    ['presets/bitpanda-pro', ['bitpanda_pro']],
    ['stores/memory', ['memoryStore']],
    ['stores/redis', ['createMemoryReplayStore']],
    ['middleware/hono', ['hono']],
    ['middleware/hono', []],
  ])('refuse %s with %s', (file, names) => {
    expect(nameRule(subpath(file), names)).toContain(file)
  })

  it('fill in the patterns of the exports, but for what is hidden', () => {
    const exports = {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './stores/*': { types: './dist/stores/*.d.ts', default: './dist/stores/*.js' },
      './stores/memory/*': null,
      './package.json': './package.json',
    }
    const files = ['index.js', 'stores/memory.js', 'stores/memory.d.ts', 'stores/memory/keys.js', 'stores/sql/rows.js']
    const found = subpathsOf({ ...packageJson(), exports }, files).map(({ specifier }) => specifier)
    expect(found).toEqual(['keylattice', 'keylattice/stores/memory', 'keylattice/stores/sql/rows'])
  })

  it('find a module that nothing reaches, and follow the hash seam and the types', () => {
    const files = {
      'index.js': "import '#hash'",
      'index.d.ts': "import type { Key } from './key.js'\nexport type K = Key",
      'key.js': 'export {}',
      'key.d.ts': 'export interface Key {}',
      'crypto/hash.node.js': '',
      'crypto/hash.noble.js': "import './left.js'",
      'crypto/left.js': '',
      'old.js': '',
      'old.d.ts': "import './index.js'",
    }
    expect(unreachableFiles(files, ['index'])).toEqual(['old'])
  })
})
