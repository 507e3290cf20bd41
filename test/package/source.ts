/** The source as a graph: every file parsed, every import resolved. Type-only imports count like any other. */

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'vite'

/** What the rules read of a syntax tree (ESTree with the TypeScript nodes). */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly name?: string
  readonly value?: unknown
  readonly computed?: boolean
  readonly shorthand?: boolean
  readonly source?: Node | null
  readonly expression?: Node
  readonly exported?: Node | null
  readonly object?: Node
  readonly property?: Node
  readonly key?: Node
  readonly consequent?: Node
  readonly alternate?: Node | null
  readonly declaration?: Node | null
  readonly body?: readonly Node[]
}

export interface Import {
  readonly specifier: string
  /** Files of the tree it reaches; empty for a package or a built-in. */
  readonly files: readonly string[]
  /** Name of the package or built-in it reaches. */
  readonly external: string | undefined
}

export interface Module {
  /** Relative to `src`, with `/`. */
  readonly path: string
  readonly text: string
  readonly program: Node
  readonly imports: readonly Import[]
}

export type Tree = ReadonlyMap<string, Module>

/** What stands for a specifier that is not a plain string, which no rule can follow. */
export const COMPUTED = '(computed)'

/** Names of package.json's `imports`, and the files they stand for. */
const PLATFORM_FILES: Readonly<Record<string, readonly string[]>> = {
  '#hash': ['crypto/hash.node.ts', 'crypto/hash.noble.ts'],
  '#key-pairs': ['crypto/key-pairs.node.ts', 'crypto/key-pairs.web.ts'],
  '#mac': ['crypto/mac.node.ts', 'crypto/mac.web.ts'],
}

/** Every `.ts` file under `src`. */
export function readSource(): Tree {
  const root = fileURLToPath(new URL('../../src/', import.meta.url))
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).map(path => path.replaceAll('\\', '/'))
  const files = paths.filter(path => path.endsWith('.ts'))
  return parseTree(Object.fromEntries(files.map(path => [path, readFileSync(root + path, 'utf8')])))
}

/** A tree from texts by path, which is how the rules are tried on trees that break them. */
export function parseTree(files: Readonly<Record<string, string>>): Tree {
  const modules = Object.entries(files).map(([path, text]): Module => {
    const program = parseAst(text, { lang: 'ts' }) as unknown as Node
    return { path, text, program, imports: specifiersOf(program).map(specifier => resolve(path, specifier)) }
  })
  return new Map(modules.map(module => [module.path, module]))
}

/** Calls `visit` for every node with its parent, the outer ones first. */
export function walk(node: Node, visit: (node: Node, parent: Node | undefined) => void, parent?: Node): void {
  visit(node, parent)
  for (const child of childrenOf(node)) walk(child, visit, node)
}

export function childrenOf(node: Node): readonly Node[] {
  return Object.values(node).flat().filter(isNode)
}

/** All files `from` reaches, itself included, each with the chain of files that led there. */
export function reachable(tree: Tree, from: string): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>([[from, [from]]])
  for (const [path, chain] of chains) {
    for (const next of filesImportedBy(tree, path)) {
      if (!chains.has(next)) chains.set(next, [...chain, next])
    }
  }
  return chains
}

export function filesImportedBy(tree: Tree, path: string): readonly string[] {
  return tree.get(path)?.imports.flatMap(({ files }) => files) ?? []
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
  'TSExternalModuleReference',
])

function specifiersOf(program: Node): readonly string[] {
  const found: string[] = []
  walk(program, node => {
    const source = node.type === 'TSExternalModuleReference' ? node.expression : node.source
    if (!IMPORTING.has(node.type) || source === null || source === undefined) return
    found.push(typeof source.value === 'string' ? source.value : COMPUTED)
  })
  return found
}

function resolve(from: string, specifier: string): Import {
  const files = Object.hasOwn(PLATFORM_FILES, specifier) ? PLATFORM_FILES[specifier] : undefined
  if (files !== undefined) return { specifier, files, external: undefined }
  if (specifier.startsWith('.')) {
    const { pathname } = new URL(specifier, `file:///src/${from}`)
    return { specifier, files: [pathname.replace('/src/', '').replace(/\.js$/, '.ts')], external: undefined }
  }
  const external = specifier.startsWith('node:') ? specifier : packageOf(specifier)
  return { specifier, files: [], external }
}

function packageOf(specifier: string): string {
  const [scope = '', name] = specifier.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}
