import type { WireRequest } from '../http/request.js'
import type { Grant } from '../key.js'
import { createKeyCompiler, type Principal } from '../keys/compiled-key.js'
import { createKeyCache, type KeyCache } from '../keys/key-cache.js'
import { isPromiseLike } from '../store.js'
import { admit } from './admission.js'
import { type Authenticate, createAuthenticator } from './authenticate.js'
import { type Authorize, createAuthorizer } from './authorize.js'
import { decisionOf, type Seen } from './decision.js'
import { describe, type SelfDescription } from './describe.js'
import { checkFreshness, createReplayGuard, type ReplayGuard } from './freshness.js'
import { recognize } from './recognize.js'
import { createRequirements, type Requirement } from './requirements.js'
import { type Denied, isRefusal, type Refusal, type Verdict } from './verdict.js'
import { type CheckedVerifierOptions, readVerifierOptions, type VerifierOptions } from './verifier-options.js'

/** Judges requests. */
export interface Verifier<P extends string = string> {
  /**
   * Judges one request. Cost, warm: about one HMAC of the same message.
   *
   * The promise rejects on an outage (`StoreError`) and on a mistake of the host (`ConfigError`; `KeyError` for a
   * permission the model does not have): answer 503 or 500, and do not act.
   *
   * @denies every code of `DENIALS` but `route_not_declared`, which is the routes'
   */
  verify(request: WireRequest, required: Requirement<P>): Promise<Verdict>
  /** What a verified caller may know of itself, for a whoami endpoint. */
  describe(principal: Principal, request: WireRequest): SelfDescription
}

const REPLAYED: Refusal = Object.freeze({ denial: 'replayed' })

/**
 * Builds a verifier.
 *
 * @throws {ConfigError} naming the option that is missing, unknown or wrong, or the parts of a request that an
 * enabled scheme leaves unsigned
 */
export function createVerifier<P extends string>(given: VerifierOptions<P>): Verifier<P> {
  const options = readVerifierOptions(given)
  const { schemes, permissions } = options
  const compile = createKeyCompiler({ ...options, schemes: new Map(schemes.map(scheme => [scheme.id, scheme])) })
  const { load } = createKeyCache({ ...options, compile, store: options.keys })
  const steps: Steps = {
    ...options,
    load,
    grantOf: createRequirements(permissions),
    authenticate: createAuthenticator(schemes),
    authorize: createAuthorizer({ ...options, load }),
    claimOnce: createReplayGuard(options.replay, options.clockSkewMs),
  }
  return Object.freeze<Verifier<P>>({
    verify: (request, required) => judge(steps, request, required),
    describe: (principal, request) => describe(principal, { request, schemes, now: options.clock() }),
  })
}

interface Steps extends CheckedVerifierOptions {
  readonly grantOf: (required: Requirement) => Grant
  readonly load: KeyCache['load']
  readonly authenticate: Authenticate
  readonly authorize: Authorize
  readonly claimOnce: ReplayGuard
}

/**
 * The order is the security argument: cheap and public first, the secret once, policy only after proof, memory last.
 * Nothing is allowed until every step has passed.
 */
async function judge(steps: Steps, request: WireRequest, required: Requirement): Promise<Verdict> {
  const now = steps.clock()
  const needed = { grant: steps.grantOf(required), account: required.account, withdrawal: required.withdrawal }

  const inadmissible = admit(request, steps)
  if (inadmissible !== undefined) return deny(steps, inadmissible, { request, now })

  const found = recognize(steps.schemes, request)
  if (isRefusal(found)) return deny(steps, found, { request, now })
  const { scheme, claim } = found

  const stale = checkFreshness(scheme.freshness, claim, now)
  if (stale !== undefined) return deny(steps, stale, { request, now, found })

  const loading = steps.load(claim.keyId)
  const loaded = isPromiseLike(loading) ? await loading : loading
  const key = steps.authenticate(loaded, found, { request, now })
  if (isRefusal(key)) return deny(steps, key, { request, now, found, loaded })

  // The key may have run out while it was waited for.
  const later = loading === loaded ? now : steps.clock()
  const judging = steps.authorize(key, needed, { ip: request.ip, now: later })
  const judged = isPromiseLike(judging) ? await judging : judging
  if (isRefusal(judged)) return deny(steps, judged, { request, now, found })

  const claiming = steps.claimOnce(scheme.freshness, claim)
  const first = isPromiseLike(claiming) ? await claiming : claiming
  if (first !== true) return deny(steps, REPLAYED, { request, now, found })

  steps.onDecision?.(decisionOf(judged, { request, now, found }))
  return judged
}

function deny(steps: Steps, { denial, field }: Refusal, seen: Seen): Denied {
  const verdict: Denied = { ok: false, denial, keyId: seen.found?.claim.keyId, at: seen.now, field }
  steps.onDecision?.(decisionOf(verdict, seen))
  return verdict
}
