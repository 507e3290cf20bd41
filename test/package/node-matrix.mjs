/**
 * Runs the tests under each other Node version of test/runtimes, one after the other. What is said after the script's
 * name goes to vitest, e.g. `npm run test:nodes -- test/crypto`.
 *
 * What examines the repository rather than running the library (layers, documentation, sizes, hygiene) is the same
 * under every version and stays out.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'test', 'runtimes')
const ALWAYS = ['exports.test.ts']

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(`The Node versions come as packages for linux-x64; this is ${process.platform}-${process.arch}.`)
  process.exit(1)
}

const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const [ownMajor] = process.versions.node.split('.')
const names = Object.keys(dependencies).filter(name => name.startsWith('node-') && name !== `node-${ownMajor}`)
const binaries = names.map(name => join(folder, 'node_modules', name, 'bin'))
if (!binaries.every(existsSync) && !succeeds('npm', ['ci', '--loglevel=error'], { cwd: folder })) process.exit(1)

const about = readdirSync(join(root, 'test', 'package')).filter(
  name => name.endsWith('.test.ts') && !ALWAYS.includes(name),
)
const excluded = about.flatMap(name => ['--exclude', `test/package/${name}`])
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const args = [vitest, 'run', '--config', 'test/vitest.config.ts', ...excluded, ...process.argv.slice(2)]
const failed = binaries.filter(bin => {
  console.log(`\nUnder ${versionOf(bin)}`)
  const path = `${bin}${delimiter}${process.env['PATH']}`
  return !succeeds(join(bin, 'node'), args, { cwd: root, env: { ...process.env, PATH: path } })
})
if (failed.length > 0) console.error(`Failed under ${failed.map(versionOf).join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0

function versionOf(bin) {
  return basename(dirname(bin))
}

function succeeds(command, commandArgs, options) {
  const { status, error } = spawnSync(command, commandArgs, { stdio: 'inherit', ...options })
  if (error !== undefined) console.error(`${command}: ${error.message}`)
  return status === 0
}
