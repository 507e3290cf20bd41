/** One process of the benchmark: `worker.mjs <set of tasks>` prints its measurements as JSON. */

import { compare } from './rounds.mjs'
import { referenceTask } from './world.mjs'

const reference = await referenceTask({
  keyId: 'kl_live_0123456789abcdefghijABCDEFGH',
  secret: 'reference'.repeat(7),
})

const SETS = {
  verify: async () => (await import('./tasks-verify.mjs')).verifyTasks(),
  parts: async () => [reference, ...(await (await import('./tasks-parts.mjs')).partTasks())],
  peers: async () => [reference, ...(await import('./tasks-peers.mjs')).peerTasks()],
}

const [name = '', rounds = '60'] = process.argv.slice(2)
const tasks = await SETS[name]()
process.stdout.write(JSON.stringify(await compare(tasks, { rounds: Number(rounds), warmups: 10 })))
