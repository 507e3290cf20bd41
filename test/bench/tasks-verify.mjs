import { consume, createRequests, createSigners, createWorld, READ, referenceTask, unsigned } from './world.mjs'

/** Whole verifications by one verifier, as a server has one, and the client's signing. The first task is the reference. */
export async function verifyTasks() {
  const { issued, createFreshVerifier } = await createWorld()
  const verifier = createFreshVerifier()
  const strangers = (await createWorld()).issued
  const fresh = createRequests(issued)
  const stale = createRequests(issued, () => Date.now() - 60_000)
  const unknown = createRequests(strangers)
  const next = createSigners(issued)
  return [
    await referenceTask(issued[0]),
    judged('verify, allowed', 'allowed', { verifier, requests: fresh }),
    judged('verify, stale timestamp', 'timestamp_outside_window', { verifier, requests: stale }),
    judged('verify, wrong signature', 'wrong_signature', {
      verifier,
      requests: async count => (await fresh(count)).map(tampered),
    }),
    judged('verify, unknown key', 'unknown_key', { verifier, requests: unknown }),
    {
      name: 'sign',
      prepare: count => count,
      async run(count) {
        for (let i = 0; i < count; i++) consume(await next().sign(unsigned))
      },
    },
  ]
}

function judged(name, expected, { verifier, requests }) {
  return {
    name,
    prepare: requests,
    async run(made) {
      for (const request of made) {
        const verdict = await verifier.verify(request, READ)
        if ((verdict.ok ? 'allowed' : verdict.denial) !== expected) throw new Error(`${name}: ${verdict.denial}`)
      }
    },
  }
}

function tampered(request) {
  const signature = request.headers['x-api-signature']
  const last = signature.endsWith('0') ? '1' : '0'
  request.headers['x-api-signature'] = Buffer.from(signature.slice(0, -1) + last).latin1Slice()
  return request
}
