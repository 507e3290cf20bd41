/** The members of a JSON object. */
export type Members = Readonly<Record<string, unknown>>

/** Texts, with the colon that makes them a name, and what opens and closes. Whatever else JSON has, holds none of these. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g

/** Far more than any request needs, and so little that whoever walks through the value has the memory to. */
const MAX_DEPTH = 64

/**
 * Reads a JSON object, nested 64 deep at most, in which no object has a name twice: of two, readers may take either.
 * `undefined` for anything else. Linear in the length of the text.
 */
export function parseObject(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) && isPlain(text) ? value : undefined
  } catch {
    return undefined
  }
}

/** Whether the value is an object of members. */
export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member of the object itself: what `Object.prototype` has been given is none. */
export function memberOf(object: Members, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** Whether this valid JSON is not too deep, and no object in it has two members of one name. */
function isPlain(text: string): boolean {
  const open: Set<string>[] = []
  for (const [token, colon = ''] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(new Set())
    else if (token === '}' || token === ']') open.pop()
    else if (colon !== '' && !isFirst(open.at(-1), token.slice(0, -colon.length))) return false
    if (open.length > MAX_DEPTH) return false
  }
  return true
}

function isFirst(names: Set<string> | undefined, token: string): boolean {
  const before = names?.size
  names?.add(JSON.parse(token) as string)
  return names?.size !== before
}

/**
 * Puts members in front of those of a JSON object, whose text stays as it is.
 *
 * @param members JSON text of the members, without braces
 * @param object JSON text of an object, empty for none; anything else is handed back
 */
export function prependMembers(members: string, object: string): string {
  if (object === '') return `{${members}}`
  const text = object.trim()
  if (!text.startsWith('{')) return object
  const rest = text.slice(1).trim()
  return rest === '}' ? `{${members}}` : `{${members},${rest}`
}
