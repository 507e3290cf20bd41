import { connect, createServer, type Socket } from 'node:net'

/** A way to a server on this machine that can fall silent. */
export interface Relay {
  readonly port: number
  /** Holds back everything in both directions, without closing anything. */
  silence(): void
  /** Lets through what was held back, and all that follows. */
  resume(): void
  close(): Promise<void>
}

export async function startRelay(target: { readonly host: string; readonly port: number }): Promise<Relay> {
  const sockets = new Set<Socket>()
  let isSilent = false
  const hold = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (isSilent) socket.pause()
  }
  const server = createServer(inner => {
    const outer = connect(target)
    inner.pipe(outer)
    outer.pipe(inner)
    for (const [one, other] of [[inner, outer] as const, [outer, inner] as const]) {
      hold(one)
      one.once('close', () => other.destroy())
    }
  })
  await new Promise<void>(resolve => server.listen(0, target.host, resolve))
  const { port } = server.address() as { readonly port: number }
  return {
    port,
    silence() {
      isSilent = true
      for (const socket of sockets) socket.pause()
    },
    resume() {
      isSilent = false
      for (const socket of sockets) socket.resume()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
