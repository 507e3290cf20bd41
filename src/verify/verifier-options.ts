import type { Sealer } from '../crypto/sealer.js'
import { ConfigError } from '../errors.js'
import type { PermissionModel, WithdrawalAddress } from '../key.js'
import { bounded } from '../keys/deadline.js'
import { expectChannel, missingReporter } from '../keys/invalidation.js'
import type { Ceiling } from '../keys/manager-options.js'
import { invalidOption, readInteger, readOptions } from '../options.js'
import type { Scheme } from '../scheme.js'
import type { Awaitable, InvalidationChannel, KeyStore, ReplayStore, UsageStore } from '../store.js'
import { type Clock, isInstant, systemClock } from '../time.js'
import type { Decision } from './verdict.js'
import { ambiguousPaths, checkCoverage } from './weakenings.js'

export interface VerifierOptions<P extends string = string> {
  /** The enabled schemes. One that leaves parts of a request unsigned must be wrapped in `acceptUncovered`. */
  readonly schemes: readonly Scheme[]
  readonly permissions: PermissionModel<P>
  readonly keys: Pick<KeyStore, 'get'>
  /** Opens sealed secrets. Required unless every scheme is a bearer scheme. */
  readonly sealer?: Sealer
  /** Remembers what was accepted. Required unless no scheme has anything to remember (bearer). */
  readonly replay?: ReplayStore
  /** Whether an owner's address book holds an address, for keys with the address rule `owner`. Without it, none is held. */
  readonly addressBook?: (owner: string, address: WithdrawalAddress) => Awaitable<boolean>
  /**
   * What an owner may do at this moment, so that a key never does more than its owner could; `null` = the owner is
   * frozen. Asked at every request, after proof.
   */
  readonly ownerCeiling?: (owner: string) => Awaitable<Ceiling<P> | null>
  /** Told every decision, in order. What it throws rejects the request. */
  readonly onDecision?: (decision: Decision) => void
  /**
   * Tells which keys have changed, so that they are not served from memory until `maxStalenessMs`. Give the manager the
   * same one: a key it has revoked is dropped here before `revoke` resolves. `close` ends it.
   */
  readonly invalidation?: InvalidationChannel
  /**
   * Told when, how often and from where each key is used: a second or so after its first use, then at most once in
   * `usageIntervalMs`, never while a request waits. `close` writes the rest; a crash loses what was counted since.
   */
  readonly usage?: UsageStore
  /** Default 60,000; 1,000 to a day. */
  readonly usageIntervalMs?: number
  /** Told failures that are no request's: of `usage` and of `invalidation`. Required with either. */
  readonly onError?: (error: unknown) => void
  readonly clock?: Clock
  /**
   * Longest wait for an answer of a store, the sealer, `addressBook` or `ownerCeiling`, ms; then the promise rejects
   * with `StoreError`. Default 2,000.
   */
  readonly storeTimeoutMs?: number
  /**
   * Epoch ms since which `replay` remembers everything it was told: the start of the process for a store in memory, the
   * end of an outage for one that lost data. Left out: always. What may have been accepted before is refused as
   * `replayed`: all timestamps up to this instant, and as much later as the scheme's `futureMs` and `clockSkewMs`; where
   * a scheme signs an end, all up to its `maxAheadMs` later. Rising nonces have no time: keep them in a store that lasts.
   */
  readonly rememberedSince?: number
  /** How long a key may be used without asking the store, ms: the longest a revoked key can pass. Default 0. */
  readonly maxStalenessMs?: number
  /** Compiled keys kept in memory. Default 10,000. */
  readonly maxKeys?: number
  /** How far apart the clocks of nodes that share the replay store may be, ms. Default 1,000. */
  readonly clockSkewMs?: number
  /** Largest body, bytes. Default 1 MiB. */
  readonly maxBodyBytes?: number
  /** Longest request target, characters. Default 8,192. */
  readonly maxTargetChars?: number
  /** `ambiguousPaths` from `keylattice/insecure` lets paths through that normalisation would change. */
  readonly paths?: typeof ambiguousPaths
}

/** The options, checked and filled in. */
export interface CheckedVerifierOptions {
  readonly schemes: readonly Scheme[]
  readonly permissions: PermissionModel
  readonly keys: Pick<KeyStore, 'get'>
  readonly sealer: Sealer | undefined
  readonly replay: ReplayStore
  readonly addressBook: VerifierOptions['addressBook'] | undefined
  readonly ownerCeiling: VerifierOptions['ownerCeiling'] | undefined
  readonly onDecision: ((decision: Decision) => void) | undefined
  readonly invalidation: InvalidationChannel | undefined
  readonly usage: UsageStore | undefined
  readonly usageIntervalMs: number
  readonly onError: ((error: unknown) => void) | undefined
  readonly clock: Clock
  readonly storeTimeoutMs: number
  readonly rememberedSince: number | undefined
  readonly maxStalenessMs: number
  readonly maxKeys: number
  readonly clockSkewMs: number
  readonly maxBodyBytes: number
  readonly maxTargetChars: number
  readonly ambiguousPaths: boolean
}

const WHERE = 'createVerifier'
const DAY_MS = 86_400_000

