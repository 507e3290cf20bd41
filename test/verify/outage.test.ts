import { afterEach, describe, expect, it, vi } from 'vitest'
import type { VerifierOptions } from '../../src/index.js'
import { createVerifier, defineKeyPolicy, StoreError, standardKeyPolicy } from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { createMemoryReplayStore } from '../../src/stores/memory.js'
import { createWorld, permissions, START, unsigned } from '../world.js'

const READ = { permission: 'read' } as const
const withdrawal = { asset: 'BTC', network: 'bitcoin', address: 'bc1q', memo: null }
const WITHDRAW = { permission: 'withdraw', withdrawal } as const

type Options = Partial<VerifierOptions<'read' | 'trade' | 'withdraw'>>

const never = () => new Promise<never>(() => {})

/** Everything a verifier waits for, that never answers. */
const STUCK: readonly [string, Options][] = [
  ['the key store', { keys: { get: never } }],
  ['the replay store', { replay: { claim: never, advance: never }, addressBook: () => true }],
  ['ownerCeiling', { ownerCeiling: never }],
  ['the address book', { addressBook: never }],
  ['the sealer', { sealer: { seal: never, open: never, keyIdOf: () => 'k1' } }],
]

/** Keys whose withdrawals are bound to the owner's address book. */
function createWithdrawing(verifier: Options) {
  const policy = defineKeyPolicy({
    ...{ ...standardKeyPolicy, operations: withoutStepUp },
    ...{ addressRule: 'owner', addressPermissions: ['withdraw'], needAllowlist: [] },
  })
  return createWorld({ verifier, manager: { policy } })
}

afterEach(() => void vi.useRealTimers())

describe.each(STUCK)('Where %s never answers', (who, options) => {
  it('the request is rejected when the time is up, and not before', async () => {
    const { issue, verifier, clock } = createWithdrawing({ ...options, storeTimeoutMs: 300 })
    const { signer } = await issue({ permissions: ['withdraw'] })
    const request = await signer.sign(unsigned())
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const outcome = verifier.verify(request, WITHDRAW).catch(error => error)
    await vi.advanceTimersByTimeAsync(299)
    expect(await Promise.race([outcome, 'waiting'])).toBe('waiting')
    await vi.advanceTimersByTimeAsync(10)
    const error = await outcome
    expect(error).toBeInstanceOf(StoreError)
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message: `${who} did not answer in time` })
    expect(vi.getTimerCount()).toBe(0)
    expect(clock()).toBe(START)
  })

  it('its time is two seconds unless told otherwise', async () => {
    const { issue, verifier } = createWithdrawing(options)
    const { signer } = await issue({ permissions: ['withdraw'] })
    const request = await signer.sign(unsigned())
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const outcome = verifier.verify(request, WITHDRAW).catch(error => error.code)
    await vi.advanceTimersByTimeAsync(1999)
    expect(await Promise.race([outcome, 'waiting'])).toBe('waiting')
    await vi.advanceTimersByTimeAsync(10)
    expect(await outcome).toBe('ERR_STORE_UNAVAILABLE')
  })
})

describe('Where everybody answers, and with a promise', () => {
  it('the request is allowed', async () => {
    const replay = createMemoryReplayStore({ clock: () => START })
    const world = createWithdrawing({
      replay: {
        claim: async (...args) => replay.claim(...args),
        advance: async (...args) => replay.advance(...args),
      },
      ownerCeiling: async () => ({ permissions: ['withdraw'], accounts: null }),
      addressBook: async () => true,
    })
    const { signer } = await world.issue({ permissions: ['withdraw'] })
    expect(await world.verifier.verify(await signer.sign(unsigned()), WITHDRAW)).toMatchObject({ ok: true })
  })
})

describe('Where the replay store answers after its time', () => {
  it('the nonce is spent, so the same request is a replay and the next one passes', async () => {
    const replay = createMemoryReplayStore({ clock: () => START })
    let isSlow = true
    const claim: typeof replay.claim = async (...args) => {
      const isFirst = replay.claim(...args)
      if (isSlow) await new Promise(resolve => setTimeout(resolve, 500))
      return isFirst
    }
    const { issue, verifier } = createWorld({ verifier: { replay: { ...replay, claim }, storeTimeoutMs: 300 } })
    const { signer } = await issue()
    const request = await signer.sign(unsigned())
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const outcome = verifier.verify(request, READ).catch(error => error.code)
    await vi.advanceTimersByTimeAsync(600)
    expect(await outcome).toBe('ERR_STORE_UNAVAILABLE')
    isSlow = false
    expect(await verifier.verify(request, READ)).toMatchObject({ denial: 'replayed' })
    expect(await verifier.verify(await signer.sign(unsigned()), READ)).toMatchObject({ ok: true })
  })
})

describe('A process that begins with an empty replay store', () => {
  /** What the process before accepted, sent again to this one. */
  async function restart(options: Options) {
    const before = createWorld()
    const { signer } = await before.issue()
    const request = await signer.sign(unsigned())
    expect(await before.verifier.verify(request, READ)).toMatchObject({ ok: true })
    before.clock.advance(50)
    const { schemes, keys, sealer, clock } = before
    const replay = createMemoryReplayStore({ clock })
    const verifier = createVerifier({ schemes, permissions, keys, sealer, clock, replay, ...options })
    return { verifier, request, signer, clock }
  }

  it('accepts again what the one before has accepted', async () => {
    const { verifier, request } = await restart({})
    expect(await verifier.verify(request, READ)).toMatchObject({ ok: true })
  })

  it('and says so refuses it, and accepts what is signed from a moment later on', async () => {
    const { verifier, request, signer, clock } = await restart({ rememberedSince: START + 50 })
    expect(await verifier.verify(request, READ)).toMatchObject({ denial: 'replayed' })
    expect(await verifier.verify(await signer.sign(unsigned()), READ)).toMatchObject({ denial: 'replayed' })
    clock.advance(2001)
    const later = await signer.sign(unsigned())
    expect(await verifier.verify(later, READ)).toMatchObject({ ok: true })
    expect(await verifier.verify(later, READ)).toMatchObject({ denial: 'replayed' })
    expect(await verifier.verify(request, READ)).toMatchObject({ denial: 'replayed' })
  })

  it('tells a stranger no more than before', async () => {
    const { verifier, request } = await restart({ rememberedSince: START + 50 })
    const forged = { ...request, target: '/v1/another' }
    expect(await verifier.verify(forged, READ)).toMatchObject({ denial: 'wrong_signature' })
  })
})
