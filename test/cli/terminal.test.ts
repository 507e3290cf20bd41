import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'libsql'
import { expect, it } from 'vitest'
import { createSqliteStore } from '../../src/stores/sqlite.js'
import { ROOT, requireBuild } from '../package/dist.js'
import { type Absent, describeUnless } from '../skips.js'
import { PROGRAM, type Run, type RunOptions, run } from './keylattice.js'

requireBuild()

const SECRET = 'canary-of-a-secret-0123456789abcdef'
const PTY = fileURLToPath(new URL('typing_at.py', import.meta.url))
const absent: Absent = hasTerminals() ? undefined : 'no python3 that opens terminals on this machine'

function hasTerminals(): boolean {
  try {
    execFileSync('python3', ['-c', 'import os, pty; os.waitstatus_to_exitcode'])
    return true
  } catch {
    return false
  }
}

/** Runs the command on a terminal; `answers`: what to type once a text was shown. */
function onTerminal(
  args: readonly string[],
  answers: readonly (readonly [after: string, type: string])[] = [],
  options: RunOptions = {},
): Promise<Run> {
  const env = { TERM: 'xterm', ...options.env }
  return run('python3', [PTY, JSON.stringify(answers), process.execPath, PROGRAM, ...args], { ...options, env })
}

describeUnless(absent, 'On a terminal', () => {
  const sign = ['sign', '-k', 'kl_test_key', 'https://api.example.com/v1/x']

  it('the secret is asked for, and not shown while it is typed', async () => {
    const ran = await onTerminal(sign, [['secret (not shown): ', `${SECRET}\r`]])
    expect(ran.status, ran.stdout).toBe(0)
    expect(ran.stdout).toContain('x-api-signature: ')
    expect(ran.stdout).not.toContain(SECRET)
    expect(ran.stdout).not.toContain('canary')
  })

  it('what was typed can be corrected', async () => {
    const [a, b] = await Promise.all(
      [`${SECRET}\r`, `x${SECRET}\u007f\u007f\u007fdef\r`.replace('x', '')].map(typed =>
        onTerminal([...sign, '--scheme', 'bitexbit-v1', '--json'], [['secret (not shown): ', typed]]),
      ),
    )
    expect([a?.status, b?.status]).toEqual([0, 0])
  })

  it('nothing typed is no secret', async () => {
    expect(await onTerminal(sign, [['secret (not shown): ', '\r']])).toMatchObject({ status: 2 })
  })

  it('Ctrl-C at the prompt ends it', async () => {
    const ran = await onTerminal(sign, [['secret (not shown): ', '\u0003']])
    expect(ran.status).not.toBe(0)
    expect(ran.stdout).not.toContain('x-api-signature')
  })

  it('there is colour, unless NO_COLOR says otherwise', async () => {
    const args = ['allowlist', 'check', '-a', '::1', '::1']
    expect((await onTerminal(args)).stdout).toContain('\u001b[32mallowed')
    expect((await onTerminal(args, [], { env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b')
    expect((await onTerminal(args, [], { env: { TERM: 'dumb' } })).stdout).not.toContain('\u001b')
  })

  it('reseal shows a bar', async () => {
    mkdirSync(join(ROOT, '.cache'), { recursive: true })
    const file = join(ROOT, '.cache', `cli-bar-${process.pid}.db`)
    try {
      createSqliteStore(new Database(file))
      const env = { KEYLATTICE_MASTER_KEYS: `k1:${'01'.repeat(32)}` }
      const ran = await onTerminal(['reseal', '--store', file], [], { env, folder: ROOT })
      expect(ran.status, ran.stdout).toBe(0)
      expect(ran.stdout).toMatch(/\[[#-]{30}\] +\d+ %/)
      const plain = await run(process.execPath, [PROGRAM, 'reseal', '--store', file], { env, folder: ROOT })
      expect(plain).toMatchObject({ status: 0, stderr: '' })
    } finally {
      for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
    }
  })

  it('scan without a path does not wait for somebody to type a file', async () => {
    expect(await onTerminal(['scan'])).toMatchObject({ status: 2 })
  })
})
