import { ConfigError } from '../errors.js'
import { pathOf } from '../http/request.js'
import type { PermissionModel } from '../key.js'
import { fillsParameter } from './path-segment.js'
import { areAmbiguous, invalidRoute, parseRoutePattern, type RoutePattern } from './route-pattern.js'

/** Says that a valid key is enough, whatever it may do. */
export const anyPermission: unique symbol = /* @__PURE__ */ Symbol('any permission')

/** Says that a route is open to everybody, without a key. */
export const publicRoute: unique symbol = /* @__PURE__ */ Symbol('public route')

/** What a route needs: a permission, several that are all needed, any valid key, or nothing at all. */
export type RoutePermission<P extends string = string> = P | readonly P[] | typeof anyPermission | typeof publicRoute

/** Permissions by route: `{ 'GET /v1/orders/:id': 'read' }`. */
export type RouteDeclarations<P extends string> = Readonly<Record<`${string} /${string}`, RoutePermission<P>>>

export interface Route<P extends string = string> {
  /** As declared, e.g. `GET /v1/orders/:id`. */
  readonly pattern: string
  readonly permission: RoutePermission<P>
}

/** One line of the printed table. */
export interface RouteRow {
  readonly method: string
  readonly path: string
  /** Whether the route needs a valid key. */
  readonly access: 'key' | 'public'
  /** Permissions that are all needed; empty where a valid key is enough, and where none is needed. */
  readonly permissions: readonly string[]
}

export interface Routes<P extends string = string> {
  /**
   * The declared route a request is for, or `undefined`: then nobody may call it.
   * Hot path: linear in the length of the path; one Map look-up where no parameter is involved.
   *
   * @param method as sent, case-sensitive; `HEAD` is a method of its own and never `GET`
   * @param target the raw request target; its query does not matter
   */
  match(method: string, target: string): Route<P> | undefined
  /** All routes, in the order declared, for printing and for documentation. */
  table(): readonly RouteRow[]
}

interface Declared<P extends string> extends RoutePattern {
  readonly route: Route<P>
}

/** Patterns as a tree of segments. Literals are filed in lower case. */
interface Node<P extends string> {
  readonly literals: Map<string, Node<P>>
  parameter: Node<P> | undefined
  declared: Declared<P> | undefined
}

interface MethodRoutes<P extends string> {
  readonly plain: ReadonlyMap<string, Route<P>>
  readonly root: Node<P>
  readonly depth: number
}

/** Longest path that can match. @source RFC 9110 section 4.1 (at least 8000 octets) */
const MAX_PATH_CHARS = 8192

/**
 * Declares what every route needs. What is not declared is closed. `:name` stands for exactly one segment, a literal
 * beats a parameter, and nothing is decoded or normalised: an unusual spelling of a path is no route.
 *
 * @throws {ConfigError} `ERR_OPTION_INVALID` for a pattern that is malformed, declared twice or ambiguous;
 * `ERR_PERMISSION_INVALID` for a permission the model does not grant
 */
export function defineRoutes<P extends string, A extends string>(
  permissions: PermissionModel<P, A>,
  declarations: RouteDeclarations<NoInfer<P | A>>,
): Routes<P | A> {
  const declared = Object.entries(declarations).map(([pattern, permission]): Declared<P | A> => {
    const checked = checkPermission(permissions, pattern, permission)
    return { ...parseRoutePattern(pattern), route: Object.freeze({ pattern, permission: checked }) }
  })
  const methods = new Map<string, MethodRoutes<P | A>>()
  for (const { method } of declared) {
    if (!methods.has(method)) methods.set(method, compileMethod(declared.filter(one => one.method === method)))
  }
  return Object.freeze<Routes<P | A>>({
    match(method, target) {
      const routes = methods.get(method)
      return routes && matchPath(routes, pathOf(target))
    },
    table: () => declared.map(rowOf),
  })
}

function checkPermission<P extends string, A extends string>(
  permissions: PermissionModel<P, A>,
  pattern: string,
  permission: RoutePermission<P | A>,
): RoutePermission<P | A> {
  if (permission === anyPermission || permission === publicRoute) return permission
  const names = Array.isArray(permission) ? [...permission] : [permission]
  if (names.length === 0)
    throw invalidRoute(pattern, 'must need something; say anyPermission or publicRoute if it does not')
  try {
    permissions.parse(names)
  } catch (cause) {
    const message = `defineRoutes: route '${pattern}' needs a permission the model does not grant`
    throw new ConfigError('ERR_PERMISSION_INVALID', message, { field: pattern, cause })
  }
  return Array.isArray(permission) ? Object.freeze(names) : permission
}

function compileMethod<P extends string>(declared: readonly Declared<P>[]): MethodRoutes<P> {
  const root = emptyNode<P>()
  const plain = new Map<string, Route<P>>()
  for (const [i, one] of declared.entries()) {
    const rival = declared.slice(0, i).find(other => areAmbiguous(one, other))
    if (rival !== undefined) throw invalidRoute(one.route.pattern, `is ambiguous beside '${rival.route.pattern}'`)
    addTo(root, one)
    if (!one.segments.includes(null)) plain.set(one.path, one.route)
  }
  return { root, plain, depth: Math.max(...declared.map(one => one.segments.length)) }
}

function addTo<P extends string>(root: Node<P>, declared: Declared<P>): void {
  let node = root
  for (const segment of declared.segments) {
    const literal = segment?.toLowerCase()
    const next = (literal === undefined ? node.parameter : node.literals.get(literal)) ?? emptyNode<P>()
    if (literal === undefined) node.parameter = next
    else node.literals.set(literal, next)
    node = next
  }
  node.declared = declared
}

function emptyNode<P extends string>(): Node<P> {
  return { literals: new Map(), parameter: undefined, declared: undefined }
}

function matchPath<P extends string>({ plain, root, depth }: MethodRoutes<P>, path: string): Route<P> | undefined {
  const known = plain.get(path)
  if (known !== undefined) return known
  if (path.length > MAX_PATH_CHARS || !path.startsWith('/')) return undefined
  // One segment more than any pattern has is enough to see that the path is too long.
  const segments = path.split('/', depth + 2).slice(1)
  const found = find(root, segments, 0)
  // A router that ignores case would take `/v1/Admin` to `/v1/admin`, not to `/v1/:id`. So case is ignored to find
  // the route, and then the exact spelling is demanded.
  const exact = found?.segments.every((literal, i) => literal === null || literal === segments[i])
  return exact ? found?.route : undefined
}

/** Visits every node of the tree at most once. */
function find<P extends string>(node: Node<P>, segments: readonly string[], at: number): Declared<P> | undefined {
  const segment = segments[at]
  if (segment === undefined) return node.declared
  const literal = node.literals.get(segment.toLowerCase())
  const found = literal && find(literal, segments, at + 1)
  if (found !== undefined) return found
  return node.parameter && fillsParameter(segment) ? find(node.parameter, segments, at + 1) : undefined
}

function rowOf({ method, path, route: { permission } }: Declared<string>): RouteRow {
  if (permission === publicRoute) return { method, path, access: 'public', permissions: [] }
  if (permission === anyPermission) return { method, path, access: 'key', permissions: [] }
  return { method, path, access: 'key', permissions: typeof permission === 'string' ? [permission] : permission }
}
