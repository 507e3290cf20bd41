/** What an import path promises about its names, and which built files no import path leads to. */

import type { Subpath } from './dist.js'
import { parseTree, reachable } from './source.js'

/** What is wrong with the names a path exports; `undefined` when they are as its file name says. */
export function nameRule({ specifier, file, folder }: Subpath, names: readonly string[]): string | undefined {
  const base = file.slice(file.lastIndexOf('/') + 1)
  const plain = base.replaceAll('-', '').toLowerCase()
  const has = (test: (name: string) => boolean, wanted: string) =>
    names.some(test) ? undefined : `${specifier} exports ${names.join(', ') || 'nothing'} but no ${wanted}`
  switch (folder) {
    case 'schemes':
    case 'presets':
      return has(name => name === camelCase(base), camelCase(base))
    case 'stores':
      return has(
        name => name.startsWith('create') && name.toLowerCase().startsWith(`create${plain}`),
        `create… for ${base}`,
      )
    default:
      return has(name => name === 'protect', 'protect')
  }
}

export function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/**
 * Built modules (without extension) that no entry reaches, neither when it runs nor by its types.
 *
 * @param files text by path, `.js` and `.d.ts`
 */
export function unreachableFiles(
  files: Readonly<Record<string, string>>,
  entries: readonly string[],
): readonly string[] {
  const reached = new Set<string>()
  for (const extension of ['.d.ts', '.js']) {
    const texts = Object.entries(files).filter(([path]) => path.endsWith(extension))
    const tree = parseTree(Object.fromEntries(texts.map(([path, text]) => [path.replace(extension, '.ts'), text])))
    for (const entry of entries) for (const path of reachable(tree, `${entry}.ts`).keys()) reached.add(path)
  }
  const modules = new Set(Object.keys(files).map(path => path.replace(/\.d\.ts$|\.js$/, '')))
  return [...modules].filter(path => !reached.has(`${path}.ts`)).toSorted()
}
