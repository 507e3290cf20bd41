import type { WireHeaders } from '../../http/request.js'

/** What is used of a request of `node:http`, said here so that nothing but middleware/node.ts needs the types of Node. */
export interface IncomingLike {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined }
  /** Whether all of it has arrived. */
  readonly complete: boolean
  readonly destroyed: boolean
  readonly readableDidRead: boolean
  readonly readableEncoding: string | null
  readonly readableEnded: boolean
  readonly readableFlowing: boolean | null
  readonly readableLength: number
  on(event: string, listener: (...values: never[]) => void): unknown
  once(event: string, listener: (...values: never[]) => void): unknown
  removeListener(event: string, listener: (...values: never[]) => void): unknown
  read(): unknown
  resume(): unknown
  unshift(chunk: Uint8Array): void
}

/** What is used of a response of `node:http`. */
export interface OutgoingLike {
  readonly headersSent: boolean
  readonly writableEnded: boolean
  /** Whether the connection stays open after the answer. */
  readonly shouldKeepAlive?: boolean | undefined
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown
  write(text: string): unknown
  writeContinue(): void
  flushHeaders(): void
  end(text?: string): unknown
  destroy(): unknown
  once(event: string, listener: () => void): unknown
}

/** The peer of the socket. */
export function peerOf({ socket }: IncomingLike): string | undefined {
  return socket.remoteAddress
}

/** From `rawHeaders`, since `headers` joins or drops what came more than once. */
export function headersOf({ rawHeaders }: IncomingLike): WireHeaders {
  const headers: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    const value = rawHeaders[i + 1]!
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (typeof before === 'string') headers[name] = [before, value]
    else before.push(value)
  }
  return headers
}

/** Bytes of body announced; `NaN` for chunks, whose number nobody knows. */
export function bodyLengthOf({ headers }: IncomingLike): number {
  if (headers['transfer-encoding'] !== undefined) return Number.NaN
  return Number(headers['content-length'] ?? 0)
}
