import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomBytes } from '../../crypto/random.js'
import { createSealer, type Sealer } from '../../crypto/sealer.js'
import type { KeyStore, ReplayStore } from '../../store.js'
import { createMemoryStore } from '../../stores/memory.js'
import type { Decision } from '../../verify/verdict.js'
import { createVerifier } from '../../verify/verifier.js'
import type { Command, Given } from '../command.js'
import { createExchange, permissions } from '../demo/exchange.js'
import { greeting } from '../demo/greeting.js'
import { issueKeys, signedRequests } from '../demo/keys.js'
import { failed, usage } from '../failures.js'
import { accepted } from '../judge.js'
import { MASTER_KEYS_NOTE, parseMasterKeys } from '../master-keys.js'
import { loadScheme, SCHEME_OPTIONS } from '../schemes.js'
import { MASTER_KEYS, needSecret, sourceOptions } from '../secrets.js'
import { openStore, STORE_OPTIONS } from '../stores.js'
import type { Terminal } from '../terminal.js'

const HOST = '127.0.0.1'

export const serve: Command = {
  name: 'serve',
  summary: 'runs a demo exchange on this machine, with keys to try',
  arguments: '',
  positionals: { min: 0, max: 0 },
  notes: [
    `It listens on ${HOST} only, makes two keys, and prints them with requests that are ready to be sent.`,
    'Without --store everything is forgotten when it ends. With one, the keys of its first run stay, and the store needs master keys.',
    MASTER_KEYS_NOTE,
  ],
  options: {
    port: { type: 'string', short: 'p', value: 'N', says: 'port; 0 is any that is free; default 3000' },
    ...SCHEME_OPTIONS,
    ...STORE_OPTIONS,
    ...sourceOptions(MASTER_KEYS, 'the master keys'),
  },
  examples: [
    { says: 'until Ctrl-C', line: 'keylattice serve' },
    { says: 'as an exchange of this house would be asked', line: 'keylattice serve --scheme bitfinex' },
    { says: 'with keys that stay', line: 'keylattice serve --store demo.db --master-keys-file master-keys.txt' },
  ],
  showsSecrets: true,
  async run(given, terminal) {
    const port = given.integer('port', 3000)
    if (port > 65_535) throw usage('--port must be 0 to 65535')
    const storage = await openStorage(given, terminal)
    try {
      await serveUntilInterrupted({ given, terminal, port, storage })
    } finally {
      await storage.close()
    }
    return { text: '', json: undefined }
  },
}

interface Storage {
  readonly keys: KeyStore
  readonly replay: ReplayStore
  readonly sealer: Sealer
  close(): Promise<void>
}

async function openStorage(given: Given, terminal: Terminal): Promise<Storage> {
  if (given.text('store') === undefined) {
    const sealer = createSealer({ primary: 'demo', keys: { demo: randomBytes(32) } })
    return { ...createMemoryStore(), sealer, close: async () => {} }
  }
  const { text } = await needSecret(given, MASTER_KEYS, terminal)
  const sealer = createSealer(parseMasterKeys(text, terminal))
  const store = await openStore(given, terminal, true)
  await store.migrate()
  return { ...store, sealer }
}

interface Serving {
  readonly given: Given
  readonly terminal: Terminal
  readonly port: number
  readonly storage: Storage
}

async function serveUntilInterrupted({ given, terminal, port, storage }: Serving): Promise<void> {
  const server = createServer()
  const origin = await listen(server, port)
  const stopped = new Promise<void>(resolve => terminal.onInterrupt(resolve))
  try {
    const scheme = await loadScheme(given, { url: new URL(origin), hasKeyPair: false })
    const verifier = createVerifier({
      keys: storage.keys,
      replay: storage.replay,
      sealer: storage.sealer,
      schemes: [accepted(scheme)],
      permissions,
      onDecision: decision => terminal.note(logLine(decision)),
    })
    const exchange = createExchange(verifier, {
      onDecision: decision => terminal.note(logLine(decision)),
      onError: error => terminal.note(`failed: ${(error as Error).message}`),
    })
    server.on('request', exchange)
    const keys = await issueKeys(storage.keys, storage.sealer, scheme)
    const [first] = keys
    const requests = first === undefined ? [] : await signedRequests(first, scheme, origin)
    const facts = { url: origin, scheme: scheme.id, keys, requests }
    terminal.print(given.flag('json') ? JSON.stringify(facts) : greeting(facts, signOptions(given)))
    await stopped
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: Error & { readonly code?: string }) => {
      reject(
        failed(
          error.code === 'EADDRINUSE' ? `port ${port} is taken; --port 0 takes any that is free` : error.message,
          error.code,
        ),
      )
    })
    server.listen(port, HOST, () => resolve(`http://${HOST}:${(server.address() as AddressInfo).port}`))
  })
}

/** What `sign` has to be told too. */
function signOptions(given: Given): readonly string[] {
  const audience = given.text('audience')
  const settings = given.list('scheme-option').flatMap(pair => ['--scheme-option', pair])
  return audience === undefined ? settings : ['--audience', audience, ...settings]
}

function logLine({ verdict, method, path, keyId }: Decision): string {
  const outcome = verdict.ok ? 'allowed' : `refused (${verdict.denial})`
  return `${outcome}  ${method} ${path}  ${keyId ?? '-'}`.replace(/[\0-\x1f\x7f]/g, '?')
}
