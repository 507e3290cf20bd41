/** Programs that report in marked lines of their output, started and ended. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { MARK, type Report, type Task } from './task.js'

/** How long a program may take to say what it was started for, ms. */
const PATIENCE_MS = 120_000

export interface Running {
  /** The next report that has this member. Rejects when the program ends without one, with what it said. */
  report<Name extends keyof Report>(name: Name): Promise<NonNullable<Report[Name]>>
  /** The last lines it said that were no reports. */
  said(): string
  end(): void
}

/** @param command binary and arguments */
export function startProgram(command: readonly string[], task: Task): Running {
  const [binary = '', ...args] = command
  const env = { ...process.env, KEYLATTICE_TASK: JSON.stringify(task), NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' }
  const child = spawn(binary, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  return listenTo(child, line => (line.startsWith(MARK) ? (JSON.parse(line.slice(MARK.length)) as Report) : undefined))
}

/** Reads the reports of a program from its output. */
export function listenTo(child: ChildProcess, parse: (line: string) => Report | undefined): Running {
  const told: Report = {}
  const said: string[] = []
  const waiting = new Set<() => void>()
  let ended: string | undefined
  const wake = () => {
    for (const each of waiting) each()
  }
  const end = (how: string) => {
    ended ??= how
    wake()
  }
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null)
      createInterface({ input: stream }).on('line', line => {
        const report = parse(line)
        if (report === undefined) said.push(line)
        Object.assign(told, report)
        wake()
      })
  child.on('error', error => end(error.message))
  child.on('close', (code, signal) => end(`ended with ${code ?? signal}`))

  const lastLines = () => said.slice(-20).join('\n')

  function report<Name extends keyof Report>(name: Name): Promise<NonNullable<Report[Name]>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => end('said nothing for too long'), PATIENCE_MS)
      const look = () => {
        const value = told[name]
        if (value === undefined && ended === undefined) return
        clearTimeout(timer)
        waiting.delete(look)
        if (value === undefined) reject(new Error(`${ended}: ${lastLines()}`))
        else resolve(value)
      }
      waiting.add(look)
      look()
    })
  }
  return { report, said: lastLines, end: () => void child.kill('SIGKILL') }
}
