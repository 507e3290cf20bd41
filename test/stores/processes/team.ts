import { type ChildProcess, fork } from 'node:child_process'
import type { Place } from './backends.js'
import { bundle } from './bundle.js'
import type { Tasks } from './worker.js'

type Input<T extends keyof Tasks> = Parameters<Tasks[T]>[0]
type Result<T extends keyof Tasks> = Awaited<ReturnType<Tasks[T]>>

/** Processes that share a place. */
export interface Team {
  readonly size: number
  /** Has one of them do something. */
  ask<T extends keyof Tasks>(member: number, task: T, input: Input<T>): Promise<Result<T>>
  /** Has all of them do something at the same time. */
  askAll<T extends keyof Tasks>(task: T, input: Input<T>): Promise<readonly Result<T>[]>
  stop(): Promise<void>
}

interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** Starts processes, and waits until each has opened its stores. */
export async function startTeam(place: Place, size = 4): Promise<Team> {
  const worker = await bundle('worker')
  const members = await Promise.all(Array.from({ length: size }, () => start(worker, place)))
  const ask: Team['ask'] = (member, task, input) => members[member]?.ask(task, input) as never
  return {
    size,
    ask,
    askAll: (task, input) => Promise.all(members.map((_, member) => ask(member, task, input))),
    stop: async () => void (await Promise.all(members.map(({ stop }) => stop()))),
  }
}

async function start(worker: string, place: Place) {
  const child = fork(worker, [JSON.stringify(place)], { serialization: 'advanced' })
  const waiting = new Map<number, (reply: Reply) => void>()
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const reply = (id: number) => new Promise<Reply>(resolve => waiting.set(id, resolve))
  const opened = reply(0)
  child.on('message', (message: Reply) => waiting.get(message.id)?.(message))
  ended.then(() => {
    for (const [id, resolve] of waiting) resolve({ id, error: 'the process has ended' })
  })
  unwrap(await opened)
  let asked = 0
  return {
    async ask(task: string, input: unknown): Promise<unknown> {
      const id = ++asked
      const answered = reply(id)
      child.send({ id, task, input })
      const answer = await answered
      waiting.delete(id)
      return unwrap(answer)
    },
    stop: () => disconnect(child, ended),
  }
}

function unwrap({ result, error }: Reply): unknown {
  if (error !== undefined) throw new Error(error)
  return result
}

async function disconnect(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect()
  await ended
}
