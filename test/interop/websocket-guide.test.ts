import { afterEach, describe, expect, it, vi } from 'vitest'
import type { InvalidationChannel, KeyStore, Principal, Verifier } from '../../src/index.js'
import { createMemoryInvalidation, createMemoryKeyStore } from '../../src/stores/memory.js'
import { createFaults } from '../../src/testing/index.js'
import { createWorld, OWNER } from '../world.js'
import { importFromGuide } from './guides.js'

type Accept = (socket: EventTarget, ip: string | undefined) => void
type Perform = (principal: Principal, message: unknown) => Promise<string>

const guide = async () =>
  (await importFromGuide('websocket', 'createSessions')) as {
    createSessions(verifier: Verifier, invalidation: InvalidationChannel, perform: Perform): Promise<Accept>
  }

/** One end of a connection, as a server's WebSocket has it. */
class Socket extends EventTarget {
  readonly sent: string[] = []
  readonly closed: string[] = []
  send(text: string): void {
    this.sent.push(text)
  }
  close(code: number, reason: string): void {
    this.closed.push(`${code} ${reason}`)
  }
  receive(message: unknown): void {
    const data = typeof message === 'string' ? message : JSON.stringify(message)
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
}

async function open(keys: KeyStore = createMemoryKeyStore()) {
  const channel = createMemoryInvalidation()
  // Whoever has lost its connection tells so in the same way.
  const invalidation = channel as { publish(keyId: string | undefined): void } & typeof channel
  const world = createWorld({ keys, manager: { invalidation, onError: () => undefined } })
  // The guide's sessions last by the clock of the machine.
  world.clock.set(Date.now())
  const performed: unknown[] = []
  const accept = await (await guide()).createSessions(world.verifier, invalidation, async ({ owner }, message) => {
    performed.push(message)
    return `done for ${owner}`
  })
  const connect = () => {
    const socket = new Socket()
    accept(socket, '203.0.113.7')
    return socket
  }
  const loggedIn = async () => {
    const issued = await world.issue()
    const socket = connect()
    socket.receive(await issued.signer.login())
    await vi.waitFor(() => expect(socket.sent).toEqual(['{"loggedIn":true}']))
    return { socket, ...issued }
  }
  return { ...world, invalidation, performed, connect, loggedIn }
}

describe('The sessions of the guide', () => {
  afterEach(() => vi.useRealTimers())

  it('perform what is sent behind a login, in its order', async () => {
    const { issue, connect, performed } = await open()
    const { signer } = await issue()
    const socket = connect()
    socket.receive(await signer.login())
    socket.receive('first')
    socket.receive('second')
    await vi.waitFor(() => expect(socket.sent).toHaveLength(3))
    expect(performed).toEqual(['first', 'second'])
    expect(socket.sent.at(-1)).toBe(`done for ${OWNER}`)
    expect(socket.closed).toEqual([])
  })

  it('perform nothing behind a login that is refused', async () => {
    const { issue, connect, performed } = await open()
    const { signer } = await issue()
    const socket = connect()
    socket.receive({ ...(await signer.login()), signature: '0'.repeat(64) })
    socket.receive('first')
    await vi.waitFor(() => expect(socket.closed).toEqual(['4001 refused']))
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(socket.sent).toEqual([expect.stringContaining('"invalid_credentials"')])
    expect(performed).toEqual([])
  })

  it('end when their key is revoked, and perform nothing from then on', async () => {
    const { manager, loggedIn, performed } = await open()
    const [{ socket, key }, other] = [await loggedIn(), await loggedIn()]
    await manager.revoke({ owner: OWNER, keyId: key.keyId, reason: 'lost' })
    expect(socket.closed).toEqual(['4001 the key has changed'])
    socket.receive('late')
    other.socket.receive('allowed')
    await vi.waitFor(() => expect(performed).toEqual(['allowed']))
    expect(other.socket.closed).toEqual([])
  })

  it.each([true, false])('end when a key changes while its login is judged: %s', async changes => {
    const faults = createFaults()
    const { issue, connect, invalidation } = await open(faults.wrap(createMemoryKeyStore()))
    const { signer, key } = await issue()
    const socket = connect()
    faults.plan({ kind: 'slow', when: 'after', operation: 'get', delayMs: 30 })
    const reads = faults.calls('get')
    socket.receive(await signer.login())
    await vi.waitFor(() => expect(faults.calls('get')).toBe(reads + 1), { interval: 1 })
    invalidation.publish(changes ? key.keyId : 'another')
    await vi.waitFor(() => expect([...socket.sent, ...socket.closed]).toHaveLength(1))
    expect(socket.closed).toEqual(changes ? ['4001 the key has changed'] : [])
  })

  it('end all when messages may have been missed', async () => {
    const { invalidation, loggedIn } = await open()
    const [one, other] = [await loggedIn(), await loggedIn()]
    invalidation.publish(undefined)
    expect([one, other].map(({ socket }) => socket.closed)).toEqual(Array(2).fill(['4001 the key has changed']))
  })

  it('end with a secret that is being rotated out', async () => {
    const { issue, connect, manager } = await open()
    const { signer, key } = await issue()
    await manager.rotate({ owner: OWNER, keyId: key.keyId, overlapMs: 400 })
    const socket = connect()
    socket.receive(await signer.login())
    await vi.waitFor(() => expect(socket.sent).toEqual(['{"loggedIn":true}']))
    expect(socket.closed).toEqual([])
    await vi.waitFor(() => expect(socket.closed).toEqual(['4001 log in again']), { timeout: 2000 })
  })

  it('end without a login after ten seconds', async () => {
    const { connect } = await open()
    vi.useFakeTimers()
    const socket = connect()
    vi.advanceTimersByTime(9_999)
    expect(socket.closed).toEqual([])
    vi.advanceTimersByTime(1)
    expect(socket.closed).toEqual(['4001 log in first'])
  })
})
