import { describe, expect, it } from 'vitest'
import type { RedisPort } from '../../src/stores/redis/client.js'
import { createCommands } from '../../src/stores/redis/commands.js'

const SCRIPT = `return 'OK'`
// As SCRIPT LOAD answers.
const SHA = '57ade87c8731f041ecac85aba56623f8af391fab'

type Answer = string | Error | Promise<string>

/** A port that gives these answers in turn, and writes down what it was sent. */
function scripted(...answers: readonly Answer[]) {
  const sent: string[][] = []
  const left = [...answers]
  const port: RedisPort = {
    async send(key, words) {
      sent.push([key, ...words])
      const answer = left.shift() ?? 'OK'
      if (answer instanceof Error) throw answer
      return answer
    },
    masters: async () => [],
    listen: () => ({ ready: Promise.resolve(), close: () => {} }),
  }
  return { port, sent }
}

const reply = (message: string) => new Error(message)
const unavailable = (cause: unknown) => expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', cause })
const late = (ms: number) =>
  expect.objectContaining({ message: `Redis did not answer within ${ms} ms`, code: 'ERR_STORE_UNAVAILABLE' })

describe('A script', () => {
  it('is run by its name, on the master that holds its first key', async () => {
    const { port, sent } = scripted('answer')
    const run = await createCommands(port, 1000).prepare(SCRIPT)
    expect(await run(['{a}k1', '{a}k2'], ['x', ''])).toBe('answer')
    expect(sent).toEqual([['{a}k1', 'EVALSHA', SHA, '2', '{a}k1', '{a}k2', 'x', '']])
  })

  it('is sent in full to a server that does not know it, and only then', async () => {
    const { port, sent } = scripted(reply('NOSCRIPT No matching script. Please use EVAL.'), 'answer')
    const run = await createCommands(port, 1000).prepare(SCRIPT)
    expect(await run(['k'], ['x'])).toBe('answer')
    await run(['k'], ['y'])
    expect(sent.map(([, command]) => command)).toEqual(['EVALSHA', 'EVAL', 'EVALSHA'])
    expect(sent[1]).toEqual(['k', 'EVAL', SCRIPT, '1', 'k', 'x'])
  })

  it('is given up on when the server does not know what was sent in full', async () => {
    const unknown = reply('NOSCRIPT No matching script.')
    const { port, sent } = scripted(unknown, unknown, unknown)
    const run = await createCommands(port, 1000).prepare(SCRIPT)
    await expect(run(['k'], [])).rejects.toThrow(unavailable(unknown))
    expect(sent).toHaveLength(2)
  })
})

describe('A server that has done nothing, and says', () => {
  const PASSING = [
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'CLUSTERDOWN The cluster is down',
    'MASTERDOWN Link with MASTER is down',
    'MOVED 3999 127.0.0.1:6381',
    'ASK 3999 127.0.0.1:6381',
  ]

  it.concurrent.each(PASSING)('%s, is asked again', async message => {
    const { port, sent } = scripted(reply(message), reply(message), 'answer')
    const run = await createCommands(port, 5000).prepare(SCRIPT)
    expect(await run(['k'], ['x'])).toBe('answer')
    expect(sent).toHaveLength(3)
    expect(new Set(sent.map(words => words.join()))).toHaveProperty('size', 1)
  })

  it.concurrent.each(PASSING)('%s, four times, is given up on', async message => {
    const answers = Array.from({ length: 4 }, () => reply(message))
    const { port, sent } = scripted(...answers)
    const run = await createCommands(port, 5000).prepare(SCRIPT)
    await expect(run(['k'], [])).rejects.toThrow(unavailable(answers[3]))
    expect(sent).toHaveLength(4)
  })
})

describe('A failure of any other kind', () => {
  it.each([
    "OOM command not allowed when used memory > 'maxmemory'.",
    'MISCONF Redis is configured to save RDB snapshots',
    'NOREPLICAS Not enough good replicas to write.',
    'NOAUTH Authentication required.',
    'BUSY Redis is busy running a script.',
    'CROSSSLOT Keys in request do not hash to the same slot',
    'ERR unknown command',
    'Socket closed unexpectedly',
    'LOADINGS',
    'connect ECONNREFUSED',
    '',
  ])('is not tried again: %s', async message => {
    const error = reply(message)
    const { port, sent } = scripted(error)
    const run = await createCommands(port, 1000).prepare(SCRIPT)
    await expect(run(['k'], [])).rejects.toThrow(unavailable(error))
    expect(sent).toHaveLength(1)
  })

  it.each(['text', null, undefined, 7])('is not tried again when it is no error at all: %s', async thrown => {
    let calls = 0
    const { port } = scripted()
    const send = () => {
      calls++
      return Promise.reject(thrown)
    }
    const run = await createCommands({ ...port, send }, 1000).prepare(SCRIPT)
    await expect(run(['k'], [])).rejects.toThrow(unavailable(thrown))
    expect(calls).toBe(1)
  })

  it('says that a key holds what is not ours', async () => {
    const { port } = scripted(reply('WRONGTYPE Operation against a key holding the wrong kind of value'))
    const run = await createCommands(port, 1000).prepare(SCRIPT)
    await expect(run(['k'], [])).rejects.toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
  })

  it('is the driver’s, thrown at once', async () => {
    const { port } = scripted()
    const error = reply('The client is closed')
    const send = () => {
      throw error
    }
    const run = await createCommands({ ...port, send }, 1000).prepare(SCRIPT)
    await expect(run(['k'], [])).rejects.toThrow(unavailable(error))
  })
})

describe('No answer', () => {
  const never = new Promise<string>(() => {})

  it('is waited for no longer than asked', async () => {
    const { port } = scripted(never)
    const run = await createCommands(port, 20).prepare(SCRIPT)
    await expect(run(['k'], [])).rejects.toThrow(late(20))
  })

  it('is not followed by another attempt once it was given up on', async () => {
    let refuse: (error: Error) => void = () => {}
    const pending = new Promise<string>((_, reject) => {
      refuse = reject
    })
    const { port, sent } = scripted(pending)
    const run = await createCommands(port, 10).prepare(SCRIPT)
    await expect(run(['k'], [])).rejects.toThrow(late(10))
    refuse(reply('LOADING'))
    await new Promise(resolve => setTimeout(resolve, 60))
    expect(sent).toHaveLength(1)
  })

  it('to something else of the driver’s is waited for as long', async () => {
    const { port } = scripted()
    const commands = createCommands(port, 20)
    await expect(commands.wait(never)).rejects.toThrow(late(20))
    const error = reply('away')
    await expect(commands.wait(Promise.reject(error))).rejects.toThrow(unavailable(error))
    expect(await commands.wait(Promise.resolve('x'))).toBeUndefined()
  })
})
