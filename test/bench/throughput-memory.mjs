/**
 * What a body of 64 MiB costs in the memory of each server whose limit is 64 MiB: the most that the process has had,
 * less what it had before. Node makes a piece of memory of everything that it receives, and lets some 30 MiB of them lie
 * before it sweeps; so beside the protected server stands the same without `protect`, which drops the body. What is held
 * is measured once more, by the objects that are left while everything dead is swept all the time. Prints its
 * measurements as JSON.
 */

import { once } from 'node:events'
import { request } from 'node:http'
import { APPS } from './throughput-apps.mjs'
import { startServer } from './throughput-servers.mjs'
import { createSigners } from './world.mjs'

const BODY_BYTES = 64 * 1024 * 1024
const PIECE_BYTES = 64 * 1024

const measured = []
for (const name of Object.keys(APPS)) {
  const bareBytes = await risenBytes({ name, how: 'bare' })
  const guardedBytes = await risenBytes({ name, how: 'protected' })
  const heldBytes = await risenBytes({ name, how: 'protected', isWatched: true })
  measured.push({ name, bodyBytes: BODY_BYTES, bareBytes, guardedBytes, heldBytes })
}
process.stdout.write(JSON.stringify(measured))

async function risenBytes({ isWatched = false, ...which }) {
  const server = await startServer({ ...which, maxBodyBytes: BODY_BYTES })
  try {
    const next = createSigners(server.issued)
    for (let i = 0; i < 20; i++) await post(server.port, next(), new Uint8Array(PIECE_BYTES))
    const { rss, held } = await server.idle()
    if (isWatched) await server.watch()
    const body = new Uint8Array(BODY_BYTES).fill(7)
    await post(server.port, next(), body)
    await server.idle()
    await post(server.port, next(), body, { isChunked: true })
    return isWatched ? (await server.heldBytes()) - held : (await server.peakBytes()) - rss
  } finally {
    await server.stop()
  }
}

async function post(port, signer, body, { isChunked = false } = {}) {
  const type = { 'content-type': 'application/octet-stream' }
  const { method, target, headers } = await signer.sign({ method: 'POST', target: '/v1/bodies', headers: type, body })
  const length = isChunked ? {} : { 'content-length': body.length }
  const outgoing = request({ host: '127.0.0.1', port, method, path: target, headers: { ...headers, ...length } })
  const answered = once(outgoing, 'response')
  for (let at = 0; at < body.length; at += PIECE_BYTES) {
    if (!outgoing.write(body.subarray(at, at + PIECE_BYTES))) await once(outgoing, 'drain')
  }
  outgoing.end()
  const [answer] = await answered
  answer.resume()
  if (![200, 201].includes(answer.statusCode))
    throw new Error(`a body of ${body.length} bytes was answered with ${answer.statusCode}`)
  await once(answer, 'end')
}
