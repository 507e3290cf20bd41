import type { Given } from '../command.js'
import { usage } from '../failures.js'
import { readInput } from '../files.js'
import type { Terminal } from '../terminal.js'
import type { Captured } from './captured.js'
import { readCurl } from './curl.js'
import { isHttp, readHttp } from './http.js'
import { readJson } from './json.js'

/** Reads the request from the one positional argument, or from stdin. */
export async function readCaptured({ positionals }: Given, terminal: Terminal): Promise<Captured> {
  const bytes = await readInput(positionals[0] ?? '-', terminal)
  return parseCaptured(bytes, path => readInput(path, terminal))
}

/** @param readFile reads a file that a curl command takes its body from */
export async function parseCaptured(
  bytes: Uint8Array,
  readFile: (path: string) => Promise<Uint8Array>,
): Promise<Captured> {
  const text = new TextDecoder().decode(bytes)
  const start = text.trimStart()
  if (isHttp(text)) return readHttp(bytes)
  if (start.startsWith('{')) return readJson(start)
  if (/^(\$ +)?(curl|printf)\s/.test(start)) return readCurl(start, readFile)
  throw usage('the request is neither raw HTTP, nor a curl command, nor JSON')
}
