import type { InvalidationChannel } from '../../src/store.js'
import type { MakeInvalidationChannels } from '../../src/testing/index.js'
import type { Broken } from './broken-stores.js'

/** Invalidation channels with one typical defect each, and what must notice it. */

type Listener = Parameters<InvalidationChannel['subscribe']>[0]

/** One subscription: the same function may be there twice. */
interface Subscription {
  readonly listener: Listener
}

/** What two channels share: everybody who listens. */
interface Backend {
  subscriptions: readonly Subscription[]
}

type MakeChannel = (backend: Backend) => InvalidationChannel

const turn = () => new Promise(resolve => setImmediate(resolve))

/** Tells everybody a turn later, as a network does. */
function naiveChannel(backend: Backend): InvalidationChannel {
  return {
    async publish(keyId) {
      await turn()
      for (const { listener } of backend.subscriptions) listener(keyId)
    },
    async subscribe(listener) {
      await turn()
      const subscription = { listener }
      backend.subscriptions = [...backend.subscriptions, subscription]
      return () => {
        backend.subscriptions = backend.subscriptions.filter(each => each !== subscription)
      }
    },
  }
}

function channels(make: MakeChannel): MakeInvalidationChannels {
  return () => {
    const backend: Backend = { subscriptions: [] }
    return [make(backend), make(backend)]
  }
}

/** A correct channel, with some of it replaced. */
function changed(
  change: (channel: InvalidationChannel, backend: Backend) => Partial<InvalidationChannel>,
): MakeInvalidationChannels {
  return channels(backend => {
    const channel = naiveChannel(backend)
    return { ...channel, ...change(channel, backend) }
  })
}

/** A channel that sees ids through a function, as a careless payload does. */
function seenThrough(see: (keyId: string) => readonly string[]): MakeInvalidationChannels {
  return changed(channel => ({
    async publish(keyId) {
      for (const seen of see(keyId)) await channel.publish(seen)
    },
  }))
}

/** Correct channels, to see that the parts above are. */
export const NAIVE_CHANNELS: MakeInvalidationChannels = channels(naiveChannel)

const HOSTILE = 'Ids arrive as they were published, whatever they are made of'

