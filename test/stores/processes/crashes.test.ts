import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { EMPTY_BODY } from '../../../src/http/request.js'
import { decodeKey } from '../../../src/keys/codec.js'
import { describeUnless } from '../../skips.js'
import { type OpenStores, openStores, type Place } from './backends.js'
import { bundle } from './bundle.js'
import { createJudge, createManager, LIMIT } from './house.js'
import { BACKENDS, type Backend, isThorough } from './places.js'
import { createRandom } from './random.js'
import type { Note } from './writer.js'

const PATIENCE_MS = 300_000
const LONGEST_LIFE_MS = 120

/** A process that is ready to write. */
interface Writer {
  /** Kills it so long after its first answer, or with 0 at once when it begins; gives what it had noted by then. */
  killAfter(ms: number): Promise<readonly Note[]>
}

interface WriterOptions {
  readonly program: string
  readonly place: Place
  readonly folder: string
  readonly name: string
  readonly seed: number
}

async function startWriter({ program, place, folder, name, seed }: WriterOptions): Promise<Writer> {
  const file = join(folder, `${name}.notes`)
  const args = [program, JSON.stringify(place), file, name, `${seed}`]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  await told(child)
  return {
    async killAfter(ms) {
      const ended = endOf(child)
      child.stdin.write('go\n')
      if (ms > 0) await told(child)
      await new Promise(resolve => setTimeout(resolve, ms))
      child.kill('SIGKILL')
      expect(await ended).toBe('SIGKILL')
      return readNotes(file)
    },
  }
}

/** Resolves with the next thing it says. */
async function told(child: ChildProcess): Promise<void> {
  const failed = endOf(child).then(() => Promise.reject(new Error('the writer ended by itself')))
  await Promise.race([new Promise(resolve => child.stdout?.once('data', resolve)), failed])
}

const endOf = (child: ChildProcess) => new Promise(resolve => child.once('exit', (_, signal) => resolve(signal)))

/** Every line that is whole: the last may have been cut. */
function readNotes(file: string): readonly Note[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map(line => JSON.parse(line) as Note)
}

type Judge = { readonly [D in Note['did']]: (note: Extract<Note, { did: D }>) => Promise<boolean> }

/** What the store has lost or would do once more of what was noted. */
async function lostOf(stores: OpenStores, notes: readonly Note[]): Promise<readonly Note[]> {
  const manager = createManager(stores)
  // However long the looking takes, no request gets too old to be recognised.
  const killedAt = Date.now()
  const verifier = createJudge(stores, { clock: () => killedAt })
  // A revocation may have come to pass without having been noted.
  const isRevoked = async (keyId: string) => (await stores.keys.get(keyId))?.state === 'revoked'
  const touches = (of: string) => notes.filter(note => note.did === 'touched' && note.keyId === of).length
  const judge: Judge = {
    requested: async ({ keyId }) => (await stores.keys.get(keyId)) !== undefined,
    revealed: async ({ owner, keyId }) => {
      const again = await manager.reveal({ owner, keyId }).catch(error => error.code)
      return again === ((await isRevoked(keyId)) ? 'ERR_KEY_STATE' : 'ERR_SECRET_REVEALED')
    },
    revoked: ({ keyId }) => isRevoked(keyId),
    accepted: async ({ keyId, request }) => {
      const verdict = await verifier.verify({ ...request, body: EMPTY_BODY }, { permission: 'read' })
      return !verdict.ok && (verdict.denial === 'replayed' || (await isRevoked(keyId)))
    },
    claimed: async ({ keyId, token, expiresAt }) => !(await stores.replay.claim(keyId, token, expiresAt)),
    advanced: async ({ keyId, nonce }) => !(await stores.replay.advance(keyId, BigInt(nonce), 4)),
    touched: async ({ keyId }) => ((await stores.usage.get(keyId))?.count ?? 0) >= touches(keyId),
  }
  const kept = await Promise.all(notes.map(note => judge[note.did](note as never)))
  return notes.filter((_, i) => !kept[i])
}

/** What is wrong with the keys of the owners a writer wrote for, noted or not. */
async function flawsOf(stores: OpenStores, notes: readonly Note[]): Promise<readonly string[]> {
  const manager = createManager(stores)
  const flaws: string[] = []
  for (const owner of new Set(notes.flatMap(note => ('owner' in note ? [note.owner] : [])))) {
    const rows = await stores.keys.list({ owner, limit: 1000 })
    const records = rows.map(row => decodeKey(row))
    const living = records.filter(({ state }) => state !== 'revoked')
    if (living.length > LIMIT) flaws.push(`${owner} has ${living.length} keys`)
    for (const { keyId } of living) {
      // Nobody knows whether the last reveal came to pass; one more may, and not two.
      const shown = await Promise.allSettled([1, 2].map(() => manager.reveal({ owner, keyId })))
      if (shown.every(({ status }) => status === 'fulfilled')) flaws.push(`${keyId} was shown twice`)
    }
  }
  return flaws
}

function killsOf({ name }: Backend): number {
  if (!isThorough) return 5
  return name === 'MariaDB' ? 20 : 100
}

describe.each(BACKENDS.filter(({ isDurable }) => isDurable))('A crash of what writes to $name', backend => {
  const kills = killsOf(backend)

  describeUnless(backend.absent, 'at any moment', () => {
    it(
      `loses nothing that was answered and does nothing twice, ${kills} times`,
      async () => {
        const seed = Math.floor(Math.random() * 2 ** 32)
        const random = createRandom(seed)
        const { place, remove } = await backend.make()
        const stores = await openStores(place)
        const folder = mkdtempSync(join(tmpdir(), 'keylattice-'))
        onTestFinished(async () => {
          await stores.close()
          await remove()
          rmSync(folder, { recursive: true })
        })
        const program = await bundle('writer')
        const start = (number: number) =>
          startWriter({ program, place, folder, name: `writer-${number}`, seed: seed + number })
        let next = start(1)
        let noted = 0
        for (let kill = 1; kill <= kills; kill++) {
          const notes = await (await next).killAfter(random() < 0.2 ? 0 : random() * LONGEST_LIFE_MS)
          if (kill < kills) next = start(kill + 1)
          noted += notes.length
          expect(await lostOf(stores, notes), `lost, seed ${seed}, kill ${kill}`).toEqual([])
          expect(await flawsOf(stores, notes), `flaws, seed ${seed}, kill ${kill}`).toEqual([])
        }
        console.log(`${backend.name}: killed ${kills} times, seed ${seed}, kept all of ${noted} answers`)
        expect(noted).toBeGreaterThan(kills / 2)
      },
      PATIENCE_MS,
    )
  })
})
