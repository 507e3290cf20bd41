import { describe, expect, it } from 'vitest'
import { LAYER_RULES, type Rule } from './layers.js'
import { SHAPE_RULES } from './shape.js'
import { parseTree, readSource, type Tree } from './source.js'

const RULES: Readonly<Record<string, Rule>> = { ...LAYER_RULES, ...SHAPE_RULES }

/** Names for the rules, so that a made-up tree below says in short which one it breaks. */
const rules = Object.keys(RULES)
const ruleOf = (start: string): string => {
  const matching = rules.filter(title => title.startsWith(start))
  if (matching.length !== 1) throw new Error(`${matching.length} rules start with '${start}'`)
  return matching[0] as string
}

const source = readSource()

describe('The source', () => {
  it('is there to be checked', () => {
    expect(source.size).toBeGreaterThan(10)
  })

  it.each(rules)('%s', title => {
    expect(RULES[title]?.(source)).toEqual([])
  })
})

/** A small tree in good order: no rule finds anything in it, so each bad tree below differs in one thing only. */
const GOOD = {
  'errors.ts': 'export class ConfigError extends Error {}',
  'time.ts': "import type { ConfigError } from './errors.js'\nexport type Late = ConfigError",
  'crypto/hash.ts': 'export interface Hash {}',
  'crypto/hash.node.ts':
    "import type { Hash } from './hash.js'\nimport { hash } from 'node:crypto'\nexport const used: Hash = hash\nexport const folder = process.cwd()",
  'crypto/hash.noble.ts': "import { sha256 } from '@noble/hashes/sha2.js'\nexport { sha256 }",
  'crypto/aead.ts': "import { x } from '@noble/ciphers/chacha.js'\nexport { x }",
  'net/cidr.ts': "import ipaddr from 'ipaddr.js'\nexport const parse = ipaddr.parse",
  'http/request.ts':
    'export interface WireRequest { require(): void; Buffer: string }\nexport const of = (a: WireRequest) => a.Buffer',
  'key.ts': 'export interface Key {}',
  'scheme.ts':
    "import type { Hash } from './crypto/hash.js'\nimport type { Key } from './key.js'\nexport type Scheme = Hash & Key",
  'policy/permissions.ts': "import type { Key } from '../key.js'\nexport type Grant = Key",
  'schemes/hmac-v1.ts':
    "import { sha256 } from '#hash'\nimport type { Scheme } from '../scheme.js'\nexport type H = Scheme & typeof sha256",
  'schemes/kraken.ts': "export type K = import('../scheme.js').Scheme",
  'stores/memory.ts': 'export const createMemory = () => new Map()',
  'stores/sql/rows.ts': 'export const readRow = () => undefined',
  'stores/sqlite.ts': "import './sql/rows.js'",
  'stores/sqlite/keys.ts': "import '../sql/rows.js'",
  'presets/standard.ts': "import '../schemes/hmac-v1.js'\nimport '../policy/permissions.js'",
  'client/signer.ts': "import type { Scheme } from '../scheme.js'\nimport '../crypto/hash.js'\nexport type S = Scheme",
  'client/index.ts': "export * from './signer.js'",
  'keys/codec.ts': "import * as z from 'zod/mini'\nexport { z }",
  'verify/verifier.ts': "import '../keys/codec.js'\nimport '../policy/permissions.js'",
  'middleware/node.ts':
    "import '../verify/verifier.js'\nimport type { IncomingMessage } from 'node:http'\nexport type R = IncomingMessage",
  'index.ts': "export { z } from './keys/codec.js'\nexport * from './verify/verifier.js'",
  'insecure.ts': "export type { S } from './client/signer.js'",
}

