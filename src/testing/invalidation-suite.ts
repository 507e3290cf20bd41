import { channelCase, expectHeard, type MakeInvalidationChannels, type Subscriber, until } from './invalidation-case.js'
import {
  check,
  checkEqual,
  HOSTILE_TEXTS,
  inParallel,
  type SuiteCase,
  UNSTORABLE_TEXTS,
  unlessRefused,
} from './suite.js'

/** As long as a key id can be, and differing at its end. */
const LONG_IDS = ['a', 'b'].map(end => 'k'.repeat(127) + end)

/** What must hold of every `InvalidationChannel`, while its backend is well. */
export const invalidationSuite: readonly SuiteCase<MakeInvalidationChannels>[] = [
  channelCase(
    'A message reaches every subscriber, of its own channel and of others',
    async ({ one, other, listen }) => {
      const subscribers = [await listen(one), await listen(one), await listen(other), await listen(other)]
      await one.publish('from-one')
      await other.publish('from-other')
      await expectHeard(subscribers, ['from-one', 'from-other'])
    },
  ),
  channelCase('Publishing succeeds while nobody listens', async ({ one, other, listen }) => {
    await one.publish('unheard')
    const subscriber = await listen(other)
    await one.publish('heard')
    await expectHeard([subscriber], ['heard'])
  }),
  channelCase(
    'A subscriber hears from the moment it listens, also after the last has left',
    async ({ one, other, listen }) => {
      for (const keyId of ['a', 'b', 'c', 'd']) {
        const subscriber = await listen(other)
        await one.publish(keyId)
        await expectHeard([subscriber], [keyId])
        await subscriber.leave()
      }
    },
  ),
  channelCase('A subscriber that has left hears no more, and the others do', async ({ one, other, listen }) => {
    const [leaving, staying] = [await listen(other), await listen(other)]
    await one.publish('before')
    await expectHeard([leaving, staying], ['before'])
    await leaving.leave()
    await one.publish('after')
    await one.publish('later')
    await expectHeard([staying], ['after', 'later'])
    checkEqual(leaving.heard, ['before'], 'nothing came after it had left')
  }),
  channelCase('Leaving twice takes no other subscriber along', async ({ one, other, listen }) => {
    const [leaving, staying] = [await listen(other), await listen(other)]
    await leaving.leave()
    await leaving.leave()
    await one.publish('after')
    await expectHeard([staying], ['after'])
  }),
  channelCase('Each of 200 messages sent at once arrives', async ({ one, other, listen }) => {
    const subscriber = await listen(other)
    await inParallel(200, i => one.publish(`key-${i}`))
    await expectHeard(
      [subscriber],
      Array.from({ length: 200 }, (_, i) => `key-${i}`),
    )
  }),
  channelCase('An id that is published again is heard again', async ({ one, other, listen }) => {
    const subscriber = await listen(other)
    for (const times of [1, 2, 3]) {
      await one.publish('key')
      await until(() => subscriber.heard.length >= times, 'each message is heard')
    }
  }),
  channelCase('Ids arrive as they were published, whatever they are made of', async ({ one, other, listen }) => {
    const subscriber = await listen(other)
    const keyIds = [...HOSTILE_TEXTS, ...LONG_IDS]
    for (const keyId of keyIds) await one.publish(keyId)
    await expectHeard([subscriber], keyIds)
    const unknown = subscriber.heard.filter(keyId => !keyIds.includes(keyId))
    checkEqual(unknown, [], 'no id became another')
  }),
  channelCase('An id the channel cannot carry is never taken for another', async ({ one, other, listen }) => {
    const subscriber = await listen(other)
    for (const keyId of UNSTORABLE_TEXTS) await unlessRefused(async () => one.publish(keyId))
    await one.publish('last')
    await expectHeard([subscriber], ['last'])
    const unknown = subscriber.heard.filter(keyId => keyId !== 'last' && !UNSTORABLE_TEXTS.includes(keyId))
    checkEqual(unknown, [], 'an id is refused, or lost, or arrives whole')
  }),
  channelCase('A subscriber may leave while it is told', async ({ one, other, listen }) => {
    const left: Subscriber[] = []
    const first = await listen(other, () => {
      for (const { leave } of left) void leave()
    })
    left.push(first)
    const others = [await listen(other), await listen(other)]
    await one.publish('a')
    await expectHeard([first, ...others], ['a'])
    await one.publish('b')
    await expectHeard(others, ['b'])
  }),
  channelCase('One function that subscribes twice is two subscribers', async ({ one, other }) => {
    const heard: (string | undefined)[] = []
    const listener = (keyId: string | undefined) => void heard.push(keyId)
    const [stopFirst, stopSecond] = [await other.subscribe(listener), await other.subscribe(listener)]
    await stopFirst()
    await one.publish('key')
    await until(() => heard.includes('key'), 'the second is still there').finally(stopSecond)
  }),
  channelCase('Subscribers that come at the same time all hear', async ({ one, other, listen }) => {
    const subscribers = await inParallel(12, () => listen(other))
    await one.publish('key')
    await expectHeard(subscribers, ['key'])
    check(subscribers.length === 12, 'all of them were admitted')
  }),
]
