/** A segment of a path that varies. */
export const ONE: unique symbol = /* @__PURE__ */ Symbol('one segment')

/** What stands for any number of segments. */
export const MANY: unique symbol = /* @__PURE__ */ Symbol('any number of segments')

/** Literal text, or what varies. */
export type Segment = string | typeof ONE | typeof MANY

/** A path as a framework serves it, without optional parts. */
export interface FrameworkPath {
  /** With parameters as `:name`. */
  readonly path: string
  readonly segments: readonly Segment[]
}

interface Piece {
  readonly segment: Segment
  readonly text: string
  readonly isOptional: boolean
}

/**
 * Reads the path of a framework's route: once for each way to leave out its optional parts.
 *
 * @source the documentation of Express 4 and 5, Fastify (find-my-way), Hono, Koa (path-to-regexp), hapi; OpenAPI 3.1
 */
export function readFrameworkPath(path: string): readonly FrameworkPath[] {
  return withoutGroups(path).flatMap(plain => {
    const relative = plain.replace(/^\//, '')
    const pieces = relative === '' ? [] : split(relative).map(readPiece)
    return selections(pieces).map(pathOfPieces)
  })
}

function pathOfPieces(pieces: readonly Piece[]): FrameworkPath {
  return { path: `/${pieces.map(piece => piece.text).join('/')}`, segments: pieces.map(piece => piece.segment) }
}

/** `/a{/:b}` of Express 5 as `/a` and `/a/:b`. */
function withoutGroups(path: string): readonly string[] {
  const found = /\{(\/[^{}]*)\}/.exec(path)
  if (found === null) return [path]
  const [before, after] = [path.slice(0, found.index), path.slice(found.index + found[0].length)]
  return [...withoutGroups(`${before}${after}`), ...withoutGroups(`${before}${found[1]}${after}`)]
}

/** With and without each optional piece. */
function selections(pieces: readonly Piece[]): readonly (readonly Piece[])[] {
  const at = pieces.findIndex(piece => piece.isOptional)
  if (at < 0) return [pieces]
  const before = pieces.slice(0, at)
  const rest = selections(pieces.slice(at + 1))
  return [...rest.map(after => [...before, ...after]), ...rest.map(after => [...before, pieces[at]!, ...after])]
}

/** At every `/` that stands in no parentheses, brackets or braces: there it is part of an expression. */
function split(path: string): readonly string[] {
  const texts: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < path.length; i++) {
    if ('([{'.includes(path.charAt(i))) depth++
    if (')]}'.includes(path.charAt(i))) depth--
    if (path.charAt(i) !== '/' || depth > 0) continue
    texts.push(path.slice(start, i))
    start = i + 1
  }
  return [...texts, path.slice(start)]
}

/** An expression behind a parameter: `:id(\d+)`, and `:id{[0-9]+}` of Hono. */
const EXPRESSION = /\([^()]*(?:\([^()]*\)[^()]*)*\)|(?<=:\w+)\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g
const TAKES_SLASHES = /\.[*+]|\//
const PARAMETER = /:(\w+)|\{(\w+)/

function readPiece(text: string): Piece {
  const expressions = text.match(EXPRESSION) ?? []
  const plain = text.replaceAll(EXPRESSION, '').replaceAll('::', '')
  const isOptional = /\?\}?$/.test(plain)
  if (/[*+]/.test(plain) || expressions.some(one => TAKES_SLASHES.test(one))) return { segment: MANY, text, isOptional }
  const found = PARAMETER.exec(plain)
  if (found === null && expressions.length === 0) return { segment: text, text, isOptional: false }
  return { segment: ONE, text: `:${found?.[1] ?? found?.[2] ?? 'parameter'}`, isOptional }
}
