import { KeyError } from '../errors.js'
import { type Handover, parseCredentials } from '../http/credentials-uri.js'

/** A secret that shows in nothing that prints or copies it. */
export interface HiddenSecret {
  reveal(): string
}

/** Credentials for `createSigner`, and what came with them. */
export interface LoadedCredentials extends Omit<Handover<HiddenSecret>, 'scheme'> {
  /** Id of the scheme, where the text names it. */
  readonly scheme?: string
}

/** Names of environment variables, behind their prefix. */
const VARIABLES = {
  all: 'CREDENTIALS',
  keyId: 'KEY_ID',
  secret: 'SECRET',
  passphrase: 'PASSPHRASE',
  server: 'SERVER',
  audience: 'AUDIENCE',
} as const

const DEFAULT_PREFIX = 'KEYLATTICE_'

/**
 * Reads credentials from environment variables: `KEYLATTICE_KEY_ID`, `KEYLATTICE_SECRET` and, where there is one,
 * `KEYLATTICE_PASSPHRASE`, `KEYLATTICE_SERVER`, `KEYLATTICE_AUDIENCE`; or `KEYLATTICE_CREDENTIALS`, a credentials URI. A
 * private key's line breaks may be written as `\\n`.
 *
 * @param env `process.env`, or whatever stands for it
 * @param prefix what the names begin with
 * @throws {KeyError} `ERR_INPUT_INVALID`, naming the variable, or the parameter of the URI
 */
export function credentialsFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  prefix: string = DEFAULT_PREFIX,
): LoadedCredentials {
  const valueNamed = (name: keyof typeof VARIABLES) => ownValue(env, prefix + VARIABLES[name])
  const all = valueNamed('all')
  if (all !== undefined) {
    if (valueNamed('keyId') !== undefined || valueNamed('secret') !== undefined) {
      throw invalid(
        prefix + VARIABLES.all,
        `left out where ${prefix}${VARIABLES.keyId} or ${prefix}${VARIABLES.secret} is set`,
      )
    }
    return credentialsFromText(all)
  }
  const need = (name: 'keyId' | 'secret') => {
    const value = valueNamed(name)
    if (value === undefined) throw invalid(prefix + VARIABLES[name], 'set')
    return value
  }
  return loaded({
    credentials: { keyId: need('keyId'), secret: need('secret'), ...given('passphrase', valueNamed('passphrase')) },
    ...given('server', valueNamed('server')),
    ...given('audience', valueNamed('audience')),
  })
}

/**
 * Reads credentials from text: a credentials URI, as a QR code or a file holds it, or lines of environment variables
 * (`KEYLATTICE_KEY_ID=…`), with empty ones and comments (`#`) between them.
 *
 * @param prefix what the names of the variables begin with
 * @throws {KeyError} `ERR_INPUT_INVALID`, naming the variable or the parameter; of what is neither, field `uri`
 */
export function credentialsFromText(text: string, prefix: string = DEFAULT_PREFIX): LoadedCredentials {
  const lines = text.split(/\r?\n/).filter(line => /^\s*[^\s#]/.test(line))
  if (!lines.every(line => line.trim().startsWith(prefix))) return loaded(parseCredentials(lines.join('')))
  const env = Object.fromEntries(
    lines.map(line => [line.split('=', 1)[0]!.trim(), unquoted(line.slice(line.indexOf('=') + 1))]),
  )
  return credentialsFromEnv(env, prefix)
}

function ownValue(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  return (Object.hasOwn(env, name) && env[name]?.trim()) || undefined
}

/** The value of a line, whose quotes are not part of it. */
function unquoted(value: string): string {
  return value.trim().replace(/^(["'])(.*)\1$/, '$2')
}

function given<N extends string, V>(name: N, value: V | undefined): { readonly [name in N]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [name in N]: V })
}

function loaded({ credentials, ...rest }: Partial<Handover> & Pick<Handover, 'credentials'>): LoadedCredentials {
  const { keyId, secret, passphrase } = credentials
  return {
    ...rest,
    credentials: {
      keyId,
      secret: hidden(secret),
      ...given('passphrase', passphrase === undefined ? undefined : hidden(passphrase)),
    },
  }
}

function hidden(text: string): HiddenSecret {
  const secret = text.startsWith('-----BEGIN ') ? text.replaceAll('\\n', '\n') : text
  return Object.freeze({ reveal: () => secret })
}

function invalid(field: string, expected: string): KeyError {
  return new KeyError('ERR_INPUT_INVALID', `credentials: ${field} must be ${expected}`, { field })
}
