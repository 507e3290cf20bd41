import { ConfigError } from './errors.js'

/** What a function accepts in its options object. */
export interface OptionNames<Required extends string, Optional extends string> {
  readonly required: readonly Required[]
  readonly optional: readonly Optional[]
}

/**
 * Copies the own properties of an options object into one without a prototype, so that neither a polluted
 * `Object.prototype` nor a later change of the caller's object can alter what was checked.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function readOptions<T extends object>(
  where: string,
  options: T,
  names: OptionNames<keyof T & string, keyof T & string>,
): T {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidOption(where, 'options', 'an object')
  }
  const { required, optional } = names
  const known: readonly string[] = [...required, ...optional]
  const own: Record<string, unknown> = Object.create(null)
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw unknownOption(where, name.slice(0, 40), known)
    own[name] = (options as Record<string, unknown>)[name]
  }
  for (const name of required) {
    if (own[name] === undefined) throw optionError('MISSING', `${where} needs the option '${name}'`, name)
  }
  return own as T
}

function unknownOption(where: string, name: string, known: readonly string[]): ConfigError {
  return optionError('UNKNOWN', `${where} has no option '${name}'; it has: ${known}`, name)
}

function optionError(flaw: 'UNKNOWN' | 'MISSING' | 'INVALID', message: string, field: string): ConfigError {
  return new ConfigError(`ERR_OPTION_${flaw}`, message, { field })
}

/** Says that option `name` is wrong and what it must be. The value itself is never shown. */
export function invalidOption(where: string, name: string, expected: string): ConfigError {
  return optionError('INVALID', `${where}: option '${name}' must be ${expected}`, name)
}

/** The least and the greatest value allowed. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** @throws {ConfigError} `ERR_OPTION_INVALID` unless `options[name]` (or the fallback) is an integer within the range */
export function readInteger<T extends object>(
  { where, options }: { readonly where: string; readonly options: T },
  name: keyof T & string,
  { min, max, fallback }: Range & { readonly fallback: number },
): number {
  const value: unknown = options[name] ?? fallback
  expectInteger(where, [name, value], { min, max })
  return value as number
}

/** @throws {ConfigError} `ERR_OPTION_INVALID` unless the option's value is an integer within the range */
export function expectInteger(where: string, [name, value]: readonly [string, unknown], { min, max }: Range): void {
  if (!(Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max)) {
    throw invalidOption(where, name, `an integer from ${min} to ${max}`)
  }
}

/** @throws {ConfigError} `ERR_OPTION_INVALID` unless the option's value is text that matches the pattern */
export function expectText(where: string, [name, value]: readonly [string, unknown], pattern: RegExp): void {
  if (typeof value !== 'string' || !pattern.test(value)) throw invalidOption(where, name, `text like ${pattern}`)
}
