import { readdirSync } from 'node:fs'
import { ConfigError } from '../errors.js'
import type { Scheme } from '../scheme.js'
import type { Given, OptionDefinitions } from './command.js'
import { usage } from './failures.js'
import { didYouMean } from './nearest.js'

/** Options of a factory, as read from the command line. */
export type SchemeSettings = Readonly<Record<string, unknown>>

type Factory = (settings: SchemeSettings) => Scheme

/** A factory, and the names of its options. */
export interface SchemeFactory {
  readonly takes: readonly string[]
  readonly make: Factory
}

const FOLDER = new URL('../schemes/', import.meta.url)

/** Names of the schemes of the package: of their files, so that a new one needs no entry here. */
export function schemeNames(): readonly string[] {
  return [...filesByName().keys()].sort()
}

function filesByName(): ReadonlyMap<string, string> {
  const files = readdirSync(FOLDER).filter(file => /^[a-z0-9-]+\.[jt]s$/.test(file))
  return new Map(files.map(file => [file.slice(0, -3), file]))
}

/** `undefined` where no scheme has this name. */
export async function loadFactory(name: string): Promise<SchemeFactory | undefined> {
  const file = filesByName().get(name)
  if (file === undefined) return undefined
  const exported: Readonly<Record<string, unknown>> = await import(new URL(file, FOLDER).href)
  const make = exported[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())] as Factory
  return { takes: optionsOf(make), make }
}

/** A factory names its options when it is given one that it has not; one without options looks at nothing. */
function optionsOf(make: Factory): readonly string[] {
  try {
    make({ '?': true })
    return []
  } catch (error) {
    const [, names = ''] = error instanceof ConfigError ? error.message.split('; it has: ') : []
    return names.split(',')
  }
}

export const SCHEME_OPTIONS: OptionDefinitions = {
  scheme: { type: 'string', short: 's', value: 'NAME', says: 'how requests are signed; default hmac-v1' },
  audience: {
    type: 'string',
    value: 'NAME',
    says: 'the deployment that hmac-v1 and ed25519-v1 sign; default: the host of the URL',
  },
  'scheme-option': {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    says: 'another option of the scheme; what is JSON is read as JSON',
  },
}

/** What a scheme is made of besides its options. */
export interface SchemeSurroundings {
  /** Name used where no `--scheme` is given. */
  readonly scheme?: string | undefined
  readonly audience?: string | undefined
  /** Where the request goes, from which a scheme that signs the host takes it. */
  readonly url?: URL | undefined
  /** Whether the key is a key pair. */
  readonly hasKeyPair: boolean
}

/** The scheme that the options name. */
export async function loadScheme(given: Given, around: SchemeSurroundings): Promise<Scheme> {
  const name = given.text('scheme') ?? around.scheme ?? 'hmac-v1'
  const factory = await loadFactory(name)
  if (factory === undefined) {
    const names = schemeNames()
    throw usage(`there is no scheme of this name.${didYouMean(name, names)} There are: ${names.join(', ')}`)
  }
  const { takes, make } = factory
  const known = Object.entries(settingsAround(name, around)).filter(([option]) => takes.includes(option))
  return make({ ...Object.fromEntries(known), ...readSettings(given, name, takes) })
}

function readSettings(given: Given, name: string, takes: readonly string[]): SchemeSettings {
  const settings: Record<string, unknown> = {}
  const audience = given.text('audience')
  const pairs = given.list('scheme-option')
  for (const pair of audience === undefined ? pairs : [`audience=${audience}`, ...pairs]) {
    const at = pair.indexOf('=')
    if (at < 1) throw usage('--scheme-option is written name=value')
    const key = pair.slice(0, at)
    if (!takes.includes(key)) {
      const has = takes.length === 0 ? 'no options' : `these: ${takes.join(', ')}`
      throw usage(`${name} has no option ${shownName(key)}.${didYouMean(key, takes)} It has ${has}`)
    }
    settings[key] = key === 'audience' ? pair.slice(at + 1) : settingOf(pair.slice(at + 1))
  }
  return settings
}

/** Only what cannot be a secret in the wrong place. */
function shownName(key: string): string {
  return /^[A-Za-z]{1,20}$/.test(key) ? `'${key}'` : 'of that name'
}

function settingOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What follows from where the request goes, by the name of the option. */
function settingsAround(name: string, { audience, url, hasKeyPair }: SchemeSurroundings): SchemeSettings {
  return {
    audience: audience ?? url?.host,
    // Whether this one signs the host is among its other options.
    ...(name === 'bitcoin-suisse' ? {} : { host: url?.host }),
    authority: url?.host,
    scheme: url?.protocol === 'http:' ? 'http' : 'https',
    algorithms: hasKeyPair ? ['ed25519', 'ecdsa-p256-sha256', 'rsa-pss-sha512'] : ['hmac-sha256'],
  }
}