/** What breaks which rule. Text of a file of the tree above replaces it. */
const BAD: readonly (readonly [rule: string, what: string, files: Readonly<Record<string, string>>])[] = [
  ['Every file has a layer', 'a new folder', { 'tools/x.ts': '' }],
  ['Every file has a layer', 'a new file in the root', { 'constructor.ts': '' }],
  ['Every import is', 'a file that is not there', { 'key.ts': "import './scheme2.js'" }],
  ['Every import is', 'a specifier with .ts', { 'scheme.ts': "import './key.ts'" }],
  ['Every import is', 'a specifier made at run time', { 'key.ts': 'export const x = (name: string) => import(name)' }],
  [
    'Every import is',
    'the hash seam without a hash',
    { 'crypto/hash.noble.ts': '', 'crypto/other.ts': "import '../#hash'" },
  ],
  ['A file imports', 'a word that knows a primitive', { 'time.ts': "import './crypto/hash.js'" }],
  ['A file imports', 'a primitive that knows another folder', { 'http/request.ts': "import '../net/cidr.js'" }],
  ['A file imports', 'a type from above', { 'crypto/hash.ts': "import type { Key } from '../key.js'" }],
  [
    'A file imports',
    'a type from above, written inline',
    { 'key.ts': "export type X = import('./policy/permissions.js').Grant" },
  ],
  ['A file imports', 'a re-export from above', { 'scheme.ts': "export * from './schemes/kraken.js'" }],
  ['A file imports', 'a scheme that knows policy', { 'schemes/kraken.ts': "import '../policy/permissions.js'" }],
  ['A file imports', 'a preset that knows a store', { 'presets/standard.ts': "import '../stores/memory.js'" }],
  ['A file imports', 'who issues knowing who signs', { 'keys/codec.ts': "import '../client/signer.js'" }],
  ['Schemes never', 'a scheme built on a sibling', { 'schemes/kraken.ts': "import './hmac-v1.js'" }],
  ['Schemes never', 'a store built on a sibling', { 'stores/redis.ts': "import { createMemory } from './memory.js'" }],
  [
    'Schemes never',
    'a store built on the parts of a sibling',
    { 'stores/redis.ts': "import './memory/keys.js'", 'stores/memory/keys.ts': '' },
  ],
  ['Schemes never', 'what several share, built on one of them', { 'stores/sql/rows.ts': "import '../memory.js'" }],
  ['Schemes never', 'a part built on a sibling', { 'stores/redis/keys.ts': "import '../memory.js'" }],
  ['The client imports', 'the client knowing a scheme', { 'client/signer.ts': "import '../schemes/kraken.js'" }],
  ['The client imports', 'the client knowing policy', { 'client/signer.ts': "import '../policy/permissions.js'" }],
  ['Issuing, judging', 'a verifier that knows a scheme', { 'verify/verifier.ts': "import '../schemes/kraken.js'" }],
  ['Issuing, judging', 'a manager that knows a store', { 'keys/manager.ts': "import '../stores/memory.js'" }],
  ['Who judges', 'a verifier that signs', { 'verify/verifier.ts': "import '../client/signer.js'" }],
  ['The surfaces', 'a surface with a constant', { 'index.ts': 'export const version = 1' }],
  [
    'The surfaces',
    'a surface that re-exports by way of a name',
    { 'insecure.ts': "import { S } from './client/signer.js'\nexport { S }" },
  ],
  ['Nothing imports in a circle', 'two files', { 'key.ts': "import './scheme.js'" }],
  [
    'Nothing imports in a circle',
    'types of three files',
    {
      'errors.ts': "export type { A } from './options.js'",
      'options.ts': "export type { Late as A } from './time.js'",
    },
  ],
  ['Nothing imports in a circle', 'a file and itself', { 'key.ts': "import './key.js'" }],
  ['Each package', 'a second importer of zod', { 'keys/manager.ts': "import type { z } from 'zod'" }],
  ['Each package', 'a second importer of ipaddr.js', { 'net/client-ip.ts': "import 'ipaddr.js'" }],
  ['Each package', 'a second importer of qr', { 'client/signer.ts': "import { encodeQR } from 'qr'" }],
  ['Each package', 'a second importer of ciphers', { 'crypto/random.ts': "import '@noble/ciphers/aes.js'" }],
  ['Each package', 'a package nobody named', { 'keys/codec.ts': "import 'lodash/fp'" }],
  ['Each package', 'a package with the name of a property', { 'keys/codec.ts': "import 'constructor'" }],
  [
    'The client and the schemes',
    'a scheme that reaches ipaddr.js',
    {
      'schemes/kraken.ts': "import '../http/request.js'",
      'http/request.ts': "import '../net/cidr.js'",
    },
  ],
  ['The client and the schemes', 'a client that reaches zod', { 'client/index.ts': "import 'zod/mini'" }],
  [
    'Built-in modules',
    'a built-in in shared code',
    { 'crypto/random.ts': "import { randomBytes } from 'node:crypto'" },
  ],
  ['Built-in modules', 'a built-in without its prefix', { 'crypto/random.ts': "import 'crypto'" }],
  [
    'Built-in modules',
    'a type of a built-in in other middleware',
    { 'middleware/hono.ts': "import type { Server } from 'node:http'" },
  ],
  ['No global of Node', 'Buffer', { 'key.ts': "export const x = Buffer.from('')" }],
  ['No global of Node', 'Buffer as a type', { 'key.ts': 'export type X = Buffer' }],
  ['No global of Node', 'process by way of globalThis', { 'key.ts': "export const x = globalThis['process']" }],
  ['No global of Node', 'process as a shorthand', { 'key.ts': 'export const x = { process }' }],
  ['No global of Node', 'require', { 'middleware/hono.ts': "export const x = require('hono')" }],
  ['Importing a module', 'a change of a global', { 'key.ts': 'Object.prototype.toString = () => "x"' }],
  ['Importing a module', 'a registration', { 'schemes/kraken.ts': "import { add } from '../key.js'\nadd(1)" }],
  ['Importing a module', 'a condition', { 'key.ts': 'if (globalThis) globalThis.x = 1' }],
  ['Nothing is exported as default', 'a default export', { 'key.ts': 'export default 1' }],
  [
    'Nothing is exported as default',
    'a name exported as default',
    { 'key.ts': 'const a = 1\nexport { a as default }' },
  ],
  ['Nothing is exported as default', 'a default handed on', { 'key.ts': "export { default } from './errors.js'" }],
  ['Classes', 'a class elsewhere', { 'key.ts': 'export class Key {}' }],
  ['Classes', 'a class in an expression', { 'key.ts': 'export const Key = class {}' }],
  ['No file or folder', 'utils', { 'keys/utils.ts': '' }],
  ['No file or folder', 'types', { 'types.ts': '' }],
  ['No file or folder', 'a folder', { 'crypto/lib/mac.ts': '' }],
  ['No file is longer', '201 lines', { 'key.ts': 'export {}\n'.repeat(201) }],
  [
    'No function nests',
    'three deep',
    { 'key.ts': 'export const f = (a: []) => { for (const b of a) { if (b) { try { f(b) } catch {} } } }' },
  ],
  [
    'No function nests',
    'three deep without braces',
    { 'key.ts': 'export const f = (a: 1) => { while (a) for (;;) if (a) f(a); else f(a) }' },
  ],
  [
    'No function nests',
    'three deep in an else',
    { 'key.ts': 'export const f = (a: 1) => { if (a) {} else { for (;;) { while (a) f(a) } } }' },
  ],
  ['No comment', 'a line that is not checked', { 'key.ts': '// @ts-ignore\nexport const x: string = 1' }],
]

