/** One thing that must hold of every implementation of a contract. */
export interface SuiteCase<Make> {
  /** A sentence, fit for a test title. */
  readonly name: string
  /**
   * Passes or rejects with an `Error` that says what did not hold.
   *
   * @param make gives a new, empty store each time; a case may call it more than once
   */
  run(make: Make): Promise<void>
}

/** Fails the case unless `holds`. */
export function check(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`does not hold: ${claim}`)
}

/** Fails the case unless both are equal: primitives, or plain objects and arrays of them. */
export function checkEqual(actual: unknown, expected: unknown, claim: string): void {
  check(isEqual(actual, expected), claim)
}

function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  const names = Object.keys(a)
  return (
    Array.isArray(a) === Array.isArray(b) &&
    names.length === Object.keys(b).length &&
    names.every(name => Object.hasOwn(b, name) && isEqual(memberOf(a, name), memberOf(b, name)))
  )
}

function memberOf(object: object, name: string): unknown {
  return (object as Readonly<Record<string, unknown>>)[name]
}

/** Runs `count` calls at the same time; a call that throws at once rejects like any other. */
export function inParallel<T>(count: number, call: (i: number) => T | PromiseLike<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, async (_, i) => call(i)))
}

/** How many of these are `value`. */
export function countOf<T>(values: readonly T[], value: T): number {
  return values.filter(each => each === value).length
}

/** The answer, or `undefined` if the store refused by throwing. */
export async function unlessRefused<T>(call: () => T | PromiseLike<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch {
    return undefined
  }
}

/** Writes to an object a caller was given. A frozen one refuses, which is as good as ignoring it. */
export function vandalise(object: object): void {
  for (const name of Object.keys(object)) {
    try {
      Object.assign(object, { [name]: 'changed by the caller' })
    } catch {}
  }
}

/** Texts that careless storage confuses with another of the list, or takes for a command. No two are equal. */
export const HOSTILE_TEXTS: readonly string[] = [
  'a',
  'A',
  'a ',
  ' a',
  'a\t',
  'a\n',
  'a  ',
  'á',
  'á'.normalize('NFD'),
  'Å',
  '\u212b',
  'ß',
  'ss',
  'SS',
  'k',
  '\u212a',
  'i',
  'I',
  'İ',
  'ı',
  'a%',
  'a_',
  '%',
  '_',
  '*',
  '?',
  '[a]',
  'a:b',
  'a|b',
  'a,b',
  '{a}',
  '$1',
  ':a',
  '@a',
  '"',
  "'",
  '`',
  '\\',
  '\\0',
  "a'; DROP TABLE keylattice_keys; --",
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'true',
  '0',
  '00',
  '1',
  '01',
  '1.0',
  '1e0',
  '\u200b',
  'a\u200d',
  '\uff41',
  '\u{1f511}',
  '\u{1f5dd}',
]

/** Texts that some databases cannot hold. They may be refused, but never taken for another. */
export const UNSTORABLE_TEXTS: readonly string[] = ['\0', 'a\0', 'a\0b', 'a\0c', '\ud800', '\ud801', '\udc00']
