import { compileAllowlist, createMemoryReplayStore, standard } from './library.mjs'
import { consume, createRequests, createWorld, READ } from './world.mjs'

const LIVE_NONCES = 1_000_000
/** Nonces leave as fast as they come: a batch of claims takes this share of the window they live for. */
const WINDOW_MS = 10_000

/** The steps of a verification that have a budget of their own, and what a cold start costs. */
export async function partTasks() {
  return [permissionTask(), ...[5, 1000, 100_000].flatMap(allowlistTasks), replayTask(), await coldLoadTask()]
}

function permissionTask() {
  const { permissions } = standard
  const grants = [permissions.none, permissions.grant('read'), permissions.grant('trade'), permissions.top]
  const needed = permissions.grant('trade')
  return {
    name: 'permission check',
    batch: 100_000,
    prepare: count => count,
    run(count) {
      let covered = 0
      for (let i = 0; i < count; i++) if (permissions.covers(grants[i & 3], needed)) covered++
      consume(covered)
    },
  }
}

/** Look-ups that never meet the address remembered from the call before: the search itself. */
function allowlistTasks(ranges) {
  const rules = Array.from({ length: ranges }, (_, i) => `${addressOf(i * 2)}/24`)
  const list = compileAllowlist(rules)
  const addresses = count => Array.from({ length: count }, () => Math.floor(Math.random() * ranges))
  const lookUp = expected => made => {
    for (const ip of made) if (list.allows(ip) !== expected) throw new Error(`allowlist: ${ip}`)
  }
  const inside = count => addresses(count).map((at, i) => `${addressOf(at * 2).slice(0, -1)}${1 + (i & 127)}`)
  const outside = count => addresses(count).map((at, i) => `${addressOf(at * 2 + 1).slice(0, -1)}${1 + (i & 127)}`)
  const size = ranges.toLocaleString('en')
  return [
    { name: `allowlist of ${size}, inside`, batch: 20_000, prepare: flattened(inside), run: lookUp(true) },
    { name: `allowlist of ${size}, outside`, batch: 20_000, prepare: flattened(outside), run: lookUp(false) },
  ]
}

/** First address of the network number `at` of those with 24 bits, from 1.0.0.0 on. */
function addressOf(at) {
  return `${1 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}.0`
}

function flattened(make) {
  return count => make(count).map(text => Buffer.from(text).latin1Slice())
}

/** Claims while a million nonces are alive: in each round as many fall due as are added. */
function replayTask() {
  const keyIds = Array.from({ length: 64 }, (_, i) => `kl_live_${String(i).padStart(28, 'k')}`)
  let now = 1_767_225_600_000
  let made = 0
  const store = createMemoryReplayStore({ clock: () => now, maxClaimsPerKey: 16_000_000 })
  const nonces = flattened(count => Array.from({ length: count }, () => `${made++}`.padStart(22, 'nonceNONCE')))
  const claim = tokens => {
    for (let i = 0; i < tokens.length; i++) {
      if (!store.claim(keyIds[i & 63], tokens[i], now + WINDOW_MS)) throw new Error('replay: refused')
    }
  }
  const batch = 10_000
  const step = count => {
    now += (WINDOW_MS * batch) / LIVE_NONCES
    return nonces(count)
  }
  for (let i = 0; i < LIVE_NONCES / batch; i++) claim(step(batch))
  return { name: 'replay claim, 1,000,000 live', batch, prepare: step, run: claim }
}

/** A verifier that has never seen its keys: parse and check the record, open the seal, prepare everything. */
async function coldLoadTask() {
  const { issued, createFreshVerifier } = await createWorld()
  const requests = createRequests(issued)
  return {
    name: 'verify, key compiled anew',
    batch: issued.length,
    prepare: async count => ({ verifier: createFreshVerifier(), made: await requests(count) }),
    async run({ verifier, made }) {
      for (const request of made) consume((await verifier.verify(request, READ)).ok)
    },
  }
}
