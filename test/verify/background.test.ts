import { describe, expect, it, vi } from 'vitest'
import type { KeyUsage, UsageStore, VerifierOptions } from '../../src/index.js'
import { createVerifier } from '../../src/index.js'
import { createMemoryInvalidation, createMemoryUsageStore } from '../../src/stores/memory.js'
import { createWorld, permissions, START, unsigned } from '../world.js'

const READ = { permission: 'read' } as const

/** A verifier that counts, on the clock of the test. */
function createCounting(options: Partial<VerifierOptions<'read' | 'trade' | 'withdraw'>> = {}) {
  const usage = createMemoryUsageStore()
  const onError = vi.fn()
  const world = createWorld({ verifier: { usage, onError, ...options } })
  const ask = async (issued: Awaited<ReturnType<typeof world.issue>>, ip?: string) =>
    world.verifier.verify({ ...(await issued.signer.sign(unsigned())), ip }, READ)
  return { ...world, usage, onError, ask }
}

describe('A verifier with a usage store', () => {
  it('has written every allowed request when it is closed: when, from where, and how many', async () => {
    const { issue, ask, usage, verifier, clock } = createCounting()
    const issued = await issue()
    await ask(issued, '192.0.2.1')
    clock.advance(10)
    await ask(issued, '192.0.2.7')
    expect(usage.get(issued.key.keyId)).toBeUndefined()
    await verifier.close()
    expect(usage.get(issued.key.keyId)).toEqual({
      ...{ keyId: issued.key.keyId, lastUsedAt: START + 10, lastAddress: '192.0.2.7', count: 2 },
    })
  })

  it('counts no request that was refused, at whatever step', async () => {
    const { issue, verifier, usage } = createCounting()
    const issued = await issue({ ipAllowlist: ['192.0.2.1'], permissions: ['read'] })
    const good = { ...(await issued.signer.sign(unsigned())), ip: '192.0.2.1' }
    const refused = [
      [{ ...good, target: '/v1/another' }, READ],
      [{ ...good, ip: '192.0.2.2' }, READ],
      [good, { permission: 'trade' }],
      [{ ...good, headers: {} }, READ],
    ] as const
    for (const [request, required] of refused)
      expect(await verifier.verify(request, required)).toMatchObject({ ok: false })
    await verifier.close()
    expect(usage.get(issued.key.keyId)).toBeUndefined()
    expect(await verifier.verify(good, READ)).toMatchObject({ ok: true })
    expect(await verifier.verify(good, READ)).toMatchObject({ denial: 'replayed' })
    await verifier.close()
    expect(usage.get(issued.key.keyId)).toMatchObject({ count: 1 })
  })

  it('counts no request that the host rejected by throwing', async () => {
    const { issue, ask, verifier, usage } = createCounting({
      onDecision: () => {
        throw new Error('full')
      },
    })
    const issued = await issue()
    await expect(ask(issued)).rejects.toThrow('full')
    await verifier.close()
    expect(usage.get(issued.key.keyId)).toBeUndefined()
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
  ])('answers as ever where that store %s, and tells of it', async (_, touch) => {
    const usage: UsageStore = { touch, get: () => undefined }
    const onError = vi.fn(() => {
      throw new Error('nor does the log work')
    })
    const { issue, ask, verifier } = createCounting({ usage, onError })
    expect(await ask(await issue())).toMatchObject({ ok: true })
    await verifier.close()
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }))
  })

  it('never waits for it', async () => {
    const touched: KeyUsage[] = []
    const usage: UsageStore = { touch: use => void touched.push(use), get: () => undefined }
    const { issue, ask } = createCounting({ usage })
    const issued = await issue()
    for (let i = 0; i < 100; i++) await ask(issued)
    expect(touched).toEqual([])
  })

  it('writes each key no more often than it was told', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const touch = vi.fn()
      const { issue, ask, clock } = createCounting({ usage: { touch, get: () => undefined }, usageIntervalMs: 10_000 })
      const issued = await issue()
      for (let second = 0; second < 60; second++) {
        await ask(issued)
        clock.advance(1000)
        await vi.advanceTimersByTimeAsync(1000)
      }
      expect(touch.mock.calls.length).toBeGreaterThanOrEqual(5)
      expect(touch.mock.calls.length).toBeLessThanOrEqual(7)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('A verifier without anything beside it', () => {
  it('is ready, can be closed, more than once, and judges after that', async () => {
    const { verifier, issue } = createWorld()
    await verifier.ready()
    await verifier.close()
    await verifier.close()
    const { signer } = await issue()
    expect(await verifier.verify(await signer.sign(unsigned()), READ)).toMatchObject({ ok: true })
  })

  it('starts no timer', async () => {
    const { verifier, issue } = createWorld()
    const request = await (await issue()).signer.sign(unsigned())
    await verifier.verify(request, READ)
    vi.useFakeTimers()
    try {
      await verifier.verify(request, READ)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('A channel that cannot be listened to', () => {
  it('fails who asks whether it is ready, and no request', async () => {
    const onError = vi.fn()
    const invalidation = { ...createMemoryInvalidation(), subscribe: () => Promise.reject(new Error('down')) }
    const { verifier, issue } = createWorld({ verifier: { invalidation, onError } })
    await expect(verifier.ready()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(onError).toHaveBeenCalledTimes(1)
    const { signer } = await issue()
    expect(await verifier.verify(await signer.sign(unsigned()), READ)).toMatchObject({ ok: true })
    await verifier.close()
  })
})

describe('createVerifier', () => {
  const { schemes, keys, sealer, replay } = createWorld()
  const good = { schemes, permissions, keys, sealer, replay }
  const usage = createMemoryUsageStore()
  const invalidation = createMemoryInvalidation()
  const onError = (): void => {}

  it.each([
    { usage, onError },
    { invalidation, onError },
    { usage, onError, usageIntervalMs: 1000, storeTimeoutMs: 1, rememberedSince: 0 },
    { onError },
  ])('accepts good options', options => {
    expect(() => createVerifier({ ...good, ...options })).not.toThrow()
  })

  it.each([
    ['ERR_OPTION_MISSING', 'onError', { usage }],
    ['ERR_OPTION_MISSING', 'onError', { invalidation }],
    ['ERR_OPTION_INVALID', 'onError', { usage, onError: 'log' }],
    ['ERR_OPTION_INVALID', 'usage', { usage: {}, onError }],
    ['ERR_OPTION_INVALID', 'usageIntervalMs', { usage, onError, usageIntervalMs: 999 }],
    ['ERR_OPTION_INVALID', 'invalidation', { invalidation: { publish: () => {} }, onError }],
    ['ERR_OPTION_INVALID', 'invalidation', { invalidation: { subscribe: () => {} }, onError }],
    ['ERR_OPTION_INVALID', 'storeTimeoutMs', { storeTimeoutMs: 0 }],
    ['ERR_OPTION_INVALID', 'storeTimeoutMs', { storeTimeoutMs: Number.POSITIVE_INFINITY }],
    ['ERR_OPTION_INVALID', 'rememberedSince', { rememberedSince: Number.NaN }],
    ['ERR_OPTION_INVALID', 'rememberedSince', { rememberedSince: -1 }],
    ['ERR_OPTION_INVALID', 'rememberedSince', { rememberedSince: new Date() }],
  ])('refuses with %s, naming %s', (code, field, options) => {
    expect(() => createVerifier({ ...good, ...options } as unknown as typeof good)).toThrow(
      expect.objectContaining({ code, field }),
    )
  })
})
