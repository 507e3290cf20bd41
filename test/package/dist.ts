/** The built package: where it is, what can be imported from it, and that it was built from this source. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))
export const DIST: string = join(ROOT, 'dist')

export interface PackageJson {
  readonly name: string
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** One import path of the package. */
export interface Subpath {
  /** As a user writes it, e.g. `keylattice/schemes/hmac-v1`. */
  readonly specifier: string
  /** Relative to `dist`, without extension. */
  readonly file: string
  /** `schemes`, `stores`, …; empty for a path of its own. */
  readonly folder: string
}

export function packageJson(): PackageJson {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
}

/** Files below a folder, relative to it, with `/`. */
export function filesUnder(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return entries
    .filter(path => statSync(join(folder, path)).isFile())
    .map(path => path.replaceAll(sep, '/'))
    .toSorted()
}

/** @throws {Error} unless `dist` holds what the source of this moment builds */
export function requireBuild(): void {
  const source = filesUnder(join(ROOT, 'src')).filter(path => path.endsWith('.ts'))
  const stale = source.filter(path => {
    const built = join(DIST, path.replace(/\.ts$/, '.js'))
    return !existsSync(built) || statSync(built).mtimeMs < statSync(join(ROOT, 'src', path)).mtimeMs
  })
  if (stale.length > 0) throw new Error(`dist is older than src/${stale[0]}: run npm run build first`)
}

/**
 * Every concrete import path: the patterns of `exports` filled in with the files that match them. A pattern that leads
 * to `null` hides what it matches.
 */
export function subpathsOf({ name, exports }: PackageJson, files: readonly string[]): readonly Subpath[] {
  const hidden = Object.keys(exports)
    .filter(key => exports[key] === null)
    .map(key => key.slice(2, -1))
  return Object.entries(exports).flatMap(([key, target]) => {
    const file = fileOf(target)
    if (file === undefined) return []
    if (!key.endsWith('/*')) return [{ specifier: key.replace(/^\./, name), file, folder: '' }]
    const folder = key.slice(2, -2)
    return files
      .filter(
        path => path.startsWith(`${folder}/`) && path.endsWith('.js') && !hidden.some(part => path.startsWith(part)),
      )
      .map(path => path.slice(0, -3))
      .map(path => ({ specifier: `${name}/${path}`, file: path, folder }))
  })
}

function fileOf(target: unknown): string | undefined {
  const file = typeof target === 'object' && target !== null && 'default' in target ? target.default : target
  return typeof file === 'string' && file.endsWith('.js') ? file.slice('./dist/'.length, -3) : undefined
}
