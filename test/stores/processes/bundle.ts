import { mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

// Below node_modules, so that what is started finds the drivers.
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/keylattice/', import.meta.url))
const PACKAGE = new URL('../../../package.json', import.meta.url)

/** Makes one file of a module of this folder and the source it uses, for a process of its own; gives its path. */
export async function bundle(name: string): Promise<string> {
  mkdirSync(CACHE, { recursive: true })
  const outfile = `${CACHE}processes-${name}.mjs`
  await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    alias: platformModules(),
    logLevel: 'error',
  })
  return outfile
}

/** The source of each module that the package picks by platform. */
function platformModules(): Record<string, string> {
  const { imports } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { imports: Record<string, { node: string }> }
  const sourceOf = (built: string) => new URL(built.replace('dist/', 'src/').replace(/\.js$/, '.ts'), PACKAGE)
  return Object.fromEntries(Object.entries(imports).map(([name, { node }]) => [name, fileURLToPath(sourceOf(node))]))
}
