import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import { serialize } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { KeyError } from '../../src/errors.js'
import { createSecret, type Secret } from '../../src/keys/secret.js'

const CANARY = 'kls_live_canary-0a1b2c'
const bytes = (text: string = CANARY): Uint8Array => new TextEncoder().encode(text)

/** Whether a text holds the secret, as itself or as the bytes it is made of. */
function leaks(text: string): boolean {
  const list = Array.from(bytes())
  const forms = [
    CANARY,
    Buffer.from(CANARY).toString('base64'),
    Buffer.from(CANARY).toString('hex'),
    list.join(','),
    list.join(', '),
    list.map(byte => byte.toString(16).padStart(2, '0')).join(' '),
  ]
  return forms.some(form => text.includes(form))
}

function consoleTable(value: unknown): string {
  const lines: string[] = []
  const stdout = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const own = new Console(stdout)
  own.table([value])
  own.dir(value, { showHidden: true, depth: 9 })
  own.log('%s %o %O %j', value, value, value, value)
  return lines.join('')
}

function vitestDiff(value: unknown): string {
  try {
    expect(value).toEqual({ other: 1 })
  } catch (error) {
    const { message, diff, actual, expected } = error as Record<string, unknown>
    return inspect([message, diff, actual, expected, error], { depth: 9, showHidden: true })
  }
  throw new Error('they were equal')
}

const exposures: Record<string, (secret: Secret) => string> = {
  'a template string': secret => `${secret}`,
  'string concatenation': secret => `a${secret}${String(secret)}`,
  'toString and toLocaleString': secret => secret.toString() + secret.toLocaleString(),
  'a number conversion': secret => String(Number(secret)) + String(secret.valueOf()),
  JSON: secret => JSON.stringify(secret) + JSON.stringify({ nested: [secret] }, undefined, 2),
  inspect: secret => inspect(secret) + inspect({ nested: { secret } }, { depth: 9 }),
  'inspect with everything on': secret =>
    inspect(secret, { showHidden: true, showProxy: true, getters: true, customInspect: false, depth: 9 }),
  'its own keys and values': secret =>
    inspect([Object.entries(secret), Object.getOwnPropertyNames(secret), Object.getOwnPropertyDescriptors(secret)], {
      depth: 9,
      showHidden: true,
    }),
  'the source of its functions': secret =>
    Reflect.ownKeys(secret)
      .map(key => String(Reflect.get(secret, key)))
      .join(),
  'a spread copy': secret => inspect({ ...secret }, { depth: 9, customInspect: false }) + JSON.stringify({ ...secret }),
  'Object.assign': secret => inspect(Object.assign({}, secret), { customInspect: false }),
  'console.table, dir and log': consoleTable,
  'the cause of an error': secret => inspect(new Error('failed', { cause: secret }), { showHidden: true, depth: 9 }),
  'the message of an error': secret => String(new Error(`failed with ${secret}`).stack),
  'an aggregate error': secret => inspect(new AggregateError([secret], 'failed'), { depth: 9 }),
  'a failing assertion': vitestDiff,
  'a URL and a form': secret => String(new URLSearchParams({ secret: String(secret) })),
}

describe('a secret', () => {
  it('is revealed once, and then never again', () => {
    const secret = createSecret(bytes())
    expect(secret.reveal()).toBe(CANARY)
    for (let i = 0; i < 3; i++) {
      expect(() => secret.reveal()).toThrow(KeyError)
      expect(() => secret.reveal()).toThrow(expect.objectContaining({ code: 'ERR_SECRET_REVEALED' }))
    }
  })

  it('overwrites the bytes it was given when it is revealed, and not before', () => {
    const given = bytes()
    const secret = createSecret(given)
    expect(given).toEqual(bytes())
    secret.reveal()
    expect(given).toEqual(new Uint8Array(given.length))
  })

  it('reveals any UTF-8 exactly, and overwrites what is not UTF-8 without showing part of it', () => {
    for (const text of ['', 'é😀', '\ufeffmarked', 'a\0b']) expect(createSecret(bytes(text)).reveal()).toBe(text)
    const broken = new Uint8Array([65, 66, 255])
    const secret = createSecret(broken)
    expect(() => secret.reveal()).toThrow(TypeError)
    expect(broken).toEqual(new Uint8Array(3))
    expect(() => secret.reveal()).toThrow(expect.objectContaining({ code: 'ERR_SECRET_REVEALED' }))
  })

  it.each(Object.entries(exposures))('does not show through %s, before or after it is revealed', (_, expose) => {
    const secret = createSecret(bytes())
    expect(leaks(expose(secret))).toBe(false)
    expect(secret.reveal()).toBe(CANARY)
    expect(leaks(expose(secret))).toBe(false)
  })

  it.each(Object.entries(exposures))('would be found in %s if it were in the clear there', (name, expose) => {
    const open = { reveal: CANARY, toString: () => CANARY, toJSON: () => CANARY }
    const source = { reveal: CANARY, toString: () => 'kls_live_canary-0a1b2c', toJSON: () => CANARY }
    const clear = name === 'the source of its functions' ? source : open
    expect(leaks(expose(clear as unknown as Secret))).toBe(true)
  })

  it('does not pass through structuredClone, serialisation or a message port', () => {
    const secret = createSecret(bytes())
    expect(() => structuredClone(secret)).toThrow(expect.objectContaining({ name: 'DataCloneError' }))
    expect(() => structuredClone({ nested: [secret] })).toThrow(expect.objectContaining({ name: 'DataCloneError' }))
    expect(() => serialize(secret)).toThrow()
    const { port1, port2 } = new MessageChannel()
    expect(() => port1.postMessage(secret)).toThrow(expect.objectContaining({ name: 'DataCloneError' }))
    port1.close()
    port2.close()
    expect(secret.reveal()).toBe(CANARY)
  })

  it('prints as redacted, so that a log says what was there', () => {
    const secret = createSecret(bytes())
    expect([`${secret}`, JSON.stringify([secret]), inspect({ secret })]).toEqual([
      '[redacted]',
      '["[redacted]"]',
      '{ secret: [redacted] }',
    ])
  })

  it('cannot be given another method or state', () => {
    const secret = createSecret(bytes()) as { reveal: unknown }
    expect(Object.isFrozen(secret)).toBe(true)
    expect(() => {
      secret.reveal = () => 'forged'
    }).toThrow(TypeError)
  })
})
