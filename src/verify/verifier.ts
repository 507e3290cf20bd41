import type { WireRequest } from '../http/request.js'
import type { Grant } from '../key.js'
import { createKeyCompiler, type Principal } from '../keys/compiled-key.js'
import { createKeyCache, type KeyCache } from '../keys/key-cache.js'
import type { LoginMessage } from '../scheme.js'
import { isPromiseLike } from '../store.js'
import { admit } from './admission.js'
import type { BodyDigest } from './arriving-digest.js'
import { type Authenticate, createAuthenticator } from './authenticate.js'
import { type Authorize, createAuthorizer } from './authorize.js'
import { createBackground } from './background.js'
import { bodyDigestOf } from './body-digest.js'
import { createClaiming } from './claiming.js'
import { decisionOf, type Head, type Seen } from './decision.js'
import { describe, type SelfDescription } from './describe.js'
import { checkFreshness, type ReplayGuard } from './freshness.js'
import { readLogin } from './login.js'
import { type Reader, recognize } from './recognize.js'
import { createRequirements, type Requirement } from './requirements.js'
import type { UsageRecorder } from './usage.js'
import { type Denied, isRefusal, type Refusal, type Verdict } from './verdict.js'
import { type CheckedVerifierOptions, readVerifierOptions, type VerifierOptions } from './verifier-options.js'

/** A login message and the socket it came over. */
export interface SessionLogin {
  /** JSON text as received, or what the host has parsed of it. */
  readonly message: unknown
  /** Address of the client. */
  readonly ip?: string | undefined
}

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
  /**
   * Judges the message that logs a WebSocket session in, by the same steps: what it is allowed holds at this moment, so a
   * session must ask again, or be ended when its key is.
   *
   * The promise rejects as that of `verify` does.
   *
   * @denies as `verify`; `missing_credentials` also where no enabled scheme has a login
   */
  verifyLogin(login: SessionLogin, required: Requirement<P>): Promise<Verdict>
  /**
   * Which digest of its body a request with this head will be judged by, so that a middleware can take it while a large
   * body arrives. `undefined` where the scheme needs none, or the head alone is refused. Decides nothing, asks no store.
   *
   * @param head the request with an empty body
   */
  bodyDigest(head: WireRequest): BodyDigest | undefined
  /** What a verified caller may know of itself, for a whoami endpoint. */
  describe(principal: Principal, request: WireRequest): SelfDescription
  /**
   * Resolves once it listens to `invalidation`, for a server that wants to know before it serves.
   *
   * @throws {StoreError} when that failed; it is tried again every 5 s, and until then `maxStalenessMs` bounds all
   */
  ready(): Promise<void>
  /**
   * For the end of a server, after its last request: listens no more, and resolves when the uses counted so far are
   * written or `onError` was told. Requests that still come are judged, each with its key from the store.
   */
  close(): Promise<void>
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
  const cache = createKeyCache({ ...options, compile, store: options.keys })
  const { countUse, ready, close } = createBackground(options, cache)
  const steps: Steps = {
    ...options,
    requests: schemes.map(scheme => ({ scheme, dialect: scheme })),
    logins: schemes.flatMap(scheme => (scheme.login === undefined ? [] : { scheme, dialect: scheme.login })),
    load: cache.load,
    grantOf: createRequirements(permissions),
    authenticate: createAuthenticator(schemes),
    authorize: createAuthorizer({ ...options, load: cache.load }),
    claimOnce: createClaiming(options),
    countUse,
  }
  return Object.freeze<Verifier<P>>({
    verify: (request, required) =>
      judge(steps, { message: request, readers: steps.requests, head: request, admit }, required),
    bodyDigest: head => bodyDigestOf(head, steps.requests, { ...options, now: options.clock() }),
    verifyLogin: (login, required) => judgeLogin(steps, login, required),
    describe: (principal, request) => describe(principal, { request, readers: steps.requests, now: options.clock() }),
    ready,
    close,
  })
}

interface Steps extends CheckedVerifierOptions {
  readonly requests: readonly Reader<WireRequest>[]
  readonly logins: readonly Reader<LoginMessage>[]
  readonly grantOf: (required: Requirement) => Grant
  readonly load: KeyCache['load']
  readonly authenticate: Authenticate
  readonly authorize: Authorize
  readonly claimOnce: ReplayGuard
  readonly countUse: UsageRecorder['count'] | undefined
}

/** One message to judge: how it is read, and where it came from. */
interface Case<Message> {
  readonly message: Message
  readonly readers: readonly Reader<Message>[]
  /** What decisions say of it; a login has an empty method and target. */
  readonly head: Head
  /** Whether it is one at all. */
  readonly admit: (message: Message, steps: Steps) => Refusal | undefined
}

async function judgeLogin(steps: Steps, { message, ip }: SessionLogin, required: Requirement): Promise<Verdict> {
  const head = { method: '', target: '', ip }
  const read = readLogin(message)
  const [login, inadmissible] = isRefusal(read) ? [{}, read] : [read.message, undefined]
  return judge(steps, { message: login, readers: steps.logins, head, admit: () => inadmissible }, required)
}

/**
 * The order is the security argument: cheap and public first, the secret once, policy only after proof, memory last.
 * Nothing is allowed until every step has passed.
 */
async function judge<M>(steps: Steps, given: Case<M>, required: Requirement): Promise<Verdict> {
  const { message, readers, head, admit } = given
  const now = steps.clock()
  const needed = { grant: steps.grantOf(required), account: required.account, withdrawal: required.withdrawal }

  const inadmissible = admit(message, steps)
  if (inadmissible !== undefined) return deny(steps, inadmissible, { head, now })

  const found = recognize(readers, message)
  if (isRefusal(found)) return deny(steps, found, { head, now })
  const { dialect, claim } = found

  const stale = checkFreshness(dialect.freshness, claim, now)
  if (stale !== undefined) return deny(steps, stale, { head, now, found })

  const loading = steps.load(claim.keyId)
  const loaded = isPromiseLike(loading) ? await loading : loading
  const proving = steps.authenticate(loaded, found, { message, now })
  const key = isPromiseLike(proving) ? await proving : proving
  if (isRefusal(key)) return deny(steps, key, { head, now, found, loaded })

  // The key may have run out while it was waited for.
  const later = loading === loaded && proving === key ? now : steps.clock()
  const judging = steps.authorize(key, needed, { ip: head.ip, now: later })
  const judged = isPromiseLike(judging) ? await judging : judging
  if (isRefusal(judged)) return deny(steps, judged, { head, now, found })

  const claiming = steps.claimOnce(dialect.freshness, claim, head.method)
  const first = isPromiseLike(claiming) ? await claiming : claiming
  if (first !== true) return deny(steps, REPLAYED, { head, now, found })

  steps.onDecision?.(decisionOf(judged, { head, now, found }))
  steps.countUse?.(key.principal.keyId, now, head.ip)
  return judged
}

function deny(steps: Steps, { denial, field }: Refusal, seen: Seen): Denied {
  const verdict: Denied = { ok: false, denial, keyId: seen.found?.claim.keyId, at: seen.now, field }
  steps.onDecision?.(decisionOf(verdict, seen))
  return verdict
}
