/** Starts the built command as a process, as a user does. */

import { spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { DIST } from '../package/dist.js'

export const PROGRAM: string = join(DIST, 'cli', 'keylattice.js')

export interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
  readonly folder?: string
}

/** Variables a test does not set are not there, whatever this machine has. */
export function cleanEnvironment(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...env }
}

export function keylattice(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return run(process.execPath, [PROGRAM, ...args], options)
}

/** Runs what the command printed, in a real shell. */
export function shell(script: string, options: RunOptions = {}): Promise<Run> {
  const file = join(temporaryFolder(), 'printed.sh')
  writeFileSync(file, script)
  return run('sh', [file], options)
}

export function run(program: string, args: readonly string[], { env, stdin, folder }: RunOptions = {}): Promise<Run> {
  const child = spawn(program, args, { env: cleanEnvironment(env), cwd: folder ?? temporaryFolder() })
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  // A command that is refused may end before it has read everything.
  child.stdin.on('error', () => {})
  child.stdin.end(stdin ?? '')
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', status => resolve({ status, stdout: stdout(), stderr: stderr() }))
  })
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'keylattice-cli-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}
