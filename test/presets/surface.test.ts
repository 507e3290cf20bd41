import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import type { Preset } from '../../src/preset.js'

const folder = fileURLToPath(new URL('../../src/presets', import.meta.url))
const files = readdirSync(folder).filter(name => name.endsWith('.ts'))

/**
 * What is left of some code when nothing of it is used. Every module counts as one with side effects, so that what
 * disappears does so by its own annotations and not by the word of package.json.
 */
async function leftOver(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    treeShaking: true,
    minify: true,
    plugins: [
      {
        name: 'every-module-has-side-effects',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
            resolveDir.includes('node_modules')
              ? undefined
              : { path: join(resolveDir, path.replace(/\.js$/, '.ts')), sideEffects: true },
          ),
      },
    ],
  })
  return outputFiles[0]!.text.trim()
}

describe('every preset', () => {
  it.each(files)('%s exports one preset, frozen, whose id is its import path', async file => {
    const surface: Record<string, unknown> = await import(`${folder}/${file}`)
    const [preset, ...others] = Object.values(surface) as Preset[]
    expect(others).toEqual([])
    expect(preset?.id).toBe(file.replace(/\.ts$/, ''))
    expect(Object.isFrozen(preset)).toBe(true)
  })

  it.each(files)('%s does nothing at import that a bundler could not leave out', async file => {
    expect(await leftOver(`import './${file}'`)).toBe('')
  })

  it('would be noticed if it did', async () => {
    const contents = `import { definePermissions } from '../policy/permissions.js'
      export const kept = definePermissions({ permissions: { read: [] } })`
    expect(await leftOver(contents)).not.toBe('')
  })
})
