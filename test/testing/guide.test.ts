import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import {
  auditSinkSuite,
  invalidationSuite,
  keyStoreSuite,
  outageSuite,
  replayStoreSuite,
  usageStoreSuite,
} from '../../src/testing/index.js'
import { blocksOf, sourcesOf } from '../package/markdown.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const GUIDE = readFileSync(join(ROOT, 'docs/guide/testing.md'), 'utf8')
// Below node_modules, so that the examples find the drivers.
const FOLDER = join(ROOT, `node_modules/.cache/keylattice/guide-${process.pid}`)

interface Package {
  readonly imports: Readonly<Record<string, { readonly node: string }>>
  readonly exports: Readonly<Record<string, { readonly default: string } | string | null>>
}

const { imports, exports: subpaths } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Package

const sourceOf = (built: string) => join(ROOT, built.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))

/** Finds the package's import paths in its source. */
const fromSource: Plugin = {
  name: 'from-source',
  setup({ onResolve }) {
    onResolve({ filter: /^#/ }, ({ path }) => ({ path: sourceOf(imports[path]?.node ?? path) }))
    onResolve({ filter: /^keylattice(\/|$)/ }, ({ path }) => {
      const subpath = `.${path.slice('keylattice'.length)}`
      const folder = `${subpath.slice(0, subpath.lastIndexOf('/'))}/*`
      const entry = subpaths[subpath] ?? subpaths[folder]
      if (typeof entry !== 'object' || entry === null) throw new Error(`${path} is not exported`)
      return { path: sourceOf(entry.default.replace('*', subpath.slice(folder.length - 1))) }
    })
  },
}

describe('The guide to testing', () => {
  const sources = Object.entries(sourcesOf('guide', blocksOf(GUIDE)))

  mkdirSync(FOLDER, { recursive: true })
  afterAll(() => rmSync(FOLDER, { recursive: true }))

  it.each(sources)('has an example that runs: %s', async (name, text) => {
    const outfile = join(FOLDER, `${name}.mjs`)
    await build({
      stdin: { contents: text, loader: 'ts', resolveDir: ROOT },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['libsql', 'zod', 'qr', 'ipaddr.js', '@noble/*'],
      plugins: [fromSource],
      logLevel: 'error',
    })
    const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], { cwd: FOLDER, encoding: 'utf8' })
    expect(status, stdout.slice(-2000) + stderr).toBe(0)
  })

  it('says how many cases each suite has', () => {
    const suites = {
      ...{ keyStoreSuite, replayStoreSuite, usageStoreSuite },
      ...{ auditSinkSuite, invalidationSuite, outageSuite },
    }
    const told = [...GUIDE.matchAll(/^\| `(\w+Suite)` \|[^|]*\| (\d+) \|$/gm)].map(([, name, count]) => [
      name,
      Number(count),
    ])
    expect(Object.fromEntries(told)).toEqual(
      Object.fromEntries(Object.entries(suites).map(([name, suite]) => [name, suite.length])),
    )
  })
})
