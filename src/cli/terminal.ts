import { styleText } from 'node:util'
import { readHidden } from './prompt.js'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Everything a command may say and ask. Results go to stdout, everything else to stderr. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder that paths are relative to. */
  readonly folder: string
  /** Whether somebody watches stderr, so that a progress bar makes sense. */
  readonly isWatched: boolean
  /** A line of the result. */
  print(text: string): void
  /** A line of a message. */
  note(text: string): void
  /** Writes over the last line that it wrote. For `isWatched` only. */
  progress(text: string): void
  paint(style: Style, text: string): string
  /** Cuts a secret out of everything that is printed from now on. */
  conceal(secret: string): void
  /** The text without the secrets. */
  redact(text: string): string
  readonly stdin: AsyncIterable<unknown>
  /** Whether somebody types into stdin, so that it has no end. */
  readonly isAnswering: boolean
  readStdin(): Promise<Uint8Array>
  /** Asks for something that is not shown while it is typed; `undefined` where nobody can be asked. */
  ask(question: string): Promise<string | undefined>
  /** Calls `stop` when the user interrupts, which then decides when the command ends. */
  onInterrupt(stop: () => void): void
}

const MAX_STDIN_BYTES = 64 * 1024 * 1024
/** What is shorter stands in innocent places by chance. */
const MIN_CONCEALED = 8
export const REDACTED = '[redacted]'

export function createTerminal({ stdin, stdout, stderr, env, cwd }: NodeJS.Process): Terminal {
  const secrets: string[] = []
  const hasColour = env['TERM'] !== 'dumb' && (env['NO_COLOR'] ?? '') === '' && stdout.isTTY && stderr.isTTY
  const redact = (text: string) => secrets.reduce((left, secret) => left.replaceAll(secret, REDACTED), text)
  let hasProgress = false
  const write = (text: string) => {
    if (hasProgress) stderr.write('\r\u001b[K')
    hasProgress = false
    stderr.write(`${redact(text)}\n`)
  }
  return {
    env,
    folder: cwd(),
    isWatched: stderr.isTTY === true && env['TERM'] !== 'dumb',
    print: text => void stdout.write(`${text}\n`),
    note: write,
    progress(text) {
      hasProgress = true
      stderr.write(`\r\u001b[K${redact(text)}`)
    },
    paint: (style, text) => (hasColour ? styleText(style, text) : text),
    conceal(secret) {
      if (secret.length >= MIN_CONCEALED && !secrets.includes(secret)) secrets.push(secret)
    },
    redact,
    stdin,
    isAnswering: stdin.isTTY === true,
    readStdin: () => readAll(stdin),
    ask: question => readHidden(question, stdin, stderr),
    onInterrupt(stop) {
      process.once('SIGINT', stop)
      process.once('SIGTERM', stop)
    },
  }
}

async function readAll(stream: NodeJS.ReadStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    length += (chunk as Uint8Array).length
    if (length > MAX_STDIN_BYTES) throw new RangeError('stdin is too long')
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks)
}
