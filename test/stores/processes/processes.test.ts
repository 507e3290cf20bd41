import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { describeUnless } from '../../skips.js'
import { LIMIT } from './house.js'
import { BACKENDS, isThorough, type TestPlace } from './places.js'
import { startTeam, type Team } from './team.js'

const PATIENCE_MS = 300_000
const PROCESSES = 4
const PATIENCE = { timeout: 60_000, interval: 20 }

/** How much is tried. Each `times` is the number of each process, so that all of them try four times as much. */
interface Sizes {
  readonly nonces: readonly { readonly count: number; readonly times: number }[]
  readonly creates: { readonly rounds: number; readonly times: number }
  readonly confirmations: { readonly tokens: number; readonly times: number }
  /** Keys that are revoked while they are used. */
  readonly keys: number
}

const SMALL: Sizes = {
  nonces: [{ count: 200, times: 16 }],
  creates: { rounds: 3, times: 64 },
  confirmations: { tokens: 5, times: 50 },
  keys: 5,
}

const FULL: Sizes = {
  nonces: [{ count: 10_000, times: 16 }],
  creates: { rounds: 50, times: 64 },
  confirmations: { tokens: 100, times: 250 },
  keys: 20,
}

/** What takes longer there is tried less often; `KEYLATTICE_FULL_RACES=1` takes that time, about six minutes. */
const SHORTER: Readonly<Record<string, Partial<Sizes>>> = {
  PostgreSQL: {
    nonces: [
      { count: 10_000, times: 1 },
      { count: 500, times: 16 },
    ],
    confirmations: { tokens: 100, times: 64 },
  },
  MariaDB: {
    nonces: [{ count: 1_000, times: 16 }],
    creates: { rounds: 20, times: 64 },
    confirmations: { tokens: 100, times: 32 },
  },
  Redis: { confirmations: { tokens: 100, times: 64 } },
}