export const BROKEN_CHANNELS: readonly Broken<MakeInvalidationChannels>[] = [
  {
    defect: 'tells the others only',
    make: () => {
      const [toOne, toOther] = [{ subscriptions: [] }, { subscriptions: [] }].map(naiveChannel)
      if (toOne === undefined || toOther === undefined) throw new Error('unreachable')
      const one = { subscribe: toOne.subscribe, publish: toOther.publish }
      return [one, { subscribe: toOther.subscribe, publish: toOne.publish }]
    },
    noticedBy: ['A message reaches every subscriber, of its own channel and of others'],
    only: true,
  },
  {
    defect: 'tells the latest subscriber only',
    make: changed((channel, backend) => ({
      subscribe(listener) {
        backend.subscriptions = []
        return channel.subscribe(listener)
      },
    })),
    noticedBy: ['A message reaches every subscriber, of its own channel and of others'],
  },
  {
    defect: 'fails where nobody listens',
    make: changed((channel, backend) => ({
      async publish(keyId) {
        if (backend.subscriptions.length === 0) throw new Error('nobody listens')
        await channel.publish(keyId)
      },
    })),
    noticedBy: ['Publishing succeeds while nobody listens'],
    only: true,
  },
  {
    defect: 'says that it listens before it does',
    make: changed(channel => ({
      async subscribe(listener) {
        const subscribed = turn()
          .then(turn)
          .then(() => channel.subscribe(listener))
        return async () => (await subscribed)()
      },
    })),
    noticedBy: ['A subscriber hears from the moment it listens, also after the last has left'],
  },
  {
    defect: 'tells those who have left',
    make: changed(channel => ({
      async subscribe(listener) {
        await channel.subscribe(listener)
        return () => {}
      },
    })),
    noticedBy: ['A subscriber that has left hears no more, and the others do'],
    only: true,
  },
  {
    defect: 'closes its connection when one subscriber leaves',
    make: changed((channel, backend) => ({
      async subscribe(listener) {
        await channel.subscribe(listener)
        return () => {
          backend.subscriptions = []
        }
      },
    })),
    noticedBy: ['A subscriber that has left hears no more, and the others do'],
  },
  {
    defect: 'counts its subscribers down each time one leaves',
    make: changed((channel, backend) => {
      let count = 0
      return {
        async subscribe(listener) {
          count++
          const stop = await channel.subscribe(listener)
          return async () => {
            count--
            await stop()
            if (count === 0) backend.subscriptions = []
          }
        },
      }
    }),
    noticedBy: ['Leaving twice takes no other subscriber along'],
    only: true,
  },
  {
    defect: 'closes for good when the last subscriber leaves',
    make: changed((channel, backend) => {
      let isClosed = false
      return {
        async subscribe(listener) {
          const stop = await channel.subscribe(keyId => !isClosed && listener(keyId))
          return async () => {
            await stop()
            isClosed = backend.subscriptions.length === 0
          }
        },
      }
    }),
    noticedBy: ['A subscriber hears from the moment it listens, also after the last has left'],
    only: true,
  },
  {
    defect: 'sends the latest of what comes together',
    make: changed(channel => {
      let latest: string | undefined
      return {
        async publish(keyId) {
          latest = keyId
          await turn()
          if (latest === keyId) await channel.publish(keyId)
        },
      }
    }),
    noticedBy: ['Each of 200 messages sent at once arrives'],
    only: true,
  },
  {
    defect: 'sends each id once',
    make: changed(channel => {
      const sent = new Set<string>()
      return {
        async publish(keyId) {
          if (!sent.has(keyId)) await channel.publish(keyId)
          sent.add(keyId)
        },
      }
    }),
    noticedBy: ['An id that is published again is heard again'],
    only: true,
  },
  { defect: 'parts ids at commas', make: seenThrough(keyId => keyId.split(',')), noticedBy: [HOSTILE], only: true },
  { defect: 'folds case', make: seenThrough(keyId => [keyId.toLowerCase()]), noticedBy: [HOSTILE], only: true },
  { defect: 'trims blanks', make: seenThrough(keyId => [keyId.trim()]), noticedBy: [HOSTILE], only: true },
  { defect: 'cuts long ids', make: seenThrough(keyId => [keyId.slice(0, 63)]), noticedBy: [HOSTILE], only: true },
  {
    defect: 'cuts ids at NUL',
    make: seenThrough(keyId => [keyId.split('\0')[0] ?? '']),
    noticedBy: ['An id the channel cannot carry is never taken for another'],
    only: true,
  },
  {
    defect: 'skips a subscriber when one leaves while it is told',
    make: channels(backend => {
      const listeners: Listener[] = backend.subscriptions as unknown as Listener[]
      return {
        async publish(keyId) {
          await turn()
          for (const listener of listeners) listener(keyId)
        },
        async subscribe(listener) {
          await turn()
          const own: Listener = keyId => listener(keyId)
          listeners.push(own)
          return () => {
            const at = listeners.indexOf(own)
            if (at >= 0) listeners.splice(at, 1)
          }
        },
      }
    }),
    noticedBy: ['A subscriber may leave while it is told'],
    only: true,
  },
  {
    defect: 'tells each function once',
    make: changed((_, backend) => ({
      async subscribe(listener) {
        await turn()
        const others = backend.subscriptions.filter(each => each.listener !== listener)
        backend.subscriptions = [...others, { listener }]
        return () => {
          backend.subscriptions = backend.subscriptions.filter(each => each.listener !== listener)
        }
      },
    })),
    noticedBy: ['One function that subscribes twice is two subscribers'],
    only: true,
  },
  {
    defect: 'forgets subscribers that come while it connects',
    make: changed(channel => {
      let connecting: Promise<unknown> | undefined
      return {
        async subscribe(listener) {
          if (connecting !== undefined) return () => {}
          connecting = turn()
          await connecting
          connecting = undefined
          return channel.subscribe(listener)
        },
      }
    }),
    noticedBy: ['Subscribers that come at the same time all hear'],
    only: true,
  },
]
