import type { InvalidationChannel } from '../../store.js'
import type { RedisPort } from './client.js'
import type { Commands } from './commands.js'
import { createGaps, type Gaps } from './gaps.js'
import type { Names } from './names.js'
import { readWhole } from './replies.js'

/** KEYS: the count of changes. ARGV: the channel, what follows the number in the message: `:` and the key id. */
const PUBLISH = `
local number = redis.call('INCR', KEYS[1])
redis.call('PUBLISH', ARGV[1], number .. ARGV[2])
return 'OK'`

const COUNT = `return redis.call('GET', KEYS[1]) or '0'`

/** How often the count of changes is compared with the messages heard, ms. */
const COMPARED_EVERY_MS = 500

type Listener = (keyId: string | undefined) => void

interface Subscriber {
  readonly tell: Listener
}

/** Listens on one connection of its own, while anybody subscribes. */
export async function createRedisChannel(
  commands: Commands,
  names: Names,
  port: RedisPort,
): Promise<InvalidationChannel> {
  const [publish, count] = await Promise.all([commands.prepare(PUBLISH), commands.prepare(COUNT)])
  const readCount = async () => readWhole(await count([names.changes], []), 'changes')
  const subscribers = new Set<Subscriber>()
  const tell: Listener = keyId => {
    for (const subscriber of subscribers) subscriber.tell(keyId)
  }
  let connection: Promise<() => Promise<void>> | undefined

  async function join(): Promise<void> {
    connection ??= listen({ port, commands, channel: names.channel, readCount, tell })
    const joined = connection
    try {
      await joined
    } catch (error) {
      if (connection === joined) connection = undefined
      throw error
    }
  }

  async function leave(subscriber: Subscriber): Promise<void> {
    if (!subscribers.delete(subscriber) || subscribers.size > 0) return
    const left = connection
    connection = undefined
    await (await left)?.()
  }

  return {
    async publish(keyId: string): Promise<void> {
      // An id that drivers would change on the way is left out, which stands for any.
      await publish([names.changes], [names.channel, keyId.isWellFormed() ? `:${keyId}` : ''])
    },
    async subscribe(listener: Listener): Promise<() => Promise<void>> {
      const subscriber = { tell: listener }
      subscribers.add(subscriber)
      try {
        await join()
      } catch (error) {
        subscribers.delete(subscriber)
        throw error
      }
      return () => leave(subscriber)
    },
  }
}

interface Listening {
  readonly port: RedisPort
  readonly commands: Commands
  readonly channel: string
  readonly readCount: () => Promise<number>
  readonly tell: Listener
}

/** Listens until what it resolves to is called. */
async function listen({ port, commands, channel, readCount, tell }: Listening): Promise<() => Promise<void>> {
  let gaps: Gaps | undefined
  const { ready, close } = port.listen({
    channel,
    heard(message: string): void {
      const [number = ''] = message.split(':', 1)
      tell(number === message ? undefined : message.slice(number.length + 1))
      gaps?.hear(Number(number))
    },
    disturbed: () => gaps?.doubt(),
  })
  try {
    await commands.wait(ready)
    const counting = createGaps(await readCount(), () => tell(undefined))
    gaps = counting
    const timer = setInterval(comparer(counting, readCount), COMPARED_EVERY_MS)
    return async () => {
      clearInterval(timer)
      await close()
    }
  } catch (error) {
    await close()
    throw error
  }
}

function comparer(gaps: Gaps, readCount: () => Promise<number>): () => Promise<void> {
  let isAsking = false
  return async () => {
    // A question that takes so long has met a broken connection.
    if (isAsking) return gaps.doubt()
    isAsking = true
    try {
      gaps.compare(await readCount())
    } catch {
      gaps.doubt()
    }
    isAsking = false
  }
}
