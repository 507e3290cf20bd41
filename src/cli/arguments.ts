import { parseArgs } from 'node:util'
import { type Command, type Given, GLOBAL_OPTIONS, type OptionDefinition, type OptionDefinitions } from './command.js'
import { usage } from './failures.js'
import { didYouMean } from './nearest.js'

/** What `parseArgs` makes of one option. */
interface OptionToken {
  readonly kind: 'option'
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

type Values = ReadonlyMap<string, readonly string[]>

/** Reads the arguments of a command. Throws a usage failure that names what is wrong. */
export function readArguments({ name, options, positionals: count }: Command, args: readonly string[]): Given {
  const definitions: OptionDefinitions = { ...options, ...GLOBAL_OPTIONS }
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(definitions).map(([key, { type, short }]) => [key, { type, ...(short && { short }) }]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const values = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    checkOption(token, { name, definitions, before: values })
    values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? ''])
  }
  const wantsHelp = values.has('help')
  if (!wantsHelp && positionals.length < count.min) throw usage(`${name} needs an argument more; see ${helpOf(name)}`)
  if (!wantsHelp && positionals.length > count.max) {
    throw usage(`${name} takes ${count.max === 0 ? 'no' : `at most ${count.max}`} arguments; see ${helpOf(name)}`)
  }
  return givenOf(values, positionals, definitions)
}

function checkOption(
  { name, rawName, value, inlineValue }: OptionToken,
  context: { readonly name: string; readonly definitions: OptionDefinitions; readonly before: Values },
): void {
  const definition = Object.hasOwn(context.definitions, name) ? context.definitions[name] : undefined
  if (definition === undefined) {
    const hint = didYouMean(name, Object.keys(context.definitions), '--')
    throw usage(`${context.name} has no option ${rawName}.${hint} See ${helpOf(context.name)}`)
  }
  if (definition.multiple !== true && context.before.has(name)) throw usage(`${rawName} may come once only`)
  if (definition.type === 'boolean' && inlineValue === true) throw usage(`${rawName} takes no value`)
  if (definition.type === 'string') checkValue(rawName, value, inlineValue === true)
}

/** `--audience --json` is an audience that was forgotten; `--header=-x` says that it is meant. */
function checkValue(rawName: string, value: string | undefined, isInline: boolean): void {
  if (value === undefined || (!isInline && /^-./.test(value))) {
    throw usage(`${rawName} needs a value${value === undefined ? '' : `; if it begins with -, write ${rawName}=…`}`)
  }
}

function helpOf(name: string): string {
  return `keylattice ${name} --help`
}

function givenOf(values: Values, positionals: readonly string[], definitions: OptionDefinitions): Given {
  const read = (name: string, test: (definition: OptionDefinition) => boolean) => {
    const definition = definitions[name]
    if (definition === undefined || !test(definition)) throw new TypeError(`'${name}' is not defined as such an option`)
    return values.get(name) ?? []
  }
  const text = (name: string) => read(name, ({ type, multiple }) => type === 'string' && multiple !== true)[0]
  return {
    positionals,
    text,
    flag: name => read(name, ({ type }) => type === 'boolean').length > 0,
    list: name => read(name, ({ type, multiple }) => type === 'string' && multiple === true),
    integer(name, fallback) {
      const digits = text(name)
      if (digits === undefined) return fallback
      if (!/^(0|[1-9]\d{0,14})$/.test(digits)) throw usage(`--${name} must be a whole number in plain digits`)
      return Number(digits)
    },
  }
}
