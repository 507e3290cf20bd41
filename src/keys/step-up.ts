import { sha256 } from '#hash'
import { encodeHex, encodeUtf8 } from '../bytes.js'
import { KeyError, StoreError } from '../errors.js'
import type { Operation, OperationTable, Role } from '../preset.js'
import type { Awaitable, ReplayStore } from '../store.js'
import type { Clock } from '../time.js'
import type { Principal } from './compiled-key.js'

/** Who asks. The host has authenticated them; never take this from a request's body. */
export interface Actor {
  readonly role: Role
  /** The host's id of the operator, or the key id of a key. For an owner, the owner. */
  readonly id: string
  /** Of a key: whether its request was proven by a secret that is being rotated out, which manages nothing. */
  readonly retiring?: boolean
}

/** A verified caller as one that asks: `manager.derive({ …, actor: actorOf(principal) })`. */
export function actorOf({ keyId, secretEndsAt }: Pick<Principal, 'keyId' | 'secretEndsAt'>): Actor {
  return { role: 'key', id: keyId, retiring: secretEndsAt !== null }
}

/** What a second factor approves: this operation with these parameters, and nothing else. */
export interface StepUpRequest {
  readonly actor: Actor
  /** Whose key it is; empty where the keys of all owners are meant. */
  readonly owner: string
  readonly operation: Operation
  /** Absent where the key does not exist yet, or all of the owner's are meant. */
  readonly keyId: string | undefined
  /** JSON text of what will be done, to be shown or signed over. */
  readonly parameters: string
  /** What the user gave: a TOTP code, or the JSON of a WebAuthn assertion over `parameters`. */
  readonly proof: string
}

export interface StepUpOptions {
  readonly operations: OperationTable
  /** Whether the proof is the actor's and approves exactly this. */
  readonly secondFactor: ((request: StepUpRequest) => Awaitable<boolean>) | undefined
  /** Whether an owner has activated a second factor; absent where every owner must. */
  readonly hasSecondFactor: ((owner: string) => Awaitable<boolean>) | undefined
  /** Remembers proofs, so that one that was accepted is never accepted again. */
  readonly replay: ReplayStore | undefined
  readonly clock: Clock
}

/** How long an accepted proof is remembered, ms: longer than any one-time code lives. */
const PROOF_MEMORY_MS = 600_000
/** Guesses per owner or operator and hour, whoever's keys they are for: with six digits, 20 in a million. */
const TRIES_PER_HOUR = 20
const HOUR_MS = 3_600_000
/** Longest proof, characters. */
const MAX_PROOF = 16_384

/** Something to admit, with what was shown for it. */
export type Admission = Omit<StepUpRequest, 'proof'> & {
  readonly proof: string | undefined
  /** Another operation that this one amounts to: its row must allow it too. */
  readonly also: Operation | undefined
}

/**
 * Admits an operation, or says what is missing.
 *
 * The function throws `KeyError` `ERR_OPERATION_FORBIDDEN`, `ERR_SECOND_FACTOR_REQUIRED`, `ERR_SECOND_FACTOR_REFUSED`,
 * `ERR_SECOND_FACTOR_LOCKED`.
 *
 * @source RFC 6238 section 5.2: a verifier must not accept the second attempt of a code
 */
export function createStepUp(options: StepUpOptions): (request: Admission) => Promise<void> {
  const { operations, secondFactor, replay, clock } = options
  return async ({ proof, also, ...request }) => {
    const rows = also === undefined ? [request.operation] : [request.operation, also]
    for (const row of rows) refuseUnlessOpen(operations, row, request)
    if (request.owner === '' && request.actor.role !== 'operator') throw forbidden('say who asks')
    if (rows.every(row => operations[row].needs === 'nothing') || (await goesWithout(options, request))) return
    if (typeof proof !== 'string' || proof === '') {
      throw new KeyError('ERR_SECOND_FACTOR_REQUIRED', `${request.operation} needs a second factor`, { field: 'proof' })
    }
    if (proof.length > MAX_PROOF || secondFactor === undefined || replay === undefined) throw refused()
    // Whose second factor it is: a key's is its owner's, so that many keys are not many times as many guesses.
    const subject = request.actor.role === 'operator' ? `operator:${request.actor.id}` : `owner:${request.owner}`
    await spendTry(replay, subject, clock())
    // Claimed before it is judged: of two uses of one proof at once, one is refused whatever the host answers.
    const used = `proof:${encodeHex(sha256.digest([encodeUtf8(proof)]))}`
    if (!(await remember(replay, subject, { token: used, until: clock() + PROOF_MEMORY_MS }))) throw refused()
    if ((await secondFactor({ ...request, proof })) !== true) throw refused()
  }
}

/** Who asks, and for whose key, as far as that is known. */
export interface Standing {
  readonly actor: Actor
  readonly owner: string | undefined
  readonly keyId: string | undefined
}

/**
 * Refuses whom the table does not name. Also where it does, an owner acts for themselves only, and a key for itself.
 *
 * @throws {KeyError} `ERR_OPERATION_FORBIDDEN`
 */
export function refuseUnlessOpen(
  operations: OperationTable,
  row: Operation | 'read',
  { actor, owner, keyId }: Standing,
): void {
  if (row !== 'read' && !operations[row].by.includes(actor.role)) {
    throw forbidden(`${row} is not open to the ${actor.role}`)
  }
  if (actor.role === 'key' && keyId !== actor.id) throw forbidden('a key may act for itself only')
  // Whoever stole the old secret would otherwise outlast the rotation, with a child or a newer secret.
  if (actor.role === 'key' && actor.retiring === true)
    throw forbidden('a secret that is being replaced manages nothing')
  if (actor.role === 'owner' && owner !== undefined && owner !== actor.id) {
    throw forbidden('an owner may act for themselves only')
  }
}

/** An owner may be without a second factor, where the policy allows it; an operator or a key never is. */
async function goesWithout(
  { hasSecondFactor }: StepUpOptions,
  { actor, owner }: Pick<StepUpRequest, 'actor' | 'owner'>,
): Promise<boolean> {
  return hasSecondFactor !== undefined && actor.role === 'owner' && (await hasSecondFactor(owner)) === false
}

/** Takes one of the hour's tries, before the proof is looked at, so that parallel guesses are counted too. */
async function spendTry(replay: ReplayStore, subject: string, now: number): Promise<void> {
  const hour = Math.floor(now / HOUR_MS)
  for (let n = 0; n < TRIES_PER_HOUR; n++) {
    if (await remember(replay, subject, { token: `try:${hour}:${n}`, until: (hour + 2) * HOUR_MS })) return
  }
  throw new KeyError('ERR_SECOND_FACTOR_LOCKED', 'too many second-factor attempts; try again in an hour', {
    field: 'proof',
  })
}

async function remember(
  replay: ReplayStore,
  subject: string,
  { token, until }: { token: string; until: number },
): Promise<boolean> {
  try {
    return (await replay.claim(subject, token, until)) === true
  } catch (cause) {
    throw cause instanceof StoreError
      ? cause
      : new StoreError('ERR_STORE_UNAVAILABLE', 'the replay store failed', { cause })
  }
}

function refused(): KeyError {
  return new KeyError('ERR_SECOND_FACTOR_REFUSED', 'the second factor was not accepted', { field: 'proof' })
}

function forbidden(why: string): KeyError {
  return new KeyError('ERR_OPERATION_FORBIDDEN', why, { field: 'actor' })
}
