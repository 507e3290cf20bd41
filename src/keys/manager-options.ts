import type { Sealer } from '../crypto/sealer.js'
import { ConfigError } from '../errors.js'
import type { PermissionModel } from '../key.js'
import { invalidOption, readInteger, readOptions } from '../options.js'
import type { KeyPolicy } from '../preset.js'
import type { Scheme } from '../scheme.js'
import type { AuditSink, Awaitable, InvalidationChannel, KeyStore, ReplayStore, UsageStore } from '../store.js'
import { type Clock, systemClock } from '../time.js'
import type { Mint } from './credentials.js'
import { expectChannel, missingReporter } from './invalidation.js'
import type { ConfirmationMail } from './manager-types.js'
import type { StepUpRequest } from './step-up.js'

/** The most a key of an owner may be able to do, whatever path leads there. */
export interface Ceiling<P extends string = string> {
  /** Permissions and aliases the owner has. */
  readonly permissions: readonly P[]
  /** Accounts the owner has; `null` = every account is the owner's. */
  readonly accounts: readonly string[] | null
}

export interface KeyManagerOptions<P extends string = string, A extends string = string> {
  readonly keys: KeyStore
  /** The schemes a key can be issued for. */
  readonly schemes: readonly Scheme[]
  readonly permissions: PermissionModel<P, A>
  readonly policy: KeyPolicy
  /** What an owner may grant. Asked whenever a key is made, changed, given a secret, confirmed or resumed. */
  readonly ceiling: (owner: string) => Awaitable<Ceiling<P | A>>
  /** Makes key ids and secrets: `createMint({ brand, environment })`. */
  readonly mint: Mint
  /** Seals secrets that must be recoverable. Required unless every scheme is a bearer scheme. */
  readonly sealer?: Sealer
  /** Judges a second factor. Required where an operation of the policy needs one. */
  readonly secondFactor?: (request: StepUpRequest) => Awaitable<boolean>
  /** Whether an owner has activated a second factor. Required where the policy asks for one only then. */
  readonly hasSecondFactor?: (owner: string) => Awaitable<boolean>
  /** Remembers accepted second factors. Required with `secondFactor`. */
  readonly replay?: ReplayStore
  /** Mails a confirmation link. Required where an operation of the policy needs one. */
  readonly sendConfirmation?: (mail: ConfirmationMail) => Awaitable<void>
  /** Whether the house has granted an owner API access. Required where the policy says so. */
  readonly eligible?: (owner: string) => Awaitable<boolean>
  /** What is known of keys' use. Required for `sweep`, where the policy ends idle keys. */
  readonly usage?: UsageStore
  /**
   * Told every change and every refusal. While it fails, nothing that gives power is carried out; what takes power
   * away is, and then the promise rejects with `StoreError`.
   */
  readonly audit?: AuditSink
  /**
   * Tells verifiers which keys have changed. Give those of this process the same one: they have dropped a key before
   * `revoke` resolves, and by then the message to other processes has left. If it could not, the key is revoked all the
   * same, and `onError` is told.
   */
  readonly invalidation?: InvalidationChannel
  /** Told failures of `invalidation`, which fail no operation. Required with it. */
  readonly onError?: (error: unknown) => void
  /** Longest wait for an answer of a store, the audit sink or the channel, ms. Default 10,000. */
  readonly storeTimeoutMs?: number
  readonly clock?: Clock
}

export interface CheckedManagerOptions extends Omit<KeyManagerOptions, 'schemes' | 'clock' | 'permissions'> {
  readonly schemes: ReadonlyMap<string, Scheme>
  readonly permissions: PermissionModel
  readonly storeTimeoutMs: number
  readonly clock: Clock
}

const WHERE = 'createKeyManager'

