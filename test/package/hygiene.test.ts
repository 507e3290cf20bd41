import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { DIST, filesUnder, packageJson, ROOT, requireBuild, subpathsOf } from './dist.js'
import { downloadTraces, leakedWeakenings, machineTraces, switchedOff, unpinned } from './hygiene.js'

const TOP_LEVEL = [
  ...['.biome.json', '.ci', '.gitattributes', '.gitignore', '.npmrc', 'CHANGELOG.md', 'LICENSE', 'README.md', 'docs'],
  ...['package-lock.json', 'package.json', 'src', 'test', 'tsconfig.json', 'tsup.config.ts'],
]
const NEEDED = TOP_LEVEL.filter(name => name !== '.gitattributes')
/** Spelt out nowhere, so that the samples below are no findings themselves. */
const SLASH = '/'
const DOT = '.'

const git = (...args: readonly string[]) =>
  execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 })
const tracked = git('ls-files', '-z')
  .split('\0')
  .filter(path => path !== '' && existsSync(join(ROOT, path)))
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

function findings(paths: readonly string[], find: (text: string) => readonly string[]): readonly string[] {
  return paths.flatMap(path => find(read(path)).map(where => `${path}: ${where}`))
}

describe('What is tracked', () => {
  it('is the designed layout and nothing else', () => {
    const found = new Set(tracked.map(path => path.split('/')[0] as string))
    expect([...found].filter(name => !TOP_LEVEL.includes(name))).toEqual([])
    expect(NEEDED.filter(name => !found.has(name))).toEqual([])
  })

  it('holds no path of a machine and no host of a registry', () => {
    expect(findings(tracked, machineTraces)).toEqual([])
  })

  it('holds lock files that pin every package and do not say where it comes from', () => {
    const locks = tracked.filter(path => path.endsWith('package-lock.json'))
    expect(locks).toContain('package-lock.json')
    expect(findings(locks, downloadTraces)).toEqual([])
    expect(findings(locks, unpinned)).toEqual([])
  })

  it('holds no test that is switched off', () => {
    const tests = tracked.filter(path => path.startsWith('test/') && /\.test(-d)?\.ts$/.test(path))
    expect(tests.length).toBeGreaterThan(0)
    expect(findings(tests, switchedOff)).toEqual([])
  })

  it('holds no file that a build or a run leaves behind', () => {
    expect(
      tracked.filter(path => /(^|\/)(node_modules|dist|coverage|\.cache)\/|\.(tgz|log|map|orig|rej)$/.test(path)),
    ).toEqual([])
  })
})

describe('The weakenings', () => {
  let names: Record<string, string[]>

  beforeAll(async () => {
    requireBuild()
    const load = async (file: string) =>
      Object.keys(await import(/* @vite-ignore */ pathToFileURL(join(DIST, `${file}.js`)).href))
    const subpaths = subpathsOf(packageJson(), filesUnder(DIST))
    const loaded = await Promise.all(
      subpaths.map(async ({ specifier, file }) => [specifier, await load(file)] as const),
    )
    names = Object.fromEntries(loaded)
  })

  it('can be imported from keylattice/insecure and from nowhere else', () => {
    const { 'keylattice/insecure': weakenings = [], ...others } = names
    expect(weakenings).not.toEqual([])
    expect(leakedWeakenings(weakenings, others)).toEqual([])
  })

  it('would be found out on another path', () => {
    expect(leakedWeakenings(['noReplayGuard'], { keylattice: ['createVerifier', 'noReplayGuard'] })).toHaveLength(1)
  })
})

describe('The search', () => {
  it.each([
    `const path = '${SLASH}home/ann/project'`,
    `see ${SLASH}root/x.log`,
    `"${SLASH}tmp/abc"`,
    `C:${'\\'}Users\\ann`,
    `file://${SLASH}work/main/src`,
    `https://registry${DOT}npmjs.org/zod`,
    `http://deb${DOT}debian.org/debian`,
  ])('finds %j', line => {
    expect(machineTraces(`first\n${line}`)).toEqual(['line 2'])
  })

  it.each([
    'https://api.example.com/home/orders',
    'src/home/one.ts',
    '$' + '{base}/root/x',
    'import { tmpdir } from "node:os"',
    '/v1/tmp/1',
    'GET /users/me',
  ])('lets pass %j', line => {
    expect(machineTraces(line)).toEqual([])
  })

  it('finds where a lock file says a package comes from', () => {
    expect(downloadTraces('"resolved": "https://example.com/zod.tgz"')).toEqual(['line 1'])
    expect(downloadTraces('"resolved": "../.."\n"integrity": "sha512-x"')).toEqual([])
  })

  it('finds an optional package that a lock file leaves out', () => {
    const tool = { optionalDependencies: { 'tool-linux': '1.0.0', 'tool-macos': '1.0.0' } }
    const packages = { '': {}, 'node_modules/tool': tool, 'node_modules/a/node_modules/tool': tool }
    const whole = { ...packages, 'node_modules/tool-linux': {}, 'node_modules/tool-macos': {} }
    expect(unpinned(JSON.stringify({ packages: whole }))).toEqual([])
    const { 'node_modules/tool-macos': _, ...part } = whole
    expect(unpinned(JSON.stringify({ packages: part }))).toEqual(['tool-macos', 'tool-macos'])
  })

  it.each([
    `it${DOT}only('x', () => {})`,
    `describe${DOT}skip('x', () => {})`,
    `it${DOT}todo('x')`,
    `test.concurrent${DOT}skip('x, y', () => {})`,
    `describe${DOT}only.each(rows)`,
    `it${DOT}skip.each(rows)`,
    `describe${DOT}skipIf(absent)`,
  ])('finds %j', line => {
    expect(switchedOff(`  ${line}`)).toEqual(['line 1'])
  })

  it.each([
    "it('x', ({ skip }) => skip(absent))",
    "it('x', test => test.skip('a, b'))",
    'it.each(rows)(',
    'const only = it.name',
  ])('lets pass %j', line => {
    expect(switchedOff(line)).toEqual([])
  })
})
