/** Makes one module of tests written in TypeScript; what they test is the package as built. */

import { mkdir } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = new URL('../../', import.meta.url)

/**
 * @param {string} entry path of the module, from the root of the project
 * @returns {Promise<string>} path of what was made
 */
export async function bundle(entry) {
  const folder = fileURLToPath(new URL('.cache/fuzz/', root))
  await mkdir(folder, { recursive: true })
  const outfile = `${folder}${entry.replace(/^.*\//, '').replace('.ts', '.mjs')}`
  await build({
    entryPoints: [fileURLToPath(new URL(entry, root))],
    bundle: true,
    outfile,
    format: 'esm',
    platform: 'node',
    // Where the modules look for the files beside them.
    define: { 'import.meta.url': JSON.stringify(new URL('test/schemes/vectors.ts', root).href) },
    plugins: [{ name: 'use the build', setup: useBuild }],
  })
  return outfile
}

function useBuild({ onResolve }) {
  const built = path => ({ path: pathToFileURL(fileURLToPath(new URL(`dist/${path}`, root))).href, external: true })
  onResolve({ filter: /\/src\// }, ({ path }) => built(path.slice(path.indexOf('/src/') + 5)))
  onResolve({ filter: /^#/ }, ({ path }) => built(`crypto/${path.slice(1)}.node.js`))
  onResolve({ filter: /^keylattice\// }, ({ path }) => ({ path, external: true }))
}
