import { createSealer } from '../../crypto/sealer.js'
import { createMint } from '../../keys/credentials.js'
import type { KeyManager } from '../../keys/key-manager.js'
import { createKeyManager } from '../../keys/manager.js'
import type { ResealedKeys } from '../../keys/upkeep-types.js'
import { withoutStepUp } from '../../keys/weakenings.js'
import { defineKeyPolicy, standardKeyPolicy } from '../../policy/key-policy.js'
import { definePermissions } from '../../policy/permissions.js'
import { bearer } from '../../schemes/bearer.js'
import type { KeyStore } from '../../store.js'
import { type Command, EXIT, type ExitCode, type Given, type Outcome } from '../command.js'
import { usage } from '../failures.js'
import { MASTER_KEYS_NOTE, parseMasterKeys } from '../master-keys.js'
import { createProgress } from '../progress.js'
import { MASTER_KEYS, needSecret, sourceOptions } from '../secrets.js'
import { type OpenStore, openStore, STORE_NOTE, STORE_OPTIONS } from '../stores.js'
import type { Terminal } from '../terminal.js'

const actor = { role: 'operator', id: 'keylattice reseal' } as const

export const reseal: Command = {
  name: 'reseal',
  summary: 'seals the secrets of a store anew, under the first of the master keys',
  arguments: '',
  positionals: { min: 0, max: 0 },
  notes: [
    MASTER_KEYS_NOTE,
    STORE_NOTE,
    'Keys stay in use throughout. It may be interrupted and started again at any time: what is sealed already is passed over.',
  ],
  options: {
    ...STORE_OPTIONS,
    ...sourceOptions(MASTER_KEYS, 'the master keys'),
    batch: { type: 'string', value: 'N', says: 'keys per step, 1 to 1000; default 100' },
    after: { type: 'string', value: 'ID', says: 'continues behind this key id' },
    count: { type: 'boolean', says: 'counts what each master key seals, and changes nothing' },
  },
  examples: [
    {
      says: 'the new key first, the old one below it',
      line: 'keylattice reseal --store keys.db --master-keys-file master-keys.txt',
    },
    {
      says: 'whether the old one can be taken out',
      line: 'keylattice reseal --count --store keys.db --master-keys-file master-keys.txt',
    },
  ],
  no: 'some keys could not be sealed anew; they are as they were',
  async run(given, terminal) {
    const limit = given.integer('batch', 100)
    if (limit < 1 || limit > 1000) throw usage('--batch must be 1 to 1000')
    const { text } = await needSecret(given, MASTER_KEYS, terminal)
    const ring = parseMasterKeys(text, terminal)
    const sealer = createSealer(ring)
    const store = await openStore(given, terminal, false)
    try {
      const manager = managerOf(store, sealer)
      return given.flag('count') ? await counted(manager) : await resealAll({ manager, store, terminal, given, limit })
    } finally {
      await store.close()
    }
  },
}

/** Only what resealing needs; records keep the schemes and permissions they have. */
function managerOf({ keys, audit }: OpenStore, sealer: ReturnType<typeof createSealer>): KeyManager<'any'> {
  return createKeyManager({
    keys,
    audit,
    sealer,
    schemes: [bearer()],
    permissions: definePermissions({ permissions: { any: [] } }),
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    ceiling: () => ({ permissions: [], accounts: [] }),
    mint: createMint({ brand: 'kl', environment: 'live' }),
  })
}

async function counted(manager: KeyManager<'any'>): Promise<Outcome> {
  const { primary, secrets, unreadable } = await manager.countMasterKeys({ actor })
  const lines = [...secrets].map(([id, n]) => `${id}${id === primary ? ' (seals)' : ''}  ${n}`)
  const bad = unreadable.map(({ keyId }) => keyId)
  const text = [...lines, ...(bad.length === 0 ? [] : [`unreadable: ${bad.join(', ')}`])].join('\n')
  const json = { primary, secrets: Object.fromEntries(secrets), unreadable: bad }
  return { text: text || 'no sealed secrets', json, exitCode: bad.length > 0 ? EXIT.no : EXIT.ok }
}

interface Work {
  readonly manager: KeyManager<'any'>
  readonly store: OpenStore
  readonly terminal: Terminal
  readonly given: Given
  readonly limit: number
}

interface Totals {
  scanned: number
  resealed: number
  skipped: number
  readonly failed: { readonly keyId: string; readonly code: string }[]
}

async function resealAll({ manager, store, terminal, given, limit }: Work): Promise<Outcome> {
  const totals: Totals = { scanned: 0, resealed: 0, skipped: 0, failed: [] }
  const progress = createProgress(terminal, 'keys')
  let stopped = false
  terminal.onInterrupt(() => {
    stopped = true
  })
  let after = given.text('after') ?? null
  const total = terminal.isWatched ? await countKeys(store.keys, after) : undefined
  do {
    const step = await manager.reseal({ actor, limit, after })
    add(totals, step)
    after = step.next
    progress.show(totals.scanned, total)
    // A store that answers at once would leave no moment in which an interruption is noticed.
    await new Promise(resolve => setImmediate(resolve))
  } while (after !== null && !stopped)
  return outcomeOf(totals, after)
}

function add(totals: Totals, { scanned, resealed, skipped, failed }: ResealedKeys): void {
  totals.scanned += scanned
  totals.resealed += resealed
  totals.skipped += skipped
  totals.failed.push(...failed.map(({ keyId, error }) => ({ keyId, code: error.code })))
}

async function countKeys(keys: KeyStore, from: string | null): Promise<number> {
  let count = 0
  let after = from ?? undefined
  for (;;) {
    const rows = await keys.scan({ limit: 1000, after })
    count += rows.length
    if (rows.length < 1000) return count
    after = rows.at(-1)?.keyId
  }
}

function outcomeOf(totals: Totals, next: string | null): Outcome {
  const { scanned, resealed, skipped, failed } = totals
  const lines = [
    `${scanned} keys: ${resealed} sealed anew, ${skipped} needed nothing, ${failed.length} failed`,
    ...failed.map(({ keyId, code }) => `failed  ${keyId}  ${code}`),
    ...(next === null ? [] : [`interrupted; continue with --after ${next}`]),
  ]
  return { text: lines.join('\n'), json: { ...totals, next }, exitCode: exitCodeOf(failed.length, next) }
}

function exitCodeOf(failed: number, next: string | null): ExitCode {
  if (next !== null) return EXIT.interrupted
  return failed > 0 ? EXIT.no : EXIT.ok
}
