import { readFileSync } from 'node:fs'
import { format } from 'node:util'
import Libsql from 'libsql'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import * as client from '../../src/client/index.js'
import * as server from '../../src/index.js'
import { createSqliteStore } from '../../src/stores/sqlite.js'
import { databaseFile } from '../stores/sqlite-drivers.js'
import { START } from '../world.js'
import { verifierOf, walkRequests } from './canary-requests.js'
import { type Canaries, createCanaries, type Finding } from './canary-search.js'
import { createGround, createStage, type Ground, PLACES, SCHEMES } from './canary-stage.js'
import { ACTS, ASKED, type Outcome, walkManager } from './canary-walk.js'

const canaries = createCanaries()
const ground = createGround(canaries)
const file = databaseFile()

describe('planted secrets that travel every method, in memory and in a database file', () => {
  let inMemory: readonly Outcome[]
  let inFile: readonly Outcome[]
  let findings: readonly Finding[]
  let bytes: readonly Finding[]

  beforeAll(async () => {
    const restore = captureOutput(ground)
    const database = new Libsql(file)
    try {
      const stores = createSqliteStore(database, { clock: () => START })
      inMemory = await walkManager(ground, { everyFailure: true })
      inFile = await walkManager(ground, { stores, everyFailure: false })
      await walkRequests(ground)
      await walkRequests(ground, stores)
    } finally {
      restore()
    }
    findings = ground.record.findings(canaries)
    bytes = searchFiles(file, canaries)
    mergeLog(database)
    bytes = [...bytes, ...searchFiles(file, canaries)]
    database.close()
  })

  it('are more than 500, and come by every place', () => {
    expect(canaries.planted).toBeGreaterThan(500)
    const seldom = PLACES.filter(place => place !== 'output' && ground.record.count(place) < 50)
    expect(seldom).toEqual([])
    expect(readFileSync(file).length).toBeGreaterThan(20_000)
  })

  it('are used by methods that all do what they are asked', () => {
    const failed = [...inMemory, ...inFile].filter(({ ok }) => !ok)
    expect(failed).toEqual([])
    expect(new Set(inFile.map(({ method }) => method))).toEqual(new Set(Object.keys(ACTS)))
  })

  it('are nowhere but in the one reveal', () => {
    // Whatever is asked, right or wrong, is shown to the second factor that approves it.
    const untold = findings.filter(({ place, kind }) => !(place === 'callbacks' && kind === ASKED))
    expect(untold).toEqual([])
  })

  it('are not in the files of the database', () => {
    expect(bytes).toEqual([])
  })
})

function searchFiles(path: string, canaries: Canaries): readonly Finding[] {
  const read = (name: string) => {
    try {
      return readFileSync(name, 'latin1')
    } catch {
      return ''
    }
  }
  return ['', '-wal', '-shm'].flatMap(end => canaries.search(`database${end}`, read(path + end)))
}

/** Moves all pages from the log into the database itself. */
function mergeLog(database: InstanceType<typeof Libsql>): void {
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}

/** Notes everything that is printed, until it is restored. */
function captureOutput({ record }: Ground): () => void {
  const note = (...printed: unknown[]) => record.note('output', `${format(...printed)}\n`)
  const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const
  const spies = [
    ...methods.map(method => vi.spyOn(console, method).mockImplementation(note)),
    ...[process.stdout, process.stderr].map(stream =>
      vi.spyOn(stream, 'write').mockImplementation(printed => {
        record.note('output', Buffer.from(printed).toString())
        return true
      }),
    ),
  ]
  process.on('warning', note)
  return () => {
    process.off('warning', note)
    for (const spy of spies) spy.mockRestore()
  }
}

/** Exported functions that a secret passes through, each of which is walked. */
const WALKED = [
  ...['createKeyManager', 'createVerifier', 'createSigner', 'createSignedFetch', 'createSealer', 'createMint'],
  ...['formatCredentials', 'parseCredentials', 'credentialsToSvg', 'credentialsToTerminal'],
  ...[
    'generateKeyPair',
    'provePossession',
    'credentialsFromEnv',
    'credentialsFromText',
    'createStreams',
    'expectOk',
    'inTurn',
    'RequestError',
    'parseCredential',
    'findCredentials',
    'auditDecisions',
    'decisionToAudit',
    'auditTo',
    'readAuditEntry',
  ],
]

/** Exported functions that never see one. */
const WITHOUT_SECRETS = [
  ...['actorOf', 'ConfigError', 'KeyError', 'SealError', 'StoreError', 'compileAllowlist', 'credentialPattern'],
  ...['defineKeyPolicy', 'defineOperations', 'definePermissions', 'defineRoutes', 'undeclaredRoutes', 'unservedRoutes'],
  ...['clientIp', 'openApiOf', 'secureOpenApi', 'refusalsOf', 'syncClock'],
  ...['problemOf', 'defectProblem', 'failedProblem', 'unavailableProblem'],
]

describe('the walk', () => {
  it('has every method of a manager, a verifier and a signer', () => {
    const stage = createStage(ground)
    expect(Object.keys(stage.manager('proof')).sort()).toEqual(Object.keys(ACTS).sort())
    expect(Object.keys(verifierOf(stage)).sort()).toEqual([
      ...['bodyDigest', 'close', 'describe', 'ready', 'verify', 'verifyLogin'],
    ])
    const signer = client.createSigner({ scheme: SCHEMES[0]!, keyId: 'kl_x', secret: stage.secret('signer') })
    expect(Object.keys(signer).sort()).toEqual(['clockOffset', 'login', 'scheme', 'sign'])
  })

  it('has every function that takes or gives a secret, and knows the others', () => {
    const names = Object.entries({ ...server, ...client }).flatMap(([name, value]) =>
      typeof value === 'function' ? [name] : [],
    )
    expect(names.sort()).toEqual([...WALKED, ...WITHOUT_SECRETS].sort())
  })
})

