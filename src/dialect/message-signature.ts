import type { SignatureAlgorithm } from '../crypto/signing.js'
import { type Field, isField, KEY_ID } from '../http/field.js'
import { headerOf, type WireRequest } from '../http/request.js'
import { type Claim, claimOf, type Malformed } from '../scheme.js'
import {
  type InnerList,
  type Item,
  isInnerList,
  readDictionary,
  serializeDictionary,
  serializeItem,
} from './structured-fields.js'

/** The two header fields of RFC 9421: which signature of a request is meant, and what it says of itself. */

export const INPUT = 'signature-input'
export const SIGNATURE = 'signature'

const PARAMETERS: readonly string[] = ['created', 'expires', 'keyid', 'alg', 'nonce', 'tag']
const NONCE: Field = { min: 8, max: 128, foreign: /[^!-~]/ }
const MAX_SECONDS = 1e11

/** What of a signature is the server's to say, and never the message's. */
export interface SignaturePolicy {
  readonly algorithms: readonly string[]
  readonly tag: string | undefined
  readonly label: string
  /** Whether a nonce is needed. */
  readonly nonce: boolean
  /** What must be covered, as serialised items. */
  components(request: WireRequest): readonly string[]
}

/**
 * The one signature that is meant: that with the policy's tag where it has one, else the only one there is.
 *
 * @returns `undefined` where there is none, or more than one
 */
export function chosenInput(request: WireRequest, tag: string | undefined): readonly [string, InnerList] | undefined {
  const inputs = readDictionary(headerOf(request, INPUT) ?? '')
  const meant = [...(inputs ?? [])].filter(([, member]) => tag === undefined || member[1].get('tag') === tag)
  const [first] = meant
  return first !== undefined && meant.length === 1 && isInnerList(first[1]) ? [first[0], first[1]] : undefined
}

export function readSignature(request: WireRequest, policy: SignaturePolicy): Claim | Malformed {
  const chosen = chosenInput(request, policy.tag)
  if (chosen === undefined) return { malformed: INPUT }
  const [label, covered] = chosen
  const field = wrongParameter(covered[1], policy) ?? wrongComponent(covered, policy.components(request))
  if (field !== undefined) return { malformed: field }
  const member = readDictionary(headerOf(request, SIGNATURE) ?? '')?.get(label)
  const bytes = member?.[0]
  if (!(bytes instanceof ArrayBuffer) || member?.[1].size !== 0) return { malformed: SIGNATURE }
  return claimFrom(covered[1], new Uint8Array(bytes))
}

function wrongParameter(parameters: Item[1], { algorithms, tag, nonce }: SignaturePolicy): string | undefined {
  const unknown = [...parameters.keys()].find(name => !PARAMETERS.includes(name))
  if (unknown !== undefined) return INPUT
  const [keyId, given, alg] = ['keyid', 'nonce', 'alg'].map(name => parameters.get(name))
  if (typeof keyId !== 'string' || !isField(keyId, KEY_ID)) return 'keyid'
  if (alg !== undefined && !algorithms.includes(alg as string)) return 'alg'
  if (given === undefined ? nonce : typeof given !== 'string' || !isField(given, NONCE)) return 'nonce'
  if (parameters.get('tag') !== tag) return 'tag'
  const created = parameters.get('created')
  if (!isSeconds(created)) return 'created'
  const expires = parameters.get('expires') ?? created + 1
  return isSeconds(expires) && expires > created ? undefined : 'expires'
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < MAX_SECONDS
}

/** Neither more nor less than the policy asks for, each once; in any order. */
function wrongComponent([items]: InnerList, needed: readonly string[]): string | undefined {
  const covered = items.map(item => serializeItem(item))
  const isComplete = covered.length === needed.length && needed.every(name => covered.includes(name))
  return isComplete ? undefined : INPUT
}

function claimFrom(parameters: Item[1], tag: Uint8Array): Claim {
  const created = parameters.get('created') as number
  const expires = parameters.get('expires') as number | undefined
  const window = expires === undefined ? {} : { recvWindow: String(expires), recvWindowMs: (expires - created) * 1000 }
  return claimOf({
    keyId: parameters.get('keyid') as string,
    tag,
    timestampMs: created * 1000,
    timestamp: String(created),
    nonce: (parameters.get('nonce') ?? '') as string,
    algorithm: (parameters.get('alg') ?? '') as SignatureAlgorithm | '',
    ...window,
  })
}

/** A request with both fields; signatures of others, which are there already, stay. */
export function writeSignature(
  request: WireRequest,
  { claim, tag, covered }: { readonly claim: Claim; readonly tag: Uint8Array; readonly covered: readonly Item[] },
  policy: SignaturePolicy,
): WireRequest {
  const { keyId, timestamp, recvWindow, nonce, algorithm } = claim
  const parameters = new Map<string, string | number>([['created', Number(timestamp)]])
  if (recvWindow !== '') parameters.set('expires', Number(recvWindow))
  parameters.set('keyid', keyId)
  if (algorithm !== '') parameters.set('alg', algorithm)
  if (nonce !== '') parameters.set('nonce', nonce)
  if (policy.tag !== undefined) parameters.set('tag', policy.tag)
  const input = serializeDictionary(new Map([[policy.label, [[...covered], parameters]]]))
  const headers = { ...request.headers, [INPUT]: input }
  if (tag.length === 0) return { ...request, headers }
  const signature = serializeDictionary(new Map([[policy.label, [tag.slice(), new Map()]]]))
  return { ...request, headers: { ...headers, [SIGNATURE]: signature } }
}
