import { ConfigError } from '../errors.js'
import type { Problem } from '../http/respond.js'
import { invalidOption } from '../options.js'
import type { Route, Routes } from '../policy/routes.js'
import { type Access, createGate, type Gate, isProblem, type ProtectOptions, problemOfFailure } from '../verify/gate.js'
import { type Attached, attach, expectFirst } from './incoming/attached.js'
import { bodyWasRead } from './incoming/body.js'
import { arrivedHead, judgeRoute } from './incoming/guard.js'
import type { IncomingLike, OutgoingLike } from './incoming/message.js'
import { isEndless } from './incoming/refusal.js'
import { checkDecorated, type NestModules } from './listing/nest.js'
import { neededBy } from './listing/requires.js'

export type { Access, ProtectOptions } from '../verify/gate.js'
export type { NestModules } from './listing/nest.js'
export { Requires } from './listing/requires.js'

/** A request of Nest, on Express or on Fastify: `@Req() request: NestRequest`. */
export interface NestRequest extends Attached {
  /** The raw request of Fastify. */
  readonly raw?: IncomingLike
  /** Kept by Nest where it was made with `rawBody: true`. */
  readonly rawBody?: Uint8Array | undefined
  readonly originalUrl: string
  readonly route?: { readonly path?: unknown }
  readonly routeOptions?: { readonly url?: string | undefined }
}

/** What is used of an execution context. */
export interface NestContext {
  getType(): string
  getHandler(): object
  getClass(): object
  switchToHttp(): { getRequest(): unknown; getResponse(): unknown }
}

export interface NestProtectOptions extends Omit<ProtectOptions<readonly [request: NestRequest]>, 'routes'> {
  /** `HttpException` of `@nestjs/common`, in which refusals reach the filters. */
  readonly HttpException: new (
    response: Record<string, unknown>,
    status: number,
  ) => Error
  /** What handlers without `@Requires` need. Left out, they are closed to everybody. */
  readonly routes?: Routes
}

/** For `app.useGlobalGuards`, or as the value of `APP_GUARD`. */
export interface NestGuard {
  readonly routes: Routes | undefined
  canActivate(context: NestContext): Promise<boolean>
}

type RequestGate = Gate<readonly [request: NestRequest]>

/** One call of a handler. */
interface Call {
  readonly context: NestContext
  readonly request: NestRequest
  readonly req: IncomingLike
  readonly res: OutgoingLike
}

const NO_ROUTES: Routes = /* @__PURE__ */ Object.freeze({ match: () => undefined, table: () => [] })

/**
 * Builds the guard for an application of Nest, on Express or on Fastify: `app.useGlobalGuards(protect(options))`. A
 * handler needs what its `@Requires` or that of its class says, or else the table of routes; a handler without either is
 * closed. A request that may proceed goes on with `request.principal` and `request.access`. A refusal is thrown as
 * `HttpException` with the answer's headers set, so filters see it.
 *
 * Nest parses bodies before it asks guards: make the application with `rawBody: true`. Only handlers of HTTP are let
 * through.
 *
 * @throws {ConfigError} naming the option
 */
export function protect(options: NestProtectOptions): NestGuard {
  const { HttpException, routes: table, ...common } = options
  if (typeof HttpException !== 'function') throw invalidOption('protect', 'HttpException', 'that of @nestjs/common')
  const routes = table ?? NO_ROUTES
  const gate = createGate('protect', { ...common, routes })

  return Object.freeze<NestGuard>({
    routes: table,
    async canActivate(context) {
      if (context.getType() !== 'http') return false
      const call = callOf(context)
      const outcome = await judge(gate, routes, call)
      if (outcome === 'aborted') return false
      if (!isProblem(outcome)) {
        attach(call.request, outcome)
        return true
      }
      setHeaders(call, outcome, gate.maxBodyBytes)
      throw new HttpException(JSON.parse(outcome.body), outcome.status)
    },
  })
}

/**
 * For the end of the set-up: names the handlers without `@Requires`, which nobody may call, unless the guard has a table
 * of routes: `checkRoutes(app.get(ModulesContainer), guard)`.
 *
 * @throws {ConfigError} naming them
 */
export function checkRoutes(modules: NestModules, { routes }: Pick<NestGuard, 'routes'>): void {
  if (routes === undefined) checkDecorated(modules)
}

function callOf(context: NestContext): Call {
  const http = context.switchToHttp()
  const request = http.getRequest() as NestRequest
  const response = http.getResponse() as { readonly raw?: OutgoingLike }
  const req = request.raw ?? (request as unknown as IncomingLike)
  return { context, request, req, res: response.raw ?? (response as OutgoingLike) }
}

async function judge(gate: RequestGate, routes: Routes, call: Call): Promise<Access | Problem | 'aborted'> {
  const { context, request, req, res } = call
  try {
    expectFirst(request)
    const exchange = { req, res, target: request.originalUrl, from: [request] as const }
    const head = arrivedHead(gate, exchange)
    const needed = neededBy(context.getHandler(), context.getClass())
    if (needed !== undefined && routes.match(head.method, head.target) !== undefined) throw declaredTwice()
    const route: Route | Problem =
      needed === undefined ? gate.enter(head) : { pattern: patternOf(call), permission: needed }
    if (isProblem(route)) return route
    return await judgeRoute(gate, {
      exchange,
      head,
      route,
      reading: { putBack: false, wasRead: () => rawBodyOf(call) },
    })
  } catch (error) {
    gate.onError(error)
    return problemOfFailure(error)
  }
}

/** The route as Express or Fastify has it. */
function patternOf({ request, req }: Call): string {
  return `${req.method} ${String(request.routeOptions?.url ?? request.route?.path)}`
}

function declaredTwice(): ConfigError {
  const message = 'protect: this handler has @Requires, and its route is in the table of routes too: leave one out'
  return new ConfigError('ERR_OPTION_INVALID', message, { field: 'routes' })
}

function rawBodyOf({ request, req }: Call): Uint8Array {
  const { rawBody } = request
  const isPacked = (req.headers['content-encoding'] ?? 'identity') !== 'identity'
  if (rawBody instanceof Uint8Array && !isPacked) return rawBody
  throw bodyWasRead(
    isPacked
      ? "it was compressed, and a parser has unpacked it: app.useBodyParser('json', { inflate: false })"
      : 'have Nest keep the bytes: NestFactory.create(AppModule, { rawBody: true })',
  )
}

/** Express and Fastify both set a header so. */
function setHeaders({ context, req }: Call, { headers }: Problem, maxBodyBytes: number): void {
  const response = context.switchToHttp().getResponse() as { header(name: string, value: string): unknown }
  for (const [name, value] of Object.entries(headers)) response.header(name, value)
  if (isEndless(req, maxBodyBytes)) response.header('connection', 'close')
}
