/** What can be done to a login message on its way, by name. */

import type { Claim, LoginMessage } from '../../src/scheme.js'
import { type Place, placesOf } from '../laws/message-parts.js'
import { plain } from '../laws/scheme-case.js'
import { spellingsOf } from '../laws/spellings.js'
import type { Random } from './random.js'
import { type Operator, placeOf, type Subject } from './subject.js'
import { numberChanges, type TextChange, textChanges } from './texts.js'

type LoginOperator = Operator<LoginMessage>

/** `undefined` once nothing is left of the message. */
function anyPlace(message: LoginMessage, random: Random): Place<LoginMessage> | undefined {
  return random.pick(placesOf(message))
}

function changeLeaf(change: TextChange): LoginOperator {
  return ({ message, random }) => {
    const place = anyPlace(message, random)
    const text = place && change(place.text, random)
    return text === undefined ? undefined : place?.put(text)
  }
}

/** Another JSON value in place of a member, wherever it lies. */
function changeMember(change: (value: unknown, subject: Subject<LoginMessage>) => unknown): LoginOperator {
  return subject => {
    const copy = structuredClone(subject.message) as Record<string, unknown>
    const holders = holdersIn(copy)
    const holder = subject.random.pick(holders)
    const name = subject.random.pick(Object.keys(holder))
    if (name === undefined) return undefined
    holder[name] = change(holder[name], subject)
    return copy
  }
}

function holdersIn(value: object): Record<string, unknown>[] {
  const inner = Object.values(value).filter(member => typeof member === 'object' && member !== null)
  return [value as Record<string, unknown>, ...inner.flatMap(member => holdersIn(member as object))]
}

function changeClaim(change: (claim: Claim, subject: Subject<LoginMessage>) => Partial<Claim>): LoginOperator {
  return subject => {
    const { claim, unsigned } = subject.original
    try {
      return plain(subject.dialect.write(unsigned, { ...claim, ...change(claim, subject) }, claim.tag))
    } catch {
      return undefined
    }
  }
}

export const loginOperators: Readonly<Record<string, LoginOperator>> = {
  ...Object.fromEntries(
    Object.entries({ ...textChanges, ...numberChanges }).map(([name, change]) => [
      `member: ${name}`,
      changeLeaf(change),
    ]),
  ),
  'member left out': changeMember(() => undefined),
  'member of another type': changeMember((value, { random }) => {
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
    const strange: readonly unknown[] = [
      null,
      true,
      0,
      [value],
      { value },
      { toString: text },
      Number(text),
      text,
      '',
      [],
      { length: 1 },
    ]
    return random.pick(strange)
  }),
  'member under another name': ({ message, random }) => {
    const names = Object.keys(message)
    const name = random.pick(names) ?? 'op'
    const { [name]: value, ...rest } = message
    return { ...rest, [random.pick([name.toUpperCase(), `${name} `, `_${name}`, name.slice(1)])]: value }
  },
  'members exchanged': ({ message, random }) => {
    const [a, b] = [anyPlace(message, random), anyPlace(message, random)]
    return a === undefined || b === undefined || a.what === b.what
      ? undefined
      : placeOf(a.put(b.text), b.what)?.put(a.text)
  },
  'member of another login': ({ message, other, random }) => {
    const place = anyPlace(message, random)
    const theirs = place && placeOf(other.signed, place.what)
    return theirs === undefined ? undefined : place?.put(theirs.text)
  },
  'member inherited': ({ message, random }) => {
    const name = random.pick(Object.keys(message)) ?? 'op'
    const { [name]: value, ...rest } = message
    return Object.assign(Object.create({ [name]: value }) as LoginMessage, rest)
  },
  'member put in': ({ message, random }) => ({
    ...message,
    [random.pick(['id', 'event', 'op', '__proto__', 'nonce', 'sig', 'x'])]: random.word(4),
  }),
  'list longer or shorter': changeMember((value, { random }) =>
    Array.isArray(value) ? (random.chance(50) ? [...value, ...value] : value.slice(0, -1)) : value,
  ),
  'wrapped in a list or an object': ({ message, random }) => (random.chance(50) ? { 0: message } : { login: message }),
  'signature respelled': ({ message, original, random }) => {
    const place = placeOf(message, original.tag.what)
    return place?.put(place.text.replace(original.tag.text, () => random.pick(spellingsOf(original.tag.text))))
  },
  'characters moved across the border of two members': ({ message, random }) => {
    const [a, b] = [anyPlace(message, random), anyPlace(message, random)]
    if (a === undefined || b === undefined || a.what === b.what || a.text === '') return undefined
    const length = 1 + random.below(Math.min(a.text.length, 6))
    const into = placeOf(a.put(a.text.slice(0, -length)), b.what)
    return into?.put(a.text.slice(-length) + into.text)
  },
  "somebody else's key id": changeClaim((_, { strangerId }) => ({ keyId: strangerId })),
  'another time': changeClaim((_, { other }) => ({
    timestamp: other.claim.timestamp,
    timestampMs: other.claim.timestampMs,
  })),
  'another nonce': changeClaim(({ nonce }, { other }) => ({ nonce: nonce === '' ? '' : other.claim.nonce })),
  'another window': changeClaim(({ recvWindow }, { random }) => {
    const text = random.pick(['', '1', '60000'].filter(other => other !== recvWindow))
    return { recvWindow: text, recvWindowMs: text === '' ? -1 : Number(text) }
  }),
  'another passphrase': changeClaim(({ passphrase }) => ({ passphrase: passphrase && `${passphrase}x` })),
}
