const SLASH = 47

/** What a field of a request may hold: visible limits instead of a regular expression, which costs ten times as much. */
export interface Field {
  readonly min: number
  readonly max: number
  /** 1 at the code of each admitted character. Beyond ASCII nothing is admitted. */
  readonly chars: Uint8Array
}

/** @param ranges first and last character of each range, e.g. `'az'` */
export function defineField(min: number, max: number, ranges: readonly string[]): Field {
  const chars = new Uint8Array(128)
  for (const range of ranges) chars.fill(1, range.charCodeAt(0), range.charCodeAt(1) + 1)
  return { min, max, chars }
}

/** Whether the text is within the field's limits. Hot path: the length first, then one pass, no allocation. */
export function isField(text: string, { min, max, chars }: Field): boolean {
  const { length } = text
  if (length < min || length > max) return false
  for (let i = 0; i < length; i++) {
    if (chars[text.charCodeAt(i)] !== 1) return false
  }
  return true
}

/** A key id on the wire: nothing that SQL, a shell, a glob or a Redis key could read as more than text. */
export const KEY_ID: Field = /* @__PURE__ */ defineField(1, 128, ['az', 'AZ', '09', '-.', '__'])

const TARGET_CHARS = /* @__PURE__ */ defineField(1, 16_384, ['!"', '$~'])

/**
 * Whether a request target can be signed: a path, visible ASCII, no fragment, at most 16,384 characters. Says nothing
 * of how routers read it; that is `isPlainTarget`.
 */
export function isTarget(text: string): boolean {
  return isField(text, TARGET_CHARS) && text.charCodeAt(0) === SLASH
}
