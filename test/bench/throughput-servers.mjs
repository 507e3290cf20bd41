/** Starts servers as processes, and asks them what they have used. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('throughput-server.mjs', import.meta.url))

/** @param {{ name: string, how: 'bare' | 'protected', maxBodyBytes: number }} server */
export async function startServer({ name, how, maxBodyBytes }) {
  const child = fork(script, [name, how, String(maxBodyBytes)], { execArgv: ['--expose-gc'] })
  const ask = async question => {
    child.send(question)
    const [{ answer }] = await once(child, 'message')
    return answer
  }
  const [{ port, issued }] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server on ${name} ended with ${code}`))),
  ])
  return {
    port,
    issued,
    /** Processor time so far, of the process and of the system for it, µs. */
    async cpuUs() {
      const { user, system } = await ask('cpu')
      return user + system
    },
    /** After a collection: memory of the process, and what its objects take, bytes. */
    idle: () => ask('idle'),
    /** Most memory the process has had, bytes. */
    peakBytes: () => ask('peak'),
    /** From now on, sweeps what is dead all the time and notes what is left. */
    watch: () => ask('watch'),
    /** Most that its objects took since then, bytes. */
    heldBytes: () => ask('held'),
    async stop() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}
