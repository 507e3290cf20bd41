import type { SignatureAlgorithm } from '../crypto/signing.js'
import { expectInteger, expectText, invalidOption, readOptions } from '../options.js'
import { type Item, serializeItem } from './structured-fields.js'

/** `hmac-sha256`, or the algorithm of a key pair: names of the registry of RFC 9421. */
export type HttpSignatureAlgorithm = 'hmac-sha256' | SignatureAlgorithm

export interface HttpMessageSignaturesOptions {
  /** Host that requests are made to, and port unless it is the scheme's own; lower case. */
  readonly authority: string
  /** Default `https`. */
  readonly scheme?: 'https' | 'http'
  /** What keys may sign with. Each key works with its own alone. */
  readonly algorithms: readonly HttpSignatureAlgorithm[]
  /**
   * What a signature must cover, exactly: derived components (`@method`, `@path`, …), names of header fields in lower
   * case, and either with a parameter, as in `{ name: 'signature-agent', key: 'agent' }`. `content-type` and
   * `content-digest` are covered by the requests that have them. Default: method, authority, path, query, content type
   * and digest.
   */
  readonly components?: readonly HttpComponent[]
  /** Hash of the `Content-Digest` (RFC 9530). Default `sha-256`. */
  readonly contentDigest?: 'sha-256' | 'sha-512'
  /** What `tag` must say. Left out, a signature must have none. */
  readonly tag?: string
  /** Name that a signer gives its signature. Default `sig1`. */
  readonly label?: string
  /** Whether a signature must have a nonce, and is good once. Default true. */
  readonly nonce?: boolean
  /** How a shared secret's text becomes the key of the MAC. Default `utf8`. */
  readonly secretEncoding?: 'utf8' | 'base64'
  /** How old a signature that names no end may be, s. Default 60. */
  readonly maxAgeS?: number
  /** Longest time from `created` to `expires`, s. Default 300. */
  readonly maxLifeS?: number
  /** How far in the future `created` may lie, s. Default 1. */
  readonly futureS?: number
}

export type HttpComponent =
  | string
  | { readonly name: '@query-param'; readonly param: string }
  | { readonly name: string; readonly key: string }
  | { readonly name: string; readonly bs: true }

const WHERE = 'httpMessageSignatures'

const ALGORITHMS: readonly string[] = [
  'hmac-sha256',
  'ed25519',
  'ecdsa-p256-sha256',
  'rsa-pss-sha512',
  'rsa-v1_5-sha256',
]
const USUAL: readonly string[] = ['@method', '@authority', '@path', '@query', 'content-type', 'content-digest']
const OPTIONAL = ['scheme', 'components', 'contentDigest', 'tag', 'label', 'nonce', 'secretEncoding'] as const
const TIMES = ['maxAgeS', 'maxLifeS', 'futureS'] as const
const DAY_S = 86_400

/** The options, checked and filled in. */
export interface MessageSignatureOptions {
  readonly authority: string
  readonly scheme: string
  readonly algorithms: readonly HttpSignatureAlgorithm[]
  readonly items: readonly Item[]
  readonly contentDigest: 'sha-256' | 'sha-512'
  readonly tag: string | undefined
  readonly label: string
  readonly nonce: boolean
  readonly secretEncoding: 'utf8' | 'base64'
  readonly maxAgeS: number
  readonly maxLifeS: number
  readonly futureS: number
}

/** @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID` */
export function readMessageSignatureOptions(options: HttpMessageSignaturesOptions): MessageSignatureOptions {
  const given = readOptions(WHERE, options, {
    required: ['authority', 'algorithms'],
    optional: [...OPTIONAL, ...TIMES],
  })
  const { authority, algorithms, scheme = 'https', tag, label = 'sig1', nonce = true, maxLifeS = 300 } = given
  const { contentDigest = 'sha-256', secretEncoding = 'utf8' } = given
  const { maxAgeS = Math.min(60, maxLifeS), futureS = 1 } = given
  expectText(WHERE, ['authority', authority], /^[a-z0-9.[\]:-]{1,261}$/)
  expectText(WHERE, ['scheme', scheme], /^https?$/)
  expectText(WHERE, ['label', label], /^[a-z*][a-z0-9_.*-]{0,63}$/)
  expectText(WHERE, ['contentDigest', contentDigest], /^sha-(256|512)$/)
  expectText(WHERE, ['secretEncoding', secretEncoding], /^(utf8|base64)$/)
  if (tag !== undefined) expectText(WHERE, ['tag', tag], /^[ -~]{1,128}$/)
  if (typeof nonce !== 'boolean') throw invalidOption(WHERE, 'nonce', 'true or false')
  expectInteger(WHERE, ['maxLifeS', maxLifeS], { min: 1, max: DAY_S })
  expectInteger(WHERE, ['maxAgeS', maxAgeS], { min: 1, max: maxLifeS })
  expectInteger(WHERE, ['futureS', futureS], { min: 0, max: DAY_S })
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every(name => ALGORITHMS.includes(name))) {
    throw invalidOption(WHERE, 'algorithms', `a list of ${ALGORITHMS}`)
  }
  const items = itemsOf(given.components ?? USUAL)
  const words = { authority, scheme, algorithms, items, contentDigest, tag, label, nonce, secretEncoding }
  return { ...words, maxAgeS, maxLifeS, futureS }
}

function itemsOf(components: readonly HttpComponent[]): readonly Item[] {
  const items = components.map((component): Item => {
    if (typeof component === 'string') return [component, new Map()]
    const { name, param, ...rest } = component as { name: string; param?: string }
    return [name, new Map(Object.entries(param === undefined ? rest : { name: param }))]
  })
  const isName = (name: unknown) => typeof name === 'string' && /^@?[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)
  if (!items.every(([name]) => isName(name)) || new Set(items.map(item => serializeItem(item))).size < items.length) {
    throw invalidOption(WHERE, 'components', 'a list of different components, in lower case')
  }
  return items
}