function sizesFor(name: string): Sizes {
  if (!isThorough) return SMALL
  return process.env['KEYLATTICE_FULL_RACES'] === '1' ? FULL : { ...FULL, ...SHORTER[name] }
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

function totalOf(counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const total: Record<string, number> = {}
  for (const [name, count] of counts.flatMap(each => Object.entries(each))) total[name] = (total[name] ?? 0) + count
  return total
}

/** How keys are known while some of them are revoked. */
interface Knowing {
  readonly maxStalenessMs: number
  /** Whether the verifiers listen to the channel. */
  readonly listens: boolean
  /** Whether the manager tells the channel. */
  readonly announced: boolean
}

/** Revokes one key after another in one process while all others use them; gives how late each was accepted, ms. */
async function revokeUnderLoad(team: Team, count: number, { announced, ...mode }: Knowing): Promise<readonly number[]> {
  const keys = await team.ask(0, 'issue', { owners: upTo(count).map(() => `owner-${crypto.randomUUID()}`) })
  const users = upTo(team.size).slice(1)
  const haveAll = async (task: 'areAccepted' | 'areRefused') =>
    !(await Promise.all(users.map(member => team.ask(member, task, { keys })))).includes(false)
  await Promise.all(users.map(member => team.ask(member, 'startLoad', { keys, ...mode })))
  await vi.waitUntil(() => haveAll('areAccepted'), PATIENCE)
  const revokedAt = new Map<string, bigint>()
  for (const { owner, keyId } of keys) {
    revokedAt.set(keyId, await team.ask(0, 'revoke', { owner, keyId, announced }))
    await pause(20)
  }
  await vi.waitUntil(() => haveAll('areRefused'), PATIENCE)
  const results = await Promise.all(users.map(member => team.ask(member, 'stopLoad', {})))
  expect(results.flatMap(({ failures }) => failures)).toEqual([])
  // When the judging of the last request that passed began, after the revocation had resolved.
  return results.flatMap(({ accepted }) =>
    [...revokedAt].map(([keyId, at]) => Number((accepted[keyId] as bigint) - at) / 1e6),
  )
}

describe.each(BACKENDS)('Many processes on $name', ({ name, absent, hasChannel, make }) => {
  describeUnless(absent, 'take turns', () => {
    const sizes = sizesFor(name)
    let place: TestPlace
    let team: Team

    beforeAll(async () => {
      place = await make()
      team = await startTeam(place.place, PROCESSES)
    }, PATIENCE_MS)

    afterAll(async () => {
      await team.stop()
      await place.remove()
    })

    it.each(sizes.nonces)(
      'accept each of $count nonces once, claimed $times times at once by each of them',
      async ({ count, times }) => {
        const expiresAt = Date.now() + 600_000
        const won: string[] = []
        const all = upTo(count).map(i => `nonce-${times}-${i}`)
        for (let from = 0; from < count; from += 100) {
          const tokens = all.slice(from, from + 100)
          won.push(...(await team.askAll('claim', { tokens, times, expiresAt })).flat())
        }
        expect(won.length).toBe(count)
        expect(new Set(won)).toEqual(new Set(all))
      },
      PATIENCE_MS,
    )

    it(
      `give an owner with one place left one key more, in each of ${sizes.creates.rounds} rounds of ${sizes.creates.times * PROCESSES} parallel creates`,
      async () => {
        const { rounds, times } = sizes.creates
        for (const round of upTo(rounds)) {
          const owner = `limited-${round}`
          await team.ask(0, 'create', { owner, count: LIMIT - 1 })
          const outcomes = totalOf(await team.askAll('create', { owner, count: times }))
          expect(outcomes).toEqual({ done: 1, ERR_KEY_LIMIT: times * PROCESSES - 1 })
          expect(await team.ask(0, 'rows', { owner })).toBe(LIMIT)
        }
      },
      PATIENCE_MS,
    )

    it(
      `redeem each of ${sizes.confirmations.tokens} links once, in ${sizes.confirmations.times * PROCESSES} parallel confirmations of it`,
      async () => {
        const { tokens, times } = sizes.confirmations
        const outcomes = []
        for (const i of upTo(tokens)) {
          const token = await team.ask(0, 'request', { owner: `confirming-${i}` })
          outcomes.push(totalOf(await team.askAll('confirm', { token, times })))
        }
        const others = times * PROCESSES - 1
        expect(outcomes).toEqual(outcomes.map(() => ({ done: 1, ERR_CONFIRMATION_INVALID: others })))
      },
      PATIENCE_MS,
    )

    it(
      'accept nothing that begins after a key was revoked, where each request asks the store',
      async () => {
        const mode = { maxStalenessMs: 0, listens: false, announced: false }
        expect(Math.max(...(await revokeUnderLoad(team, sizes.keys, mode)))).toBeLessThanOrEqual(0)
      },
      PATIENCE_MS,
    )

    const unheard = [['without a channel', false] as const, ['with a channel that loses every message', true] as const]

    it.each(unheard.slice(0, hasChannel ? 2 : 1))(
      'accept a revoked key no longer than it may be stale, %s',
      async (_, listens) => {
        const maxStalenessMs = 300
        const lateMs = await revokeUnderLoad(team, sizes.keys, { maxStalenessMs, listens, announced: false })
        expect(Math.max(...lateMs)).toBeLessThanOrEqual(maxStalenessMs + 50)
        // Some were served from memory.
        expect(Math.max(...lateMs)).toBeGreaterThan(0)
      },
      PATIENCE_MS,
    )

    if (!hasChannel) return

    it(
      'drop a revoked key when they hear of it, long before it is stale',
      async () => {
        const mode = { maxStalenessMs: 600_000, listens: true, announced: true }
        expect(Math.max(...(await revokeUnderLoad(team, sizes.keys, mode)))).toBeLessThan(PATIENCE.timeout)
      },
      PATIENCE_MS,
    )
  })
})
