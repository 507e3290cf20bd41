import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { createSigner as createJwtSigner, createVerifier as createJwtVerifier } from 'fast-jwt'
import Hawk from 'hawk'
import { httpbis } from 'http-message-signatures'
import { jwtVerify, SignJWT } from 'jose'
import { consume, TARGET } from './world.mjs'

/**
 * What others offer for the same purpose, each as its own documentation recommends and with a secret of 32 bytes.
 * None is asked for what it leaves to the host (key store, permissions, addresses), which is in our own number.
 */

const SECRET = createSecretKey(Buffer.alloc(32, 7))
const secretBytes = SECRET.export()

export function peerTasks() {
  return [...hawkTasks(), ...messageSignatureTasks(), ...joseTasks(), ...fastJwtTasks()]
}

function hawkTasks() {
  const credentials = {
    id: 'kl_live_0123456789abcdefghijABCDEF',
    key: secretBytes.toString('hex'),
    algorithm: 'sha256',
  }
  const uri = `https://api.example.com${TARGET}`
  const sign = () => Hawk.client.header(uri, 'GET', { credentials }).header
  const seen = new Set()
  // Simpler than a real guard, which would also have to forget.
  const nonceFunc = async (_, nonce) => {
    if (seen.has(nonce)) throw new Error('hawk: replayed')
    seen.add(nonce)
  }
  const request = () => ({ method: 'GET', url: TARGET, host: 'api.example.com', port: 443, authorization: sign() })
  const verify = made => Hawk.server.authenticate(made, async () => credentials, { nonceFunc })
  return [task('hawk, authenticate', request, verify), task('hawk, sign', () => undefined, sign)].map(made => ({
    ...made,
    prepare(count) {
      seen.clear()
      return made.prepare(count)
    },
  }))
}

function messageSignatureTasks() {
  const hmac = data => createHmac('sha256', SECRET).update(data).digest()
  const key = { id: 'kl_live_0123456789abcdefghijABCDEF', alg: 'hmac-sha256', sign: async data => hmac(data) }
  const known = {
    ...{ id: key.id, algs: ['hmac-sha256'] },
    verify: async (data, signature) => timingSafeEqual(hmac(data), signature),
  }
  const request = { method: 'GET', url: `https://api.example.com${TARGET}`, headers: { host: 'api.example.com' } }
  const fields = ['@method', '@authority', '@path', '@query']
  const sign = () => httpbis.signMessage({ key, fields, params: ['created', 'keyid', 'nonce'] }, { ...request })
  const verify = made =>
    httpbis.verifyMessage({ keyLookup: async () => known, requiredFields: fields, maxAge: 60 }, made)
  return [
    task('http-message-signatures, verify', sign, verify),
    task('http-message-signatures, sign', () => undefined, sign),
  ]
}

function joseTasks() {
  const sign = () =>
    new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).setIssuedAt().setExpirationTime('1m').sign(SECRET)
  return [
    task('jose HS256, verify', sign, token => jwtVerify(token, SECRET, { algorithms: ['HS256'] })),
    task('jose HS256, sign', () => undefined, sign),
  ]
}

function fastJwtTasks() {
  const sign = createJwtSigner({ key: secretBytes, algorithm: 'HS256', expiresIn: 60_000 })
  const verify = createJwtVerifier({ key: secretBytes, algorithms: ['HS256'], cache: false })
  return [task('fast-jwt HS256, verify', () => sign(claims()), verify), task('fast-jwt HS256, sign', claims, sign)]
}

let made = 0

/** What a token for one request would say. */
function claims() {
  return {
    sub: 'kl_live_0123456789abcdefghijABCDEF',
    jti: `nonce${made++}`.padEnd(22, 'x'),
    method: 'GET',
    uri: TARGET,
  }
}

/** @returns a task whose inputs are made one by one, and whose calls follow each other */
function task(name, make, call) {
  return {
    name,
    batch: 400,
    prepare: async count => {
      const inputs = []
      for (let i = 0; i < count; i++) inputs.push(await make())
      return inputs
    },
    async run(inputs) {
      for (const input of inputs) {
        const result = call(input)
        consume(result instanceof Promise ? await result : result)
      }
    },
  }
}
