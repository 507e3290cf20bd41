/** What may import what (design: layers), as functions from a tree to the places that break the rule. */

import { builtinModules } from 'node:module'
import { COMPUTED, filesImportedBy, type Module, reachable, type Tree } from './source.js'

export type Rule = (tree: Tree) => readonly string[]

/** A file of the root by its name, any other by its folder. */
const LAYERS: Readonly<Record<string, number>> = {
  'bytes.ts': 0,
  'time.ts': 0,
  'denials.ts': 0,
  'errors.ts': 0,
  'options.ts': 0,
  'crypto/': 1,
  'net/': 1,
  'http/': 1,
  'key.ts': 2,
  'scheme.ts': 2,
  'store.ts': 2,
  'preset.ts': 2,
  'dialect/': 2.5,
  'policy/': 3,
  'schemes/': 3,
  'stores/': 3,
  'presets/': 3,
  'client/': 4,
  'keys/': 4,
  'verify/': 5,
  'middleware/': 6,
  'testing/': 6,
  'diagnose/': 6,
  'cli/': 6.5,
  'index.ts': 7,
  'insecure.ts': 7,
}

/** The one place (or the few named ones) that each package is hidden behind. A package not listed is not ours. */
const IMPORTERS: Readonly<Record<string, readonly string[]>> = {
  'ipaddr.js': ['net/cidr.ts'],
  qr: ['keys/qr.ts'],
  zod: ['keys/codec.ts'],
  '@noble/ciphers': ['crypto/aead.ts'],
  'structured-headers': ['dialect/structured-fields.ts'],
  '@noble/hashes': ['crypto/hash.noble.ts'],
  // Its types alone, to extend them.
  fastify: ['middleware/fastify.ts'],
  // The schemes, found by their files, so that a new one is there by itself.
  [COMPUTED]: ['cli/schemes.ts'],
}

/** Presets are made of these; besides, everything imports lower layers and its own folder only. */
const PRESETS_MAY_IMPORT = ['schemes/', 'policy/']

const SURFACES = new Set(['index.ts', 'insecure.ts'])
const RE_EXPORTS = new Set(['ExportNamedDeclaration', 'ExportAllDeclaration'])

export const LAYER_RULES: Readonly<Record<string, Rule>> = {
  'Every file has a layer': tree => [...tree.keys()].filter(path => layerOf(path) === undefined),
  'Every import is a plain string that names a file of the source by its .js name, or a package': tree =>
    eachImport(tree, ({ path, imports }) =>
      imports
        .filter(({ specifier, files }) =>
          specifier === COMPUTED ? !IMPORTERS[COMPUTED]?.includes(path) : !isResolved(tree, specifier, files),
        )
        .map(({ specifier }) => specifier),
    ),
  'A file imports its own folder or a lower layer': tree =>
    eachImport(tree, ({ path }) => filesImportedBy(tree, path).filter(target => !pointsDown(path, target))),
  'Schemes never import each other, nor do stores': tree =>
    ['schemes/', 'stores/'].flatMap(unit =>
      eachImport(tree, ({ path }) =>
        unitOf(path) === unit ? filesImportedBy(tree, path).filter(target => isSibling(tree, path, target)) : [],
      ),
    ),
  'The client imports the words, the primitives and the contracts only: schemes arrive as values': tree =>
    importsFrom(tree, 'client/', target => unitOf(target) !== 'client/' && !((layerOf(target) ?? 9) <= 2)),
  'Issuing, judging and middleware name no scheme, store or preset: they arrive as values': tree =>
    ['keys/', 'verify/', 'middleware/'].flatMap(unit =>
      importsFrom(tree, unit, target => ['schemes/', 'stores/', 'presets/'].includes(unitOf(target))),
    ),
  'Who judges never imports who signs': tree => importsFrom(tree, 'verify/', target => unitOf(target) === 'client/'),
  'The surfaces re-export and do nothing else': tree =>
    [...tree.values()]
      .filter(({ path }) => SURFACES.has(path))
      .filter(module => !onlyReExports(module))
      .map(pathOf),
  'Nothing imports in a circle, types included': tree =>
    [...tree.keys()].filter(path => filesImportedBy(tree, path).some(next => reachable(tree, next).has(path))),
  'Each package is imported where it is hidden, and no other package is imported': tree =>
    eachImport(tree, ({ path, imports }) =>
      imports
        .flatMap(({ external }) => (external === undefined || isBuiltin(external) ? [] : [external]))
        .filter(name => !Object.hasOwn(IMPORTERS, name) || !IMPORTERS[name]?.includes(path)),
    ),
  'The client and the schemes never reach zod or ipaddr.js': tree =>
    [...tree.keys()]
      .filter(path => ['client/', 'schemes/'].includes(unitOf(path)))
      .flatMap(path => heavyChains(tree, path)),
  'Built-in modules of Node are imported by *.node.ts, middleware/node.ts and the command only': tree =>
    eachImport(tree, ({ path, imports }) =>
      isForNode(path) ? [] : imports.flatMap(({ external }) => (isBuiltin(external) ? [external ?? ''] : [])),
    ),
}

