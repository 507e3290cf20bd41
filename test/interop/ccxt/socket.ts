/** The least of a WebSocket server: it shakes hands and keeps what is sent to it. */

import { createHash } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** @source RFC 6455 section 1.3 */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const PATIENCE_MS = 10_000
const TEXT = 1
const CLOSE = 8

export interface Sockets {
  /** The next text message of any client; rejects when none comes. */
  next(): Promise<string>
  /** Request lines and headers of the handshakes, oldest first. */
  readonly handshakes: readonly IncomingMessage[]
  close(): void
}

export function acceptSockets(server: Server): Sockets {
  const handshakes: IncomingMessage[] = []
  const messages: string[] = []
  const waiting: ((message: string) => void)[] = []
  const open = new Set<Duplex>()
  const take = (message: string) => {
    const resolve = waiting.shift()
    if (resolve === undefined) messages.push(message)
    else resolve(message)
  }
  server.on('upgrade', (req, socket) => {
    handshakes.push(req)
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
    const accept = createHash('sha1').update(`${req.headers['sec-websocket-key']}${GUID}`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    readTexts(socket, take)
  })
  return {
    handshakes,
    next: () => {
      const message = messages.shift()
      if (message !== undefined) return Promise.resolve(message)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no client sent a message')), PATIENCE_MS)
        waiting.push(text => {
          clearTimeout(timer)
          resolve(text)
        })
      })
    },
    close: () => {
      for (const socket of open) socket.destroy()
    },
  }
}

/** Masked frames of up to 65,535 bytes, each a whole message, which is all that a login needs. */
function readTexts(socket: Duplex, take: (message: string) => void): void {
  let held = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    for (;;) {
      if (held.length < 2) return
      const short = held[1]! & 0x7f
      const start = short === 126 ? 4 : 2
      if (held.length < start) return
      const length = short === 126 ? held.readUInt16BE(2) : short
      const end = start + 4 + length
      if (held.length < end) return
      const mask = held.subarray(start, start + 4)
      const text = Buffer.from(held.subarray(start + 4, end).map((byte, at) => byte ^ mask[at & 3]!))
      const opcode = held[0]! & 0x0f
      if (opcode === TEXT) take(text.toString('utf8'))
      if (opcode === CLOSE) socket.end(Buffer.from([0x80 | CLOSE, 0]))
      held = held.subarray(end)
    }
  })
}
