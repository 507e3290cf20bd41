import { holdsSecret } from '../keys/credentials.js'
import { type Failure, usage } from './failures.js'

/** Secrets given as arguments are refused: every user of the machine can list them, and the shell keeps them. */

const NAMES = /^-{1,2}(secret|passphrase|password|pass|private-?key|master-?keys?|token|api-?secret|credentials)$/i
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
const CREDENTIALS = /keylattice:v\d+\?/
const URL_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]*:[^/?#\s]+@/i

const WHY = 'arguments are shown to everybody who can list processes, and kept by the shell'
const WAYS = 'give it by environment (KEYLATTICE_SECRET), by file (--secret-file), or at the prompt'

/**
 * Refuses what is, or looks like, a secret on the command line. The value is not repeated.
 *
 * @param known options the command has, `--` included
 */
export function secretArgument(args: readonly string[], known: readonly string[]): Failure | undefined {
  for (const [index, arg] of args.entries()) {
    const name = arg.split('=')[0] as string
    if (NAMES.test(name) && !known.includes(name)) {
      return usage(`${name} is not taken: ${WHY}; ${WAYS}`)
    }
    const what = secretIn(arg)
    if (what !== undefined) return usage(`argument ${index + 1} holds ${what}: ${WHY}; ${WAYS}`)
  }
  return undefined
}

function secretIn(arg: string): string | undefined {
  if (holdsSecret(arg)) return 'a secret'
  if (PRIVATE_KEY.test(arg)) return 'a private key'
  if (CREDENTIALS.test(arg)) return 'credentials'
  const url = arg.startsWith('--') ? arg.slice(arg.indexOf('=') + 1) : arg
  return URL_PASSWORD.test(url) ? 'a URL with a password' : undefined
}
