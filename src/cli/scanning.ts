import { createReadStream } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type FoundCredential, findCredentials } from '../keys/credentials.js'
import { readHead } from './files.js'

/** Looks for credentials in files, without ever holding a whole one. */

/** A credential and its place. The text of a secret is nowhere in it. */
export interface Finding {
  /** As given, or below what was given. */
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly column: number
  readonly kind: 'keyId' | 'secret'
  readonly brand: string
  readonly environment: string
  /** The key id itself, which is public; `null` for a secret. */
  readonly keyId: string | null
}

export interface Skipped {
  readonly path: string
  readonly why: 'binary' | 'too large' | 'unreadable'
}

export interface ScanSettings {
  readonly folder: string
  readonly brands: readonly string[]
  readonly maxBytes: number
  /** Looks into binary files, `.git` and `node_modules` too. */
  readonly all: boolean
}

const HEAD_BYTES = 8192
/** Longer than any credential, so that one is whole in this piece or the next. */
const OVERLAP = 128
const PASSED_OVER: ReadonlySet<string> = new Set(['.git', 'node_modules'])

/** Every file at or below a path; links are not followed. Calls `skip` for what cannot be read. */
export async function* filesAt(
  path: string,
  { folder, all }: ScanSettings,
  skip: (skipped: Skipped) => void,
): AsyncGenerator<string> {
  const full = resolve(folder, path)
  try {
    if ((await stat(full)).isFile()) {
      yield path
      return
    }
    for (const entry of (await readdir(full)).sort()) {
      if (!all && PASSED_OVER.has(entry)) continue
      const below = join(path, entry)
      const info = await lstat(resolve(folder, below))
      if (info.isDirectory() || info.isFile()) yield* filesAt(below, { folder, all, brands: [], maxBytes: 0 }, skip)
    }
  } catch {
    skip({ path, why: 'unreadable' })
  }
}

/** The credentials in a file, or why it was not read. */
export async function scanFile(path: string, settings: ScanSettings): Promise<readonly Finding[] | Skipped> {
  const full = resolve(settings.folder, path)
  try {
    const { size } = await stat(full)
    if (size > settings.maxBytes) return { path, why: 'too large' }
    const head = await readHead(full, HEAD_BYTES)
    const encoding = encodingOf(head)
    if (encoding === 'latin1' && head.includes(0) && !settings.all) return { path, why: 'binary' }
    return await scanStream(createReadStream(full), { path, encoding, brands: settings.brands })
  } catch {
    return { path, why: 'unreadable' }
  }
}

type Encoding = 'latin1' | 'utf-16le' | 'utf-16be'

/** Credentials are ASCII, so that every encoding which holds it can be read byte by byte; Windows writes UTF-16 too. */
function encodingOf(head: Uint8Array): Encoding {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'latin1'
}

/** Where a piece of text begins in the whole. */
interface Position {
  line: number
  /** Characters of this line before the piece. */
  column: number
}

export async function scanStream(
  stream: AsyncIterable<unknown>,
  {
    path,
    encoding = 'latin1',
    brands,
  }: { readonly path: string; readonly encoding?: Encoding; readonly brands: readonly string[] },
): Promise<readonly Finding[]> {
  const decode = decoderOf(encoding)
  const findings: Finding[] = []
  const position: Position = { line: 1, column: 1 }
  let held = ''
  for await (const chunk of stream) {
    held += decode(chunk as Uint8Array)
    const found = brands.flatMap(brand => findCredentials(held, brand)).sort((a, b) => a.at - b.at)
    // What ends in the last characters may go on in the next piece; what was found is not found again.
    const last = found.at(-1)
    const done = Math.max(held.length - OVERLAP, last === undefined ? 0 : last.at + last.length)
    findings.push(...found.map(credential => findingAt(credential, { path, text: held, position })))
    advance(position, held.slice(0, done))
    held = held.slice(done)
  }
  return findings
}

function decoderOf(encoding: Encoding): (chunk: Uint8Array) => string {
  if (encoding === 'latin1') return chunk => Buffer.from(chunk).toString('latin1')
  const decoder = new TextDecoder(encoding)
  return chunk => decoder.decode(chunk, { stream: true })
}

function findingAt(
  { at, length, kind, brand, environment }: FoundCredential,
  { path, text, position }: { readonly path: string; readonly text: string; readonly position: Position },
): Finding {
  const place = { ...position }
  advance(place, text.slice(0, at))
  const keyId = kind === 'keyId' ? text.slice(at, at + length) : null
  return { path, ...place, kind, brand, environment, keyId }
}

function advance(position: Position, text: string): void {
  const lines = text.split('\n')
  const last = (lines.at(-1) as string).length
  position.column = lines.length === 1 ? position.column + last : last + 1
  position.line += lines.length - 1
}
