/** HTTP by hand, so that tests can say things no client library says. */

import { connect, type Socket } from 'node:net'
import type { SignedRequest } from '../../src/client/index.js'

export interface RawAnswer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** `[name, value]` lines of a signed request, host and body length included. */
export function linesOf({ headers, body }: SignedRequest): [string, string][] {
  const length: [string, string][] = body.length > 0 ? [['content-length', String(body.length)]] : []
  return [['host', 'api.example.com'], ...Object.entries(headers), ...length]
}

/** The bytes of a request. `lines` replaces its header lines; they are written as they are. */
export function bytesOf(request: SignedRequest, lines: readonly [string, string][] = linesOf(request)): Buffer {
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.concat([
    Buffer.from(`${request.method} ${request.target} HTTP/1.1\r\n${head}\r\n`, 'latin1'),
    request.body,
  ])
}

/** A body in chunks of `size` bytes, with the framing that HTTP gives them. */
export function chunked(body: Uint8Array, size: number, trailer = ''): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size)
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), Buffer.from(chunk), Buffer.from('\r\n'))
  }
  return Buffer.concat([...chunks, Buffer.from(`0\r\n${trailer}\r\n`)])
}

/** Splits what a server sent into its answers. */
export function parseAnswers(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return answers
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const headers = Object.fromEntries(
      lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    )
    const length = Number(headers['content-length'] ?? 0)
    const body = rest.slice(end + 4, end + 4 + length)
    if (body.length < length) return answers
    answers.push({ status: Number(first.split(' ')[1]), headers, body })
    rest = rest.slice(end + 4 + length)
  }
}

/** One connection. */
export interface Connection {
  readonly socket: Socket
  send(bytes: Buffer | string): void
  /** The answers so far, once there are `count` of them or the server has closed. */
  answers(count: number): Promise<readonly RawAnswer[]>
  /** The heads of answers that have no body, as text. */
  heads(count: number): Promise<readonly string[]>
  /** Once the server has closed. */
  readonly closed: Promise<void>
}

export function open(port: number, host = '127.0.0.1'): Connection {
  const socket = connect(port, host)
  let text = ''
  let wake = (): void => undefined
  let isClosed = false
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
    wake()
  })
  // A reset is one way for a server to close.
  socket.on('error', () => undefined)
  const closed = new Promise<void>(resolve => {
    socket.on('close', () => {
      isClosed = true
      wake()
      resolve()
    })
  })
  async function collect<T>(count: number, parse: (received: string) => readonly T[]): Promise<readonly T[]> {
    while (parse(text).length < count && !isClosed) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
    return parse(text)
  }
  return {
    socket,
    closed,
    send: bytes => void socket.write(bytes),
    answers: count => collect(count, parseAnswers),
    heads: count => collect(count, received => received.split('\r\n\r\n').slice(0, -1)),
  }
}

/** Sends bytes on a connection of their own, and gives the first answer; `undefined` when there is none. */
export async function say(port: number, bytes: Buffer | string): Promise<RawAnswer | undefined> {
  const connection = open(port)
  connection.send(bytes)
  const [answer] = await connection.answers(1)
  connection.socket.destroy()
  return answer
}
