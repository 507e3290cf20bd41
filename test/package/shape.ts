/** How a source file may look, as functions from a tree to the places that break the rule. */

import { isForNode, type Rule } from './layers.js'
import { childrenOf, type Module, type Node, type Tree, walk } from './source.js'

const MAX_LINES = 200
const MAX_NESTING = 2
const FORBIDDEN_NAMES = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'lib', 'types'])
const NODE_GLOBALS = new Set(['Buffer', 'process', 'require', '__dirname', '__filename', 'global', 'NodeJS'])

/** What `bin` of package.json runs: it is never imported. */
const PROGRAM = 'cli/keylattice.ts'

const CONTROL = /^(?:If|For|ForIn|ForOf|While|DoWhile|Switch|Try)Statement$/
const DECLARING = /^(?:Import|Export\w*|Variable|Function|Class|TS\w+)Declaration$/
const FUNCTION = /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/
const KEYED = /^(?:Property|PropertyDefinition|MethodDefinition|TSPropertySignature|TSMethodSignature)$/

export const SHAPE_RULES: Readonly<Record<string, Rule>> = {
  'No global of Node is named outside the files written for Node': tree =>
    eachModule(tree, module => (isForNode(module.path) ? [] : nodeGlobalsIn(module))),
  'Importing a module does nothing': tree =>
    eachModule(tree, module =>
      (module.program.body ?? [])
        .filter(({ type }) => module.path !== PROGRAM && !DECLARING.test(type))
        .map(node => `line ${lineOf(module, node)}`),
    ),
  'Nothing is exported as default': tree => eachNode(tree, isDefaultExport),
  'Classes are for errors': tree =>
    eachNode(tree, ({ type }, path) => /^Class/.test(type) && isClass(type) && path !== 'errors.ts'),
  'No file or folder has a name that says nothing': tree =>
    [...tree.keys()].filter(path => path.split(/[/.]/).some(part => FORBIDDEN_NAMES.has(part))),
  [`No file is longer than ${MAX_LINES} lines`]: tree =>
    eachModule(tree, ({ text }) => {
      const lines = text.trimEnd().split('\n').length
      return lines > MAX_LINES ? [`${lines} lines`] : []
    }),
  [`No function nests control flow deeper than ${MAX_NESTING}`]: tree =>
    eachModule(tree, module => deepestIn(module.program, 0).map(node => `line ${lineOf(module, node)}`)),
  'No comment switches a check off': tree =>
    eachModule(
      tree,
      ({ text }) => text.match(/@ts-(?:ignore|nocheck|expect-error)|biome-ignore|\/\/\/ *<reference/g) ?? [],
    ),
}

function isClass(type: string): boolean {
  return type === 'ClassDeclaration' || type === 'ClassExpression'
}

function isDefaultExport({ type, exported }: Node): boolean {
  const exportsDefault = exported?.name === 'default' || exported?.value === 'default'
  return type === 'ExportDefaultDeclaration' || exportsDefault
}

function nodeGlobalsIn(module: Module): readonly string[] {
  const found: string[] = []
  walk(module.program, (node, parent) => {
    if (isNodeGlobal(node, parent)) found.push(`${nameOf(node)} (line ${lineOf(module, node)})`)
  })
  return found
}

/** A plain name counts, and so does `globalThis.name`; a property or a key that is merely called so does not. */
function isNodeGlobal(node: Node, parent: Node | undefined): boolean {
  if (!NODE_GLOBALS.has(nameOf(node))) return false
  if (parent?.object?.name === 'globalThis' && parent.property === node) return true
  if (node.type !== 'Identifier') return false
  if (parent?.type === 'MemberExpression') return parent.object === node || parent.computed === true
  // `declare global`.
  if (parent?.type === 'TSModuleDeclaration') return false
  if (parent?.type === 'ImportSpecifier' || parent?.type === 'ExportSpecifier') return false
  const isKey = parent !== undefined && KEYED.test(parent.type) && parent.key === node
  return !isKey || parent.shorthand === true
}

function nameOf(node: Node): string {
  if (node.type === 'Identifier') return node.name ?? ''
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : ''
}

/**
 * The control statements that lie deeper than allowed. A function starts anew, `else if` continues its `if`, and an
 * `if` of one line without braces nests nothing.
 */
function deepestIn(node: Node, depth: number, isElseIf = false): readonly Node[] {
  const nests = CONTROL.test(node.type) && !isElseIf && !isOneLine(node)
  const inner = FUNCTION.test(node.type) ? 0 : depth + Number(nests)
  if (inner > MAX_NESTING) return [node]
  return childrenOf(node).flatMap(child => {
    const continues = child === node.alternate && child.type === 'IfStatement'
    return deepestIn(child, inner, continues)
  })
}

function isOneLine({ type, consequent, alternate }: Node): boolean {
  if (type !== 'IfStatement' || consequent === undefined || (alternate ?? null) !== null) return false
  return consequent.type !== 'BlockStatement' && !CONTROL.test(consequent.type)
}

function lineOf({ text }: Module, { start }: Node): number {
  return text.slice(0, start).split('\n').length
}

function eachNode(tree: Tree, isWrong: (node: Node, path: string) => boolean): readonly string[] {
  return eachModule(tree, module => {
    const found: string[] = []
    walk(module.program, node => {
      if (isWrong(node, module.path)) found.push(`line ${lineOf(module, node)}`)
    })
    return found
  })
}

function eachModule(tree: Tree, wrong: (module: Module) => readonly string[]): readonly string[] {
  return [...tree.values()].flatMap(module => wrong(module).map(what => `${module.path}: ${what}`))
}
