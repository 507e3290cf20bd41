import type { InvalidationChannel } from '../store.js'
import { check, type SuiteCase } from './suite.js'

/** What makes two channels over one backend, which nobody else uses. */
export type MakeInvalidationChannels = () =>
  | readonly [InvalidationChannel, InvalidationChannel]
  | PromiseLike<readonly [InvalidationChannel, InvalidationChannel]>

/** A subscriber that writes down what it hears. */
export interface Subscriber {
  /** Ids, in the order they arrived. That something may have been missed is always allowed, and left out. */
  readonly heard: readonly string[]
  /** Ends the subscription; a second time, as well as once. */
  leave(): Promise<void>
}

/** What a case works with. */
export interface Channels {
  readonly one: InvalidationChannel
  readonly other: InvalidationChannel
  /** Subscribes; whoever has not left by the end of the case does so then. */
  listen(channel: InvalidationChannel, also?: (keyId: string) => void): Promise<Subscriber>
}

/** Longest wait for a message. */
const PATIENCE_MS = 5_000

export function channelCase(
  name: string,
  run: (channels: Channels) => Promise<void>,
): SuiteCase<MakeInvalidationChannels> {
  return {
    name,
    run: async make => {
      const [one, other] = await make()
      const subscribers: Subscriber[] = []
      const listen: Channels['listen'] = async (channel, also) => {
        const subscriber = await subscribe(channel, also)
        subscribers.push(subscriber)
        return subscriber
      }
      try {
        await run({ one, other, listen })
      } finally {
        for (const { leave } of subscribers) await leave()
      }
    },
  }
}

async function subscribe(channel: InvalidationChannel, also?: (keyId: string) => void): Promise<Subscriber> {
  const heard: string[] = []
  const stop = await channel.subscribe(keyId => {
    if (keyId === undefined) return
    heard.push(keyId)
    also?.(keyId)
  })
  return { heard, leave: async () => stop() }
}

/** Waits until something holds. Messages take their time. */
export async function until(holds: () => boolean, claim: string): Promise<void> {
  for (let waited = 0, pause = 1; !holds(); waited += pause, pause = Math.min(pause * 2, 200)) {
    check(waited < PATIENCE_MS, claim)
    await new Promise(resolve => setTimeout(resolve, pause))
  }
}

/** Waits until everybody has heard all of these ids. */
export async function expectHeard(subscribers: readonly Subscriber[], keyIds: readonly string[]): Promise<void> {
  for (const { heard } of subscribers) {
    await until(() => keyIds.every(keyId => heard.includes(keyId)), 'every subscriber hears every id')
  }
}