describe('the search finds a leak', () => {
  const plantOne = () => {
    const ground = createGround(createCanaries())
    return { ...ground, text: createStage(ground).secret('leak') }
  }

  it.each(PLACES)('in %s', place => {
    const { canaries, record, text } = plantOne()
    record.note(place, { deep: [{ in: new Map([['it', { text }]]) }] })
    expect(record.findings(canaries)).toContainEqual({ place, kind: 'leak', form: 'plain' })
  })

  it('in what is printed and warned of', async () => {
    for (const print of [
      (text: string) => console.error('failed: %s', text),
      (text: string) => process.stdout.write(`debug ${text}\n`),
      (text: string) => process.emitWarning(text),
    ]) {
      const { canaries, record, ring, text } = plantOne()
      const restore = captureOutput({ canaries, record, ring })
      print(text)
      await new Promise(resolve => setImmediate(resolve))
      restore()
      expect(record.findings(canaries)).toMatchObject([{ place: 'output', kind: 'leak' }])
    }
  })

  it.each<[string, (text: string) => unknown]>([
    ['the message', text => new Error(`cannot use ${text}`)],
    ['the cause of the cause', text => new Error('', { cause: new Error('', { cause: { tried: [text] } }) })],
    ['the stack', text => Object.assign(new Error(''), { stack: `Error\n  at ${text}` })],
    ['a hidden property', text => Object.defineProperty(new Error(''), 'given', { value: { text } })],
    ['one of several errors', text => new AggregateError([new Error(''), new Error(text)])],
    ['the bytes of a property', text => Object.assign(new Error(''), { bytes: Buffer.from(text) })],
    ['a getter', text => Object.defineProperty(new Error(''), 'given', { get: () => text })],
    ['the first half', text => new Error(text.slice(0, -text.length / 2 + 3))],
  ])('in an error: in %s', (_, errorWith) => {
    const { canaries, record, text } = plantOne()
    record.note('errors', errorWith(text))
    expect(record.findings(canaries)).toContainEqual({ place: 'errors', kind: 'leak', form: 'plain' })
  })

  it.each<[string, (bytes: Buffer) => unknown]>([
    ['plain', bytes => bytes],
    ['base64', bytes => Buffer.concat([Buffer.from('x'), bytes]).toString('base64')],
    ['base64', bytes => Buffer.concat([Buffer.from('id:'), bytes, Buffer.from('!')]).toString('base64')],
    ['hex', bytes => bytes.toString('hex')],
    ['hex', bytes => bytes.toString('hex').toUpperCase()],
    ['hex', bytes => ({ toJSON: () => bytes.toString('hex').replace(/../g, '$& ') })],
    ['utf-16', bytes => Buffer.from(bytes.toString(), 'utf16le')],
    ['utf-16', bytes => Buffer.from(bytes.toString(), 'utf16le').swap16()],
    ['reversed', bytes => Buffer.from(bytes).reverse().toString()],
    ['utf-16 reversed', bytes => Buffer.from(bytes.toString(), 'utf16le').reverse()],
    ['decimals', bytes => `[${[...bytes].join(',')}]`],
    ['decimals', bytes => [...bytes]],
  ])('that is written as %s', (form, write) => {
    const { canaries, record, text } = plantOne()
    record.note('results', write(Buffer.from(text)))
    expect(record.findings(canaries)).toContainEqual({ place: 'results', kind: 'leak', form })
  })

  it('of a sealer that does not seal, in the store, in the database and in its log', async () => {
    const { canaries, record, ring } = plantOne()
    const path = databaseFile()
    const database = new Libsql(path)
    const stage = createStage({ canaries, record, ring }, createSqliteStore(database, { clock: () => START }))
    const sealer = { ...stage.sealer, seal: (bytes: Uint8Array) => Buffer.from(bytes).toString('base64') }
    const manager = stage.manager('proof', { sealer })
    const fields = { owner: stage.owner, label: '', permissions: ['read'], accounts: null, ipAllowlist: null } as const
    const { key } = await manager.create({ ...fields, scheme: 'hmac-v1', ...stage.asking() })
    const leak = { kind: 'minted secret', form: 'base64' }
    expect(record.findings(canaries)).toContainEqual({ place: 'store', ...leak })
    expect(searchFiles(path, canaries)).toEqual([{ place: 'database-wal', ...leak }])
    mergeLog(database)
    expect(searchFiles(path, canaries)).toEqual([{ place: 'database', ...leak }])
    await manager.destroy({ owner: stage.owner, keyId: key.keyId, reason: 'tidy', ...stage.asking() })
    mergeLog(database)
    // What is deleted leaves its bytes behind until they are needed.
    expect(searchFiles(path, canaries)).toEqual([{ place: 'database', ...leak }])
    database.close()
  })

  it('and nothing where there is none', () => {
    const { canaries, record, text } = plantOne()
    const another = plantOne().text
    for (const place of PLACES) record.note(place, { another, start: text.slice(0, 15), end: text.slice(-10) })
    expect(record.findings(canaries)).toEqual([])
  })
})
