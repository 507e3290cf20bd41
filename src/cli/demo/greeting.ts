import { quote } from '../shell.js'
import type { DemoKey } from './keys.js'

/** What `serve` says of itself. */
export interface Served {
  readonly url: string
  readonly scheme: string
  /** Made just now; empty where the store had some. */
  readonly keys: readonly DemoKey[]
  /** Commands that send signed requests. */
  readonly requests: readonly string[]
}

/**
 * A greeting that is a shell script, so that any part of it can be pasted.
 *
 * @param options of `sign`, beside the scheme, that this server needs
 */
export function greeting({ url, scheme, keys, requests }: Served, options: readonly string[]): string {
  const sign = [
    'npx keylattice sign',
    ...(scheme === 'hmac-v1' ? [] : ['--scheme', scheme]),
    ...options.map(quote),
  ].join(' ')
  const ready =
    requests.length === 0
      ? []
      : ['# the trader, signed; each is good once, for as long as the scheme lets it', ...requests, '']
  // A dialect of POSTs has no balance to get.
  const isGettable = keys.length === 0 || requests.some(command => command.includes('--request GET'))
  return [
    `# a demo exchange, signed with ${scheme}, on ${url}; Ctrl-C ends it`,
    '',
    ...(keys.length === 0 ? ['# the keys are those of the first run on this store', ''] : keys.flatMap(exports)),
    ...ready,
    ...(isGettable
      ? [
          '# more requests, with one of the keys exported',
          `${sign} --send ${url}/v1/balance`,
          `eval "$(${sign} ${url}/v1/orders)"`,
        ]
      : []),
  ]
    .join('\n')
    .trimEnd()
}

function exports({ label, permissions, keyId, secret, passphrase }: DemoKey): readonly string[] {
  return [
    `# ${label}: ${permissions.join(', ')}`,
    `export KEYLATTICE_KEY_ID=${keyId}`,
    `export KEYLATTICE_SECRET=${quote(secret.trim())}`,
    ...(passphrase === undefined ? [] : [`export KEYLATTICE_PASSPHRASE=${quote(passphrase)}`]),
    '',
  ]
}