/** @throws {ConfigError} naming the option */
export function readVerifierOptions<P extends string>(given: VerifierOptions<P>): CheckedVerifierOptions {
  const own = readOptions(WHERE, given, {
    required: ['schemes', 'permissions', 'keys'],
    optional: [
      ...(['sealer', 'replay', 'addressBook', 'ownerCeiling', 'onDecision', 'clock'] as const),
      ...(['invalidation', 'usage', 'usageIntervalMs', 'onError', 'storeTimeoutMs', 'rememberedSince'] as const),
      ...(['maxStalenessMs', 'maxKeys', 'clockSkewMs'] as const),
      ...(['maxBodyBytes', 'maxTargetChars', 'paths'] as const),
    ],
  })
  const from = { where: WHERE, options: own }
  expectForms(own)
  if (own.paths !== undefined && own.paths !== ambiguousPaths) throw invalidOption(WHERE, 'paths', 'ambiguousPaths')
  const schemes = checkSchemes(own.schemes)
  const timeoutMs = readInteger(from, 'storeTimeoutMs', { fallback: 2000, min: 1, max: 600_000 })
  const ownerCeiling = own.ownerCeiling as VerifierOptions['ownerCeiling']
  return {
    schemes,
    permissions: own.permissions as unknown as PermissionModel,
    keys: own.keys,
    sealer: checkSealer(own.sealer, schemes),
    replay: checkReplay(own.replay, schemes),
    addressBook: own.addressBook && bounded(own.addressBook, { timeoutMs, who: 'the address book' }),
    ownerCeiling: ownerCeiling && bounded(ownerCeiling, { timeoutMs, who: 'ownerCeiling' }),
    onDecision: own.onDecision,
    invalidation: own.invalidation,
    usage: own.usage,
    usageIntervalMs: readInteger(from, 'usageIntervalMs', { fallback: 60_000, min: 1000, max: DAY_MS }),
    onError: own.onError,
    clock: own.clock ?? systemClock,
    storeTimeoutMs: timeoutMs,
    rememberedSince: own.rememberedSince,
    maxStalenessMs: readInteger(from, 'maxStalenessMs', { fallback: 0, min: 0, max: DAY_MS }),
    maxKeys: readInteger(from, 'maxKeys', { fallback: 10_000, min: 1, max: 10_000_000 }),
    clockSkewMs: readInteger(from, 'clockSkewMs', { fallback: 1000, min: 0, max: DAY_MS }),
    maxBodyBytes: readInteger(from, 'maxBodyBytes', { fallback: 1024 * 1024, min: 0, max: 2 ** 40 }),
    maxTargetChars: readInteger(from, 'maxTargetChars', { fallback: 8192, min: 1, max: 65_536 }),
    ambiguousPaths: own.paths === ambiguousPaths,
  }
}

function expectForms(own: VerifierOptions): void {
  const { keys, usage, invalidation, rememberedSince } = own
  for (const name of ['onDecision', 'onError', 'clock', 'addressBook', 'ownerCeiling'] as const) {
    if (own[name] !== undefined && typeof own[name] !== 'function') throw invalidOption(WHERE, name, 'a function')
  }
  if (typeof keys.get !== 'function') throw invalidOption(WHERE, 'keys', 'a KeyStore')
  if (usage !== undefined && typeof usage.touch !== 'function') throw invalidOption(WHERE, 'usage', 'a UsageStore')
  expectChannel(WHERE, invalidation)
  if (rememberedSince !== undefined && !isInstant(rememberedSince))
    throw invalidOption(WHERE, 'rememberedSince', 'a whole number of epoch milliseconds')
  const failing = (['usage', 'invalidation'] as const).find(name => own[name] !== undefined)
  if (failing !== undefined && own.onError === undefined) throw missingReporter(WHERE, failing)
}

function checkSchemes(schemes: readonly Scheme[]): readonly Scheme[] {
  if (!Array.isArray(schemes) || schemes.length === 0)
    throw invalidOption(WHERE, 'schemes', 'a list of at least one scheme')
  const ids = new Set<string>()
  for (const scheme of schemes as readonly Scheme[]) {
    if (ids.has(scheme.id)) throw invalidOption(WHERE, 'schemes', 'schemes of different ids')
    ids.add(scheme.id)
    checkCoverage(scheme)
  }
  // Not frozen: nobody else holds this copy, and V8 iterates a frozen array outside its fast path.
  return [...schemes]
}

function checkSealer(sealer: Sealer | undefined, schemes: readonly Scheme[]): Sealer | undefined {
  const needing = schemes.find(scheme => scheme.proof.kind === 'mac')
  if (sealer === undefined && needing !== undefined) throw needed('sealer', needing)
  return sealer
}

function checkReplay(replay: ReplayStore | undefined, schemes: readonly Scheme[]): ReplayStore {
  const needing = schemes.find(scheme => scheme.freshness.kind !== 'none')
  if (replay !== undefined) {
    if (typeof replay.claim !== 'function' || typeof replay.advance !== 'function')
      throw invalidOption(WHERE, 'replay', 'a ReplayStore')
    return replay
  }
  if (needing !== undefined) throw needed('replay', needing)
  // Never asked: no enabled scheme has anything to remember.
  return { claim: () => false, advance: () => false }
}

function needed(option: string, scheme: Scheme): ConfigError {
  return new ConfigError('ERR_OPTION_MISSING', `${WHERE} needs the option '${option}' for scheme '${scheme.id}'`, {
    field: option,
  })
}