/** Files written for Node alone. */
export function isForNode(path: string): boolean {
  return path.endsWith('.node.ts') || path === 'middleware/node.ts' || path.startsWith('cli/')
}

function unitOf(path: string): string {
  const slash = path.indexOf('/')
  return slash < 0 ? path : path.slice(0, slash + 1)
}

function layerOf(path: string): number | undefined {
  return Object.hasOwn(LAYERS, unitOf(path)) ? LAYERS[unitOf(path)] : undefined
}

function pointsDown(from: string, to: string): boolean {
  const [upper, lower] = [layerOf(from), layerOf(to)]
  if (upper === undefined || lower === undefined) return true
  const sameFolder = from.includes('/') ? unitOf(from) === unitOf(to) : !to.includes('/') && upper === lower
  const partOfPreset = unitOf(from) === 'presets/' && PRESETS_MAY_IMPORT.includes(unitOf(to))
  return lower < upper || sameFolder || partOfPreset
}

/**
 * Another implementation of the same contract. One whose file is too long has its parts in a folder of its name; a
 * folder that has no such file holds what several share.
 */
function isSibling(tree: Tree, from: string, to: string): boolean {
  const nameOf = (path: string) => path.replace(/\.ts$/, '').split('/')[1]
  return unitOf(from) === unitOf(to) && nameOf(from) !== nameOf(to) && tree.has(`${unitOf(to)}${nameOf(to)}.ts`)
}

function isResolved(tree: Tree, specifier: string, files: readonly string[]): boolean {
  if (specifier.startsWith('.') && !specifier.endsWith('.js')) return false
  return files.every(file => tree.has(file))
}

function isBuiltin(external: string | undefined): boolean {
  return external !== undefined && (external.startsWith('node:') || builtinModules.includes(external))
}

function onlyReExports({ program }: Module): boolean {
  return (program.body ?? []).every(
    ({ type, source }) => RE_EXPORTS.has(type) && source !== null && source !== undefined,
  )
}

function heavyChains(tree: Tree, from: string): readonly string[] {
  return [...reachable(tree, from)].flatMap(([path, chain]) => {
    const heavy = tree.get(path)?.imports.filter(({ external }) => external === 'zod' || external === 'ipaddr.js') ?? []
    return heavy.map(({ external }) => [...chain, external].join(' → '))
  })
}

function importsFrom(tree: Tree, unit: string, isWrong: (target: string) => boolean): readonly string[] {
  return eachImport(tree, ({ path }) => (unitOf(path) === unit ? filesImportedBy(tree, path).filter(isWrong) : []))
}

function eachImport(tree: Tree, wrong: (module: Module) => readonly string[]): readonly string[] {
  return [...tree.values()].flatMap(module => wrong(module).map(target => `${module.path} → ${target}`))
}

function pathOf({ path }: Module): string {
  return path
}
