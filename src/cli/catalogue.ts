import type { Command } from './command.js'

/** A command by what is needed to list it; the rest is loaded when it runs. */
export interface Entry {
  readonly name: string
  readonly summary: string
  load(): Promise<Command>
}

/** All commands, in the order of the help. */
export const CATALOGUE: readonly Entry[] = [
  {
    name: 'keygen credentials',
    summary: 'makes a key id and a secret',
    load: async () => (await import('./commands/keygen-credentials.js')).keygenCredentials,
  },
  {
    name: 'keygen master',
    summary: 'makes a master key, which seals the secrets of a store',
    load: async () => (await import('./commands/keygen-master.js')).keygenMaster,
  },
  {
    name: 'keygen pair',
    summary: 'makes a key pair, of which only the public key is registered',
    load: async () => (await import('./commands/keygen-pair.js')).keygenPair,
  },
  {
    name: 'sign',
    summary: 'signs a request and prints it as a curl command, or sends it',
    load: async () => (await import('./commands/sign.js')).sign,
  },
  {
    name: 'verify',
    summary: 'says whether a captured request is signed with these credentials',
    load: async () => (await import('./commands/verify.js')).verify,
  },
  {
    name: 'explain',
    summary: 'shows the string to sign of a request, part by part',
    load: async () => (await import('./commands/explain.js')).explain,
  },
  {
    name: 'diagnose',
    summary: 'finds the mistake that makes the signature of a request wrong',
    load: async () => (await import('./commands/diagnose.js')).diagnose,
  },
  {
    name: 'inspect',
    summary: 'says what a key id says of itself: brand, environment, checksum',
    load: async () => (await import('./commands/inspect.js')).inspect,
  },
  {
    name: 'allowlist check',
    summary: 'says which addresses an IP allowlist lets through, and why',
    load: async () => (await import('./commands/allowlist-check.js')).allowlistCheck,
  },
  {
    name: 'scan',
    summary: 'finds leaked keys in files and folders',
    load: async () => (await import('./commands/scan.js')).scan,
  },
  {
    name: 'migrate',
    summary: 'creates the tables of a store, or brings them up to date',
    load: async () => (await import('./commands/migrate.js')).migrate,
  },
  {
    name: 'reseal',
    summary: 'seals the secrets of a store anew, under the first of the master keys',
    load: async () => (await import('./commands/reseal.js')).reseal,
  },
  {
    name: 'serve',
    summary: 'runs a demo exchange on this machine, with keys to try',
    load: async () => (await import('./commands/serve.js')).serve,
  },
]

export function entryOf(name: string): Entry | undefined {
  return CATALOGUE.find(entry => entry.name === name)
}

/** First words of commands of two. */
export function groups(): readonly string[] {
  const first = CATALOGUE.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0] as string)
  return [...new Set(first)]
}
