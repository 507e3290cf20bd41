/**
 * Signs a request with every scheme, damages it, and looks at what is still accepted:
 *
 * - reading never throws, and gives a well-formed claim or none;
 * - a request that still passes differs in nothing that the scheme says it covers.
 *
 *     npm run fuzz -- --seconds 60
 *     npm run fuzz -- --seed 123 --only 4567
 *
 * With `--runs` it leads that many random lives of keys instead: see `lifecycle.mjs`.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { createSigner } from 'keylattice/client'
import { leadLives } from './lifecycle.mjs'
import { createRandom, mutateText } from './random.mjs'

/** 2026-01-01T00:00:00Z. */
const NOW = 1_767_225_600_000
const here = new URL('.', import.meta.url)
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    runs: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
  },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 32)
if (values.runs !== undefined) process.exit(await leadLives({ runs: Number(values.runs), seed }))
const only = values.only === undefined ? undefined : Number(values.only)
const end = Date.now() + Number(values.seconds) * 1000
const targets = await loadTargets()

console.log(`seed ${seed}, ${targets.map(({ name }) => name).join(', ')}`)
let cases = 0
let accepted = 0
for (let index = only ?? 0; index === only || (only === undefined && Date.now() < end); index++) {
  const failure = runCase(targets[index % targets.length], createRandom(seed ^ Math.imul(index + 1, 0x9e3779b1)))
  cases++
  if (failure === undefined) continue
  console.error(`case ${index}: ${failure}\nagain: npm run fuzz -- --seed ${seed} --only ${index}`)
  process.exit(1)
}
console.log(`${cases} damaged requests, ${accepted} of them still accepted, nothing wrong`)

/** Every scheme, as the first of its test vectors sets it up. */
async function loadTargets() {
  const files = readdirSync(new URL('../../src/schemes/', here)).filter(file => file.endsWith('.ts'))
  return Promise.all(files.map(file => loadTarget(file.slice(0, -3))))
}

async function loadTarget(name) {
  const value = (await import(`keylattice/schemes/${name}`))[
    name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase())
  ]
  const { valid } = JSON.parse(readFileSync(new URL(`../vectors/schemes/${name}.json`, here), 'utf8'))
  const { options, credentials } = valid[0]
  const scheme = typeof value === 'function' ? value(options) : value
  const keyId = scheme.proof.kind === 'bearer' ? {} : { keyId: credentials.keyId }
  const { secret } = credentials
  const signerOf = random => createSigner({ scheme, secret, ...keyId, clock: () => NOW, random: random.bytes })
  return { name, scheme, signerOf, secret }
}

/** What is wrong, if anything. */
function runCase(target, random) {
  const original = signedRequest(target, random)
  const damaged = damage(original, random)
  try {
    return judge(target, original, damaged)
  } catch (error) {
    return `${target.name} threw ${error?.stack} on ${show(damaged)}`
  }
}

function judge({ name, scheme, secret }, original, damaged) {
  const claim = scheme.read(damaged)
  if (claim === undefined || 'malformed' in claim) return undefined
  if (!isClaim(claim)) return `${name} reads what is no claim: ${show(damaged)}`
  if (!passes(scheme, damaged, claim, scheme.read(original), secret)) return undefined
  accepted++
  const changed = scheme.covers.filter(
    component => !isDeepStrictEqual(part(component, original), part(component, damaged)),
  )
  return changed.length === 0
    ? undefined
    : `${name} lets a change of ${changed.join(', ')} pass: ${show(original)} became ${show(damaged)}`
}

function isClaim({ keyId, tag, timestampMs, timestamp, nonce, recvWindow, recvWindowMs }) {
  const texts = [keyId, timestamp, nonce, recvWindow].every(text => typeof text === 'string' && !/[^!-~]/.test(text))
  const numbers = Number.isSafeInteger(timestampMs) && timestampMs >= 0 && Number.isSafeInteger(recvWindowMs)
  return texts && keyId !== '' && numbers && recvWindowMs >= -1 && tag instanceof Uint8Array && tag.length > 0
}

function passes({ proof, stringToSign }, request, claim, first, secret) {
  if (proof.kind === 'bearer') return isDeepStrictEqual(claim.tag, first.tag)
  const { secretEncoding, hash } = proof
  return hash
    .mac(secretEncoding.keyOf(new TextEncoder().encode(secret)))
    .matches(stringToSign(request, claim), claim.tag)
}

/** The part of a request that a component names. The host is in no request: it is the audience, which the server knows. */
function part(component, { method, target, headers, body }) {
  const [path, ...query] = target.split('?')
  // Where a signature stands among the parameters, it is no part of what it covers.
  const unsigned = text => text.split('&').filter(pair => !pair.startsWith('signature='))
  const type = [headers['content-type'] ?? []].flat()
  const text = Buffer.from(body).toString('latin1')
  return { method, path, query: unsigned(query.join('?')), 'content-type': type, body: unsigned(text) }[component]
}

/** Not every dialect can sign every request; the signer says so. */
function signedRequest({ signerOf }, random) {
  const signer = signerOf(random)
  for (;;) {
    try {
      return signer.sign(unsignedRequest(random))
    } catch (error) {
      if (error?.code !== 'ERR_INPUT_INVALID') throw error
    }
  }
}

function unsignedRequest(random) {
  const method = random.pick(['GET', 'POST', 'PUT', 'DELETE'])
  const target = random.pick([
    '/v1/balance',
    '/v2/auth/r/orders',
    '/api/v3/order?symbol=BTCEUR&side=BUY',
    '/x?a=1&b=%20c',
  ])
  const body = random.pick(['', '{"a":1}', '[1]', 'a=1&b=2', 'symbol=BTCEUR'])
  const type = random.pick([undefined, 'application/json', 'application/x-www-form-urlencoded'])
  return { method, target, body, headers: type === undefined ? {} : { 'content-type': type } }
}

function damage(request, random) {
  const headers = { ...request.headers }
  const damaged = { ...request, headers, body: Uint8Array.from(request.body) }
  for (let left = 1 + random.below(2); left > 0; left--) damageOnce(damaged, random)
  return damaged
}

function damageOnce(request, random) {
  const name = random.pick(Object.keys(request.headers)) ?? 'content-type'
  const value = [request.headers[name]].flat()[0] ?? ''
  const ways = [
    () => Object.assign(request, { method: mutateText(request.method, random) }),
    () => Object.assign(request, { target: mutateText(request.target, random) }),
    () => Object.assign(request, { body: random.pick([random.bytes(random.below(8)), flipped(request.body, random)]) }),
    () => Object.assign(request.headers, { [name]: mutateText(value, random) }),
    () => Object.assign(request.headers, { [name]: random.pick([[value, value], [value], [], undefined]) }),
    () => Object.assign(request.headers, { 'content-type': random.pick(['text/plain', 'application/json']) }),
  ]
  random.pick(ways)()
}

function flipped(body, random) {
  const copy = Uint8Array.from(body)
  if (copy.length > 0) copy[random.below(copy.length)] ^= 1 << random.below(8)
  return copy
}

function show(request) {
  return JSON.stringify({ ...request, body: Buffer.from(request.body).toString('latin1') })
}