const NEAR_MISSES: readonly (readonly [what: string, files: Readonly<Record<string, string>>])[] = [
  ['exactly 200 lines', { 'key.ts': 'export {}\n'.repeat(200) }],
  [
    'two deep, with else if and a function inside',
    {
      'key.ts':
        'export const f = (a: 1) => { for (;;) { if (a) {} else if (f) {} else { return () => { if (a) f(a) } } } }',
    },
  ],
  [
    'a property that is called like a global',
    { 'key.ts': 'export const x = { process: 1 }\nexport const y = x.process' },
  ],
  ['types of everybody', { 'key.ts': 'export {}\ndeclare global { interface X { a: 1 } }' }],
  ['import statements in comments and strings', { 'key.ts': "// import 'zod'\nexport const x = \"import 'zod'\"" }],
  [
    'a store and its own parts',
    {
      'stores/memory.ts': "import './memory/keys.js'",
      'stores/memory/keys.ts': "import './rows.js'",
      'stores/memory/rows.ts': '',
    },
  ],
  ['contracts that know each other', { 'preset.ts': "import type { Key } from './key.js'\nexport type P = Key" }],
]

function treeWith(files: Readonly<Record<string, string>>): Tree {
  return parseTree({ ...GOOD, ...files })
}

describe('The rules', () => {
  it.each(rules)('find nothing in a tree in good order: %s', title => {
    expect(RULES[title]?.(treeWith({}))).toEqual([])
  })

  it.each(NEAR_MISSES)('let pass: %s', (_what, files) => {
    expect(rules.flatMap(title => RULES[title]?.(treeWith(files)))).toEqual([])
  })

  it.each(BAD)('%s…: refuses %s', (start, _what, files) => {
    expect(RULES[ruleOf(start)]?.(treeWith(files))).not.toEqual([])
  })

  it('are each tried on a tree that breaks them', () => {
    const tried = new Set(BAD.map(([start]) => ruleOf(start)))
    expect(rules.filter(title => !tried.has(title))).toEqual([])
  })
})
