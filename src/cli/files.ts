import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { failed, usage } from './failures.js'
import type { Terminal } from './terminal.js'

/** Files that the user names. What goes wrong is said with the path as it was given. */

/** The bytes of a file, or of stdin for `-`. */
export async function readInput(path: string, terminal: Terminal): Promise<Uint8Array> {
  if (path === '-') return terminal.readStdin()
  try {
    return await readFile(resolve(terminal.folder, path))
  } catch (error) {
    throw fileFailure('read', path, error)
  }
}

/** The text of a file, or of stdin for `-`; UTF-8, without a byte order mark. */
export async function readText(path: string, terminal: Terminal): Promise<string> {
  const bytes = await readInput(path, terminal)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw usage(`${shownPath(path)} is not UTF-8 text`)
  }
}

/** Writes a new file that its owner alone may read. One that is there already is left alone. */
export async function writePrivate(path: string, content: string | Uint8Array, terminal: Terminal): Promise<void> {
  try {
    await writeFile(resolve(terminal.folder, path), content, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw fileFailure('write', path, error)
  }
}

/** Writes a file, over one that is there. */
export async function writeOver(path: string, content: Uint8Array, terminal: Terminal): Promise<void> {
  try {
    await writeFile(resolve(terminal.folder, path), content)
  } catch (error) {
    throw fileFailure('write', path, error)
  }
}

/** Whether others than the owner may read a file. Windows says nothing of it here. */
export async function isExposed(path: string, terminal: Terminal): Promise<boolean> {
  if (path === '-' || process.platform === 'win32') return false
  const { mode } = await stat(resolve(terminal.folder, path))
  return (mode & 0o077) !== 0
}

/** The first bytes of a file. */
export async function readHead(path: string, length: number): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

export function shownPath(path: string): string {
  return path === '-' ? 'stdin' : path
}

function fileFailure(verb: 'read' | 'write', path: string, error: unknown): Error {
  const { code = 'ERR_FILE' } = error as { readonly code?: string }
  const why = WHY[code] ?? code
  return failed(`cannot ${verb} ${shownPath(path)}: ${why}`, code)
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  EEXIST: 'it is there already, and is not written over',
}
