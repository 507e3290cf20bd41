/**
 * Runs the suite on every runtime:
 *
 *     npm run test:runtimes                   and compares what it finds with the documentation
 *     npm run test:runtimes -- --only Deno    on one
 *     npm run test:runtimes -- --update       and writes what it finds into the documentation
 *
 * What is missing of test/runtimes/package.json is installed first; Chromium is Debian's, and skipped where it is not.
 * With KEYLATTICE_REQUIRE_SERVICES=1 nothing may be missing.
 */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))

if (process.platform === 'linux' && process.arch === 'x64' && !existsSync(join(root, 'test/runtimes/node_modules'))) {
  const args = ['ci', '--prefix', 'test/runtimes', '--loglevel=error']
  const { status } = spawnSync('npm', args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

/** Modules find what lies beside them, although they become one. */
const inPlace = {
  name: 'in place',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]test[\\/].*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: 'ts' }
    })
  },
}
const outfile = join(root, '.cache', 'runtimes', 'run.mjs')
await build({
  ...{ entryPoints: [join(root, 'test/runtimes/run.ts')], bundle: true, outfile, plugins: [inPlace] },
  ...{ platform: 'node', format: 'esm', packages: 'external', tsconfigRaw: {}, logLevel: 'error' },
})
await import(pathToFileURL(outfile).href)