/** @throws {ConfigError} naming the option */
export function readManagerOptions<P extends string, A extends string>(
  given: KeyManagerOptions<P, A>,
): CheckedManagerOptions {
  const own = readOptions(WHERE, given, {
    required: ['keys', 'schemes', 'permissions', 'policy', 'ceiling', 'mint'],
    optional: [
      'sealer',
      'secondFactor',
      'hasSecondFactor',
      'replay',
      'sendConfirmation',
      'eligible',
      'usage',
      'audit',
      'invalidation',
      'onError',
      'storeTimeoutMs',
      'clock',
    ],
  })
  if (!Array.isArray(own.schemes) || own.schemes.length === 0)
    throw invalidOption(WHERE, 'schemes', 'a list of at least one scheme')
  const schemes = new Map(own.schemes.map(scheme => [scheme.id, scheme]))
  if (schemes.size !== own.schemes.length) throw invalidOption(WHERE, 'schemes', 'schemes of different ids')
  if (own.sealer === undefined && own.schemes.some(scheme => scheme.proof.kind === 'mac')) {
    throw invalidOption(WHERE, 'sealer', 'given, since a scheme needs recoverable secrets')
  }
  if (typeof own.ceiling !== 'function') throw invalidOption(WHERE, 'ceiling', 'a function of the owner')
  expectCallbacks(own)
  expectKnownPermissions(own.permissions as unknown as PermissionModel, own.policy)
  if (own.clock !== undefined && typeof own.clock !== 'function') throw invalidOption(WHERE, 'clock', 'a function')
  if (own.audit !== undefined && typeof own.audit.append !== 'function') throw invalidOption(WHERE, 'audit', 'a sink')
  expectChannel(WHERE, own.invalidation)
  if (own.invalidation !== undefined && typeof own.onError !== 'function') throw missingReporter(WHERE, 'invalidation')
  return {
    ...own,
    schemes,
    permissions: own.permissions as unknown as PermissionModel,
    ceiling: own.ceiling as (owner: string) => Awaitable<Ceiling>,
    storeTimeoutMs: readInteger({ where: WHERE, options: own }, 'storeTimeoutMs', {
      ...{ fallback: 10_000, min: 1, max: 600_000 },
    }),
    clock: own.clock ?? systemClock,
  }
}

/** A rule that nobody can carry out would lock every owner out, or be forgotten. */
function expectCallbacks(
  options: Pick<
    KeyManagerOptions,
    'policy' | 'secondFactor' | 'hasSecondFactor' | 'replay' | 'sendConfirmation' | 'eligible'
  >,
): void {
  const needs = Object.values(options.policy.operations).map(rule => rule.needs)
  const stepsUp = needs.some(need => need !== 'nothing')
  const required = {
    secondFactor: stepsUp,
    hasSecondFactor: stepsUp && options.policy.secondFactor === 'if-activated',
    replay: stepsUp,
    sendConfirmation: needs.includes('second-factor-and-mail'),
    eligible: options.policy.eligibility,
  }
  for (const [name, isRequired] of Object.entries(required)) {
    if (isRequired && options[name as keyof typeof required] === undefined) {
      const message = `${WHERE} needs the option '${name}', since the policy asks for it`
      throw new ConfigError('ERR_OPTION_MISSING', message, { field: name })
    }
  }
}

/** A misspelt name would guard a permission that does not exist, and leave the one that was meant unguarded. */
function expectKnownPermissions({ names, aliases }: PermissionModel, policy: KeyPolicy): void {
  const known: readonly string[] = [...names, ...aliases]
  const { needAllowlist, addressPermissions, lapse } = policy
  const lists = { needAllowlist, addressPermissions, lapse: lapse?.permissions ?? [] }
  for (const [rule, named] of Object.entries(lists)) {
    const unknown = named.findIndex(name => !known.includes(name))
    if (unknown < 0) continue
    const field = `policy.${rule}[${unknown}]`
    const message = `${WHERE}: ${field} is not a permission or an alias of this model`
    throw new ConfigError('ERR_PERMISSION_INVALID', message, { field })
  }
}
