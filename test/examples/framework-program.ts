/** Starts the example programs of the frameworks as processes, as they are or with a few lines changed. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { ROOT } from '../package/dist.js'

export interface Credentials {
  readonly keyId: string
  readonly secret: string
}

/** An example program that listens. */
export interface Program extends Credentials {
  readonly address: string
  /** A key for a client that speaks another dialect, where the program has one. */
  readonly bot?: Credentials
  /** What it has written to stderr so far. */
  stderr(): string
  stop(): Promise<void>
}

/** A text of the program, which must be there, and what stands in its place. */
export type Edit = readonly [text: string | RegExp, instead: string]

export interface StartOptions {
  readonly edits?: readonly Edit[]
  /** Where its key may be used from. Default: anywhere. */
  readonly addresses?: readonly string[]
}

export const EXAMPLES: string = join(ROOT, 'docs', 'examples', 'frameworks')
/** Inside the project, so that changed programs import what the examples import. */
const CHANGED = join(ROOT, '.cache', 'frameworks')
const START_MS = 60_000

/** @param file of docs/examples/frameworks */
export async function startProgram(file: string, { edits = [], addresses = [] }: StartOptions = {}): Promise<Program> {
  const path = await runnable(file, edits)
  const child = spawn(process.execPath, [path, ...addresses], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', chunk => (stderr += chunk))
  const line = await firstLine(child, START_MS).catch(error => {
    child.kill()
    throw new Error(`${file} did not start: ${error.message}\n${stderr}`)
  })
  // Once it listens, all of it is loaded.
  if (path.startsWith(CHANGED)) rmSync(path)
  return { ...(JSON.parse(line) as Program), stderr: () => stderr, stop: () => stop(child) }
}

/** The file to start: the example itself where nothing has to be changed. */
async function runnable(file: string, edits: readonly Edit[]): Promise<string> {
  const path = join(EXAMPLES, file)
  const isTypeScript = file.endsWith('.mts')
  if (!isTypeScript && edits.length === 0) return path
  const source = edits.reduce((text, edit) => changed(text, edit, file), readFileSync(path, 'utf8'))
  const code = isTypeScript ? await withoutTypes(source) : source
  mkdirSync(CHANGED, { recursive: true })
  const copy = join(CHANGED, `${file.replace(/\.\w+$/, '')}-${process.pid}-${++copies}.mjs`)
  writeFileSync(copy, code)
  return copy
}

let copies = 0

/** @throws {Error} when the program has no such text: a change that changes nothing would prove nothing */
function changed(source: string, [text, instead]: Edit, file: string): string {
  const result = typeof text === 'string' ? source.replace(text, () => instead) : source.replace(text, instead)
  if (result === source) throw new Error(`${file} has no ${String(text)}`)
  return result
}

async function withoutTypes(source: string): Promise<string> {
  const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } }
  return (await transform(source, { loader: 'ts', format: 'esm', target: 'node20', tsconfigRaw })).code
}

function firstLine(child: ChildProcess, withinMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => reject(new Error('it printed nothing')), withinMs)
    child.stdout?.on('data', chunk => {
      text += chunk
      const end = text.indexOf('\n')
      if (end < 0) return
      clearTimeout(timer)
      resolve(text.slice(0, end))
    })
    child.once('exit', code => {
      clearTimeout(timer)
      reject(new Error(`it ended with ${code}`))
    })
  })
}

/** Ends a process that this file, or a test, has started. */
export function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill()
  })
}
