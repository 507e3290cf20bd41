import type { SignedRequest } from '../client/signer.js'
import { usage } from './failures.js'
import type { FoundSecret } from './secrets.js'

/** A signed request as commands of a POSIX shell, byte for byte. */

/** A header field that holds a secret as it is. */
export interface HiddenField {
  /** What stands before the secret. */
  readonly prefix: string
  readonly secret: FoundSecret
}

export interface CurlOptions {
  readonly origin: string
  /** What a header holds in clear, by its lower-case name: it is read again where the command runs, and not printed. */
  readonly hidden: ReadonlyMap<string, HiddenField>
  /** File that holds exactly the body. */
  readonly bodyFile: string | undefined
}

/** The longest argument Linux takes is 128 KiB. */
const MAX_INLINE_BYTES = 64 * 1024
/** From here on curl asks first whether it may send a body, which not every server answers. */
const EXPECT_BYTES = 1024 * 1024
/** Printable, and what a shell keeps as it is between single quotes. */
const INLINE = /^[^\0-\x08\x0b-\x1f\x7f]*$/
const WITH_LENGTH = new Set(['POST', 'PUT', 'PATCH'])

/** The command that sends this request and nothing else. */
export function curlCommand({ method, target, headers, body }: SignedRequest, options: CurlOptions): string {
  const { hidden, bodyFile, origin } = options
  const url = origin + target
  const sent = bodyArguments(method, body, bodyFile)
  const lines = [
    `curl --request ${quote(method)} --url ${quote(url)}`,
    ...(/[[\]{}]/.test(url) ? ['--globoff'] : []),
    ...(url.includes('/.') ? ['--path-as-is'] : []),
    ...(method === 'HEAD' ? ['--head'] : []),
    ...Object.entries(headers).flatMap(([name, value]) =>
      hidden.has(name) ? [] : `--header ${quote(field(name, value))}`,
    ),
    // curl would add one of its own, and nobody signed that.
    ...(sent.arguments.length > 0 && headers['content-type'] === undefined ? ["--header 'content-type:'"] : []),
    ...(body.length > EXPECT_BYTES ? ["--header 'expect:'"] : []),
    ...(hidden.size > 0 ? ['--header @-'] : []),
    ...sent.arguments,
  ]
  const command = lines.join(' \\\n  ')
  if (hidden.size === 0) return sent.piped === undefined ? command : `${sent.piped} |\n${command}`
  if (sent.piped !== undefined)
    throw usage('this body is not text: give --body-out PATH, from which the command can read it')
  return `${printfHeaders(hidden)} |\n${command}`
}

interface BodyArguments {
  readonly arguments: readonly string[]
  /** What writes the body to curl's stdin. */
  readonly piped: string | undefined
}

function bodyArguments(method: string, body: Uint8Array, file: string | undefined): BodyArguments {
  if (body.length === 0) return { arguments: WITH_LENGTH.has(method) ? ["--data-raw ''"] : [], piped: undefined }
  if (file !== undefined) return { arguments: [`--data-binary ${quote(`@${file}`)}`], piped: undefined }
  if (body.length > MAX_INLINE_BYTES)
    throw usage('this body is too long for a command: give --body-out PATH, from which it can be read')
  const text = textOf(body)
  if (text !== undefined && INLINE.test(text)) return { arguments: [`--data-raw ${quote(text)}`], piped: undefined }
  return { arguments: ['--data-binary @-'], piped: `printf ${quote(octal(body))}` }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The bytes as a format that `printf` of any POSIX shell turns back into them. */
function octal(bytes: Uint8Array): string {
  return Array.from(bytes, byte => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}

/** `printf` is a part of the shell, so that what it is given is in no list of processes. */
function printfHeaders(hidden: CurlOptions['hidden']): string {
  const format = [...hidden].map(([name, { prefix }]) => `${name}: ${prefix}%s\\n`).join('')
  return `printf ${quote(format)} ${[...hidden.values()].map(({ secret }) => expand(secret)).join(' ')}`
}

function expand({ from }: FoundSecret): string {
  return 'variable' in from ? `"$${from.variable}"` : `"$(cat -- ${quote(from.file)})"`
}

/** curl leaves a header without a value out, unless it ends in a semicolon. */
function field(name: string, value: string): string {
  return value === '' ? `${name};` : `${name}: ${value}`
}

/** One word of a POSIX shell: between single quotes nothing has a meaning but a single quote. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
