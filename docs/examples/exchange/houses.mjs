/** What every house needs around its preset: stores, a second factor, a mailer, and an API that signed calls reach. */

import { createServer } from 'node:http'
import { join } from 'node:path'
import {
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  credentialsToTerminal,
  defineRoutes,
  formatCredentials,
} from 'keylattice'
import { createSigner, parseCredentials } from 'keylattice/client'
import { protect } from 'keylattice/middleware/node'
import { createSqliteStore } from 'keylattice/stores/sqlite'
import Database from 'libsql'
import { scan } from './camera.mjs'
import { createClock } from './clock.mjs'
import { faultyHouse, faultyManager, faultyVerifier } from './faults.mjs'
import { createPhone } from './phone.mjs'

/**
 * Opens a house on loopback.
 *
 * @param house its preset and scheme; its routes, and what they act on; what its owners have
 * @param world where its files go, who prints its mails, and what to break on purpose
 */
export async function openHouse(house, { directory, note, fault }) {
  const { preset, scheme, audience, routes, ceiling, eligible, withdrawalOf, accountOf, addressBook } = house
  const clock = createClock()
  const database = new Database(join(directory, `${preset.id}.db`))
  const { keys, replay } = createSqliteStore(database, { clock })
  const sealer = createSealer({ primary: '2026', keys: { 2026: crypto.getRandomValues(new Uint8Array(32)) } })
  const shared = { keys, replay, permissions: preset.permissions, schemes: [scheme], sealer, clock }
  const people = createPeople(clock)
  const mailbox = createMailbox(preset.id, note)
  const rules = faultyHouse(fault, { policy: preset.policy, secondFactor: people.secondFactor, addressBook })

  const manager = createKeyManager({
    ...shared,
    policy: rules.policy,
    mint: createMint({ brand: 'demo', environment: 'test' }),
    ceiling: () => ceiling,
    eligible,
    secondFactor: rules.secondFactor,
    hasSecondFactor: people.hasSecondFactor,
    sendConfirmation: mailbox.deliver,
  })

  const listener = protect(
    {
      verifier: faultyVerifier(fault, createVerifier({ ...shared, addressBook: rules.addressBook })),
      routes: defineRoutes(preset.permissions, routes),
      accountOf,
      withdrawalOf,
      clock,
      onError: error => console.error(error),
    },
    // What the operations do is the story of exchange.mjs.
    (_req, res, { route }) =>
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ done: route })),
  )
  const { origin, close } = await listen(listener)

  /** Text and QR code of credentials, as the house shows them, once. */
  function handOver({ key, credentials }) {
    const uri = formatCredentials({ scheme: key.scheme, label: key.label, server: origin, audience, credentials })
    return { uri, drawn: credentialsToTerminal(uri) }
  }

  return {
    ...{ clock, people, mailbox, manager: faultyManager(fault, manager), handOver },
    connect: uri => connect(uri, { scheme, origin, clock }),
    /** A client that scanned its credentials from the terminal. */
    receive: issued => connect(scan(handOver(issued).drawn), { scheme, origin, clock }),
    close() {
      close()
      database.close()
    },
  }
}

/** A program that was given credentials as text, or scanned them: it knows one house, and trusts no other. */
function connect(uri, { scheme, origin, clock }) {
  const { scheme: id, server, credentials } = parseCredentials(uri)
  if (id !== scheme.id || server !== origin) throw new Error('these credentials are for something else')
  const signer = createSigner({ scheme, clock, ...credentials })
  const sign = (method, target, body) =>
    body === undefined
      ? signer.sign({ method, target })
      : signer.sign({ method, target, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const send = ({ method, target, headers, body }) =>
    fetch(origin + target, { method, headers, body: body.length > 0 ? body : null })
  return { sign, send, call: async (...request) => send(await sign(...request)) }
}

/** Those who have an account, each with a browser, and with a phone if they activated a second factor. */
function createPeople(clock) {
  const phones = new Map()
  const phoneOf = ({ role, id }) => phones.get(`${role} ${id}`)
  return {
    add(id, { role = 'owner', hasPhone = true } = {}) {
      if (hasPhone) phones.set(`${role} ${id}`, createPhone(id, clock))
      return { id, phone: phoneOf({ role, id }), browser: newCookie() }
    },
    secondFactor: ({ actor, proof }) => phoneOf(actor)?.accepts(proof) === true,
    hasSecondFactor: id => phoneOf({ role: 'owner', id }) !== undefined,
  }
}

/** The value of an http-only cookie that a house gives to a browser: 128 random bits. */
export function newCookie() {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
}

/** Prints each mail as one line. The link shows the end of its token only: a real one goes nowhere but into the mail. */
function createMailbox(house, note) {
  const tokens = []
  return {
    deliver({ owner, token, operation, key, expiresAt }) {
      tokens.push(token)
      const until = new Date(expiresAt).toISOString().slice(11, 16)
      const link = `https://${house}.example/confirm#…${token.slice(-6)}`
      note(`✉ to ${owner}: open ${link} by ${until} UTC to ${operation} “${key.label}”`)
    },
    /** The token of the mail that came last. */
    latest() {
      if (tokens.length === 0) throw new Error('no mail came')
      return tokens.at(-1)
    },
  }
}

async function listen(listener) {
  const server = createServer(listener)
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
