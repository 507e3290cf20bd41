import { describe, expect, it } from 'vitest'
import { createBatches, type PendingClaim } from '../../src/stores/redis/batches.js'

interface Sent {
  readonly names: readonly string[]
  answer(answers: string): void
  fail(error: unknown): void
}

/** Batches whose answers the test gives. */
function sending() {
  const sent: Sent[] = []
  const add = createBatches(
    batch =>
      new Promise((answer, fail) => {
        sent.push({ names: batch.map(({ name }) => name), answer, fail })
      }),
  )
  const claim = (name: string) =>
    new Promise<boolean>((resolve, reject) => {
      add({ name, tally: undefined, expiresAt: 1, resolve, reject } satisfies PendingClaim)
    })
  return { sent, claim }
}

/** Lets everything happen that waits for nothing from outside. */
const settle = () => new Promise(resolve => setTimeout(resolve, 0))
const names = (count: number, prefix = 'n') => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

describe('Claims', () => {
  it('leave together when they come together, and each gets its own answer', async () => {
    const { sent, claim } = sending()
    const claims = names(5).map(claim)
    await settle()
    expect(sent.map(batch => batch.names)).toEqual([names(5)])
    sent[0]?.answer('10010')
    expect(await Promise.all(claims)).toEqual([true, false, false, true, false])
  })

  it('wait for nobody while few are under way', async () => {
    const { sent, claim } = sending()
    for (const name of names(4)) {
      void claim(name)
      await settle()
    }
    expect(sent.map(batch => batch.names)).toEqual([['n0'], ['n1'], ['n2'], ['n3']])
  })

  it('wait for the first to return while four batches are under way, and leave together then', async () => {
    const { sent, claim } = sending()
    for (const name of names(4)) {
      void claim(name)
      await settle()
    }
    const later = names(10, 'later').map(claim)
    await settle()
    expect(sent).toHaveLength(4)
    sent[2]?.answer('1')
    await settle()
    expect(sent.slice(4).map(batch => batch.names)).toEqual([names(10, 'later')])
    sent[4]?.answer('0000000001')
    expect((await Promise.all(later)).lastIndexOf(true)).toBe(9)
  })

  it('leave 64 at a time at most', async () => {
    const { sent, claim } = sending()
    for (const name of names(300)) void claim(name)
    await settle()
    expect(sent.map(batch => batch.names.length)).toEqual([64, 64, 64, 64])
    for (const batch of sent.slice()) batch.answer('1'.repeat(64))
    await settle()
    expect(sent.slice(4).map(batch => batch.names.length)).toEqual([44])
  })

  it('fail with their batch, and so does what waits behind it, and nothing else', async () => {
    const { sent, claim } = sending()
    const flying = []
    for (const name of names(4)) {
      flying.push(claim(name))
      await settle()
    }
    const waiting = names(3, 'waiting').map(claim)
    const failure = new Error('away')
    sent[1]?.fail(failure)
    for (const failed of [flying[1], ...waiting]) await expect(failed).rejects.toBe(failure)
    for (const i of [0, 2, 3]) sent[i]?.answer('1')
    expect(await Promise.all([flying[0], flying[2], flying[3]])).toEqual([true, true, true])
    const next = claim('next')
    await settle()
    expect(sent).toHaveLength(5)
    sent[4]?.answer('1')
    expect(await next).toBe(true)
  })

  it('are accepted by a 1 only', async () => {
    const { sent, claim } = sending()
    const claims = names(4).map(claim)
    await settle()
    sent[0]?.answer('0x2')
    expect(await Promise.all(claims)).toEqual([false, false, false, false])
  })
})
