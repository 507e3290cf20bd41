/**
 * What a test needs that a machine may lack: others' test vectors, a database server, a newer Node. A test that
 * cannot run is skipped with its reason, and the run ends with one visible line for each reason.
 */

import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'

/** Why something cannot run here; `undefined` when it can. */
export type Absent = string | undefined

/** `describe`, or one skipped test that says why. */
export function describeUnless(absent: Absent, title: string, body: () => void): void {
  if (absent === undefined) describe(title, body)
  else it(title, ({ skip }) => skip(absent))
}

/** Folder of test vectors from elsewhere, which lie beside the project and are never copied into it. */
export function vectorsFolder(name: string): { readonly path: string; readonly absent: Absent } {
  const path = fileURLToPath(new URL(`../../shared/vectors/${name}/`, import.meta.url))
  return { path, absent: existsSync(path) ? undefined : `../shared/vectors/${name} is not there` }
}

/**
 * Whether a server listens on this machine. With `KEYLATTICE_REQUIRE_SERVICES=1` it has to.
 *
 * @throws {Error} when it must listen and does not
 */
export async function absentService(name: string, port: number, host = '127.0.0.1'): Promise<Absent> {
  if (await listens(host, port)) return undefined
  const absent = `no ${name} on ${host}:${port}`
  if (process.env['KEYLATTICE_REQUIRE_SERVICES'] === '1') throw new Error(`${absent}, and the run requires one`)
  return absent
}

/** Whether a built-in module or another part of the platform is missing from this Node. */
export function absentBuiltin(name: string): Absent {
  return process.getBuiltinModule(name) === undefined ? `Node ${process.versions.node} has no ${name}` : undefined
}

function listens(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: 2000 })
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
    socket.once('timeout', () => settle(false))
  })
}
