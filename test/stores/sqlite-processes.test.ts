import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { createSqliteStore } from '../../src/stores/sqlite.js'
import { databaseFile, sqliteDrivers } from './sqlite-drivers.js'

const EXPIRES_AT = 4_000_000_000_000
// Below node_modules, so that the worker finds the drivers.
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/keylattice/', import.meta.url))
const WORKER = `${CACHE}sqlite-worker.mjs`

beforeAll(async () => {
  mkdirSync(CACHE, { recursive: true })
  await build({
    entryPoints: [fileURLToPath(new URL('sqlite-worker.ts', import.meta.url))],
    outfile: WORKER,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
})

interface Worker {
  readonly child: ChildProcess
  readonly lines: AsyncIterator<string>
}

async function nextLine({ lines }: Worker): Promise<string> {
  const { value, done } = await lines.next()
  if (done) throw new Error('the worker ended early')
  return value
}

/** Starts workers on one file, lets them begin together, and gives what each of them answers. */
async function inProcesses(task: string, driver: string, file: string, count = 3): Promise<readonly unknown[]> {
  const workers = await Promise.all(Array.from({ length: count }, (_, i) => start([task, driver, file, `worker${i}`])))
  for (const { child } of workers) child.stdin?.write('go\n')
  return Promise.all(workers.map(async worker => JSON.parse(await nextLine(worker)) as unknown))
}

async function start(args: readonly string[]): Promise<Worker> {
  const child = spawn(process.execPath, [WORKER, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const worker = { child, lines }
  let line = await nextLine(worker)
  while (line !== 'ready') line = await nextLine(worker)
  return worker
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)
const ascending = (a: number, b: number) => a - b

describe.each([...sqliteDrivers()])('Processes that share a file over %s', (driver, open) => {
  it('get each token once between them, though all create the tables at the same time', async () => {
    const won = (await inProcesses('claim', driver, databaseFile())) as number[][]
    expect(won.flat().sort(ascending)).toEqual(upTo(60))
  })

  it('get each nonce once between them', async () => {
    const won = (await inProcesses('advance', driver, databaseFile())) as number[][]
    const accepted = won.flat()
    expect(new Set(accepted).size).toBe(accepted.length)
    expect(accepted.sort(ascending)).toEqual(upTo(40))
  })

  it('give an owner as many keys as the limit says', async () => {
    const file = databaseFile()
    const won = (await inProcesses('insert', driver, file)) as number[][]
    expect(won.flat()).toHaveLength(25)
    const { keys } = createSqliteStore(open(file))
    expect(keys.list({ owner: 'owner', limit: 1000 })).toHaveLength(25)
  })

  it('lose no write that named the version it read', async () => {
    const file = databaseFile()
    const { keys } = createSqliteStore(open(file))
    const row = { keyId: 'shared', owner: 'owner', state: 'active', expiresAt: null, createdAt: 1 } as const
    keys.insert({ ...row, version: 1, record: '""' }, 1)
    await inProcesses('replace', driver, file)
    expect(keys.get('shared')).toMatchObject({ version: 1 + 3 * 20 })
  })

  it('count every use', async () => {
    const file = databaseFile()
    await inProcesses('touch', driver, file)
    const { usage } = createSqliteStore(open(file))
    expect(usage.get('key')).toEqual({ keyId: 'key', lastUsedAt: 39, lastAddress: null, count: 120 })
  })

  it('forget nothing they have answered for when one is killed', async () => {
    const file = databaseFile()
    const worker = await start(['endless', driver, file, 'victim'])
    const gone = new Promise(resolve => worker.child.once('close', resolve))
    worker.child.stdin?.write('go\n')
    const claimed: string[] = []
    while (claimed.length < 60) claimed.push(await nextLine(worker))
    worker.child.kill('SIGKILL')
    await gone
    for (let line = await worker.lines.next(); !line.done; line = await worker.lines.next()) claimed.push(line.value)

    const { replay } = createSqliteStore(open(file))
    const forgotten = claimed.filter(token => replay.claim('key', token, EXPIRES_AT))
    expect(forgotten).toEqual([])
    expect(replay.claim('key', 'another', EXPIRES_AT)).toBe(true)
  })
})
