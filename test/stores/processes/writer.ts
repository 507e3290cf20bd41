/** A process that writes until it is killed, and notes in a file what it was answered; started by crashes.test.ts. */

import { openSync, writeSync } from 'node:fs'
import type { SignedRequest } from '../../../src/client/index.js'
import { openStores, type Place } from './backends.js'
import { createJudge, createManager, type Handout, LIMIT, signerOf, wanted } from './house.js'
import { createRandom } from './random.js'

/** What was answered, after it was. */
export type Note =
  | { readonly did: 'requested'; readonly owner: string; readonly keyId: string }
  | { readonly did: 'revealed'; readonly owner: string; readonly keyId: string; readonly secret: string }
  | { readonly did: 'revoked'; readonly owner: string; readonly keyId: string }
  | { readonly did: 'accepted'; readonly keyId: string; readonly request: Omit<SignedRequest, 'body'> }
  | { readonly did: 'claimed'; readonly keyId: string; readonly token: string; readonly expiresAt: number }
  | { readonly did: 'advanced'; readonly keyId: string; readonly nonce: string }
  | { readonly did: 'touched'; readonly keyId: string }

const [, , placeText = '', file = '', name = '', seed = ''] = process.argv
const place = JSON.parse(placeText) as Place
const stores = await openStores(place)
const manager = createManager(stores)
const verifier = createJudge(stores)
const notes = openSync(file, 'a')
const random = createRandom(Number(seed))
let hasBegun = false

// In the kernel's hands when it returns, so that it outlives the process.
function write(note: Note): void {
  writeSync(notes, `${JSON.stringify(note)}\n`)
  if (!hasBegun) process.stdout.write('begun\n')
  hasBegun = true
}

/** Writes on behalf of one owner, one step after the other. */
async function live(owner: string): Promise<void> {
  const asked: string[] = []
  const held: Handout[] = []
  let count = 0

  const steps: readonly (() => Promise<void>)[] = [
    async () => {
      if (asked.length + held.length >= LIMIT) return
      const { key } = await manager.request({ ...wanted, owner })
      write({ did: 'requested', owner, keyId: key.keyId })
      asked.push(key.keyId)
    },
    async () => {
      const keyId = asked.pop()
      if (keyId === undefined) return
      const { credentials } = await manager.reveal({ owner, keyId })
      const handout = { owner, keyId, secret: credentials.secret.reveal() }
      write({ did: 'revealed', ...handout })
      held.push(handout)
    },
    async () => {
      const handout = held[Math.floor(random() * held.length)]
      if (handout === undefined) return
      const request = await signerOf(handout).sign({ method: 'GET', target: '/v1/balance' })
      const { ok } = await verifier.verify(request, { permission: 'read' })
      if (!ok) throw new Error('a good request was refused')
      const { body: _, ...head } = request
      write({ did: 'accepted', keyId: handout.keyId, request: head })
    },
    async () => {
      if (held.length < 3) return
      const [handout] = held.splice(Math.floor(random() * held.length), 1)
      if (handout === undefined) return
      await manager.revoke({ owner, keyId: handout.keyId, reason: 'test' })
      write({ did: 'revoked', owner, keyId: handout.keyId })
    },
    async () => {
      const claim = { keyId: owner, token: `token-${++count}`, expiresAt: Date.now() + 600_000 }
      if (!(await stores.replay.claim(claim.keyId, claim.token, claim.expiresAt)))
        throw new Error('a new token was taken')
      write({ did: 'claimed', ...claim })
    },
    async () => {
      const nonce = `${++count}`
      if (!(await stores.replay.advance(owner, BigInt(nonce), 4))) throw new Error('a new nonce was refused')
      write({ did: 'advanced', keyId: owner, nonce })
    },
    async () => {
      await stores.usage.touch({ keyId: owner, lastUsedAt: ++count, lastAddress: null, count: 1 })
      write({ did: 'touched', keyId: owner })
    },
  ]

  for (;;) await steps[Math.floor(random() * steps.length)]?.()
}

// A server is written to over several connections at once; a file has one writer at a time.
const lanes = place.backend === 'SQLite' ? 1 : 6
process.stdout.write('ready\n')
process.stdin.once('data', () => {
  for (let lane = 0; lane < lanes; lane++) live(`${name}-${lane}`)
})
