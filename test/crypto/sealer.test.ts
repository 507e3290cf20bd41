import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSealer, type SealContext, type Sealer, type SealerOptions } from '../../src/crypto/sealer.js'
import { ConfigError, SealError } from '../../src/errors.js'

const masterKey = (fill: number): Uint8Array => new Uint8Array(32).map((_, i) => (i * 7 + fill) & 255)
const keys = { k1: masterKey(1), k2: masterKey(2) }
const context: SealContext = { owner: 'alice', keyId: 'kl_live_1', field: 'secret', version: 1 }
const plaintext = new TextEncoder().encode('kls_live_canary-9f8e7d')
const sealer = createSealer({ primary: 'k2', keys })

/** `plaintext` in `context` under `k2`. */
const SEALED_BY_0_1 = 'v1.k2.M41TWYYxeDHMNn+NjgN5aACly1YBxbsuzE5dd+Gp0BZNZ/2z1/RldHts6xmOWdlvnI+dFOSnUqZlcw8fdpI='

/** The code of the exception, or what was opened. */
async function outcome(from: Sealer, sealed: unknown, where: SealContext = context): Promise<unknown> {
  try {
    return await from.open(sealed as string, where)
  } catch (error) {
    if (error instanceof SealError) return error.code
    throw error
  }
}

/** The sealed text with its body changed. */
function withBody(sealed: string, change: (body: Buffer) => Uint8Array): string {
  const [format, id, body = ''] = sealed.split('.')
  return `${format}.${id}.${Buffer.from(change(Buffer.from(body, 'base64'))).toString('base64')}`
}

describe('a sealer', () => {
  it('opens what it sealed, whatever the bytes and the context', async () => {
    const contexts = fc.record({
      owner: fc.string({ unit: 'grapheme' }),
      keyId: fc.string(),
      field: fc.string(),
      version: fc.maxSafeNat(),
    })
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), contexts, async (bytes, where) => {
        const sealed = await sealer.seal(bytes, where)
        expect(sealed).toMatch(/^v1\.k2\.[A-Za-z0-9+/]+={0,2}$/)
        expect(await sealer.open(sealed, where)).toEqual(bytes)
        expect(await outcome(sealer, sealed, { ...where, owner: `${where.owner}x` })).toBe('ERR_SEAL_REFUSED')
      }),
    )
  })

  it('takes secrets up to 4 KiB and refuses anything larger or other than bytes', async () => {
    const largest = new Uint8Array(4096).fill(1)
    expect(await sealer.open(await sealer.seal(largest, context), context)).toEqual(largest)
    for (const refused of [new Uint8Array(4097), 'text', undefined, [1, 2]]) {
      expect(() => sealer.seal(refused as Uint8Array, context)).toThrow(
        expect.objectContaining({ code: 'ERR_SEAL_REFUSED' }),
      )
    }
  })

  it('opens under every key of the ring, seals under the primary, and says which one it was', async () => {
    const before = createSealer({ primary: 'k1', keys: { k1: keys.k1 } })
    const old = await before.seal(plaintext, context)
    const fresh = await sealer.seal(plaintext, context)
    expect([sealer.keyIdOf(old), sealer.keyIdOf(fresh)]).toEqual(['k1', 'k2'])
    expect(await sealer.open(old, context)).toEqual(plaintext)
    expect(before.keyIdOf(fresh)).toBe('k2')
    expect(await outcome(before, fresh)).toBe('ERR_SEAL_KEY_UNKNOWN')
  })

  it('is not changed by what happens to the options and keys later', async () => {
    const options = { primary: 'a', keys: { a: masterKey(3), b: masterKey(4) } }
    const own = createSealer(options)
    const sealed = await own.seal(plaintext, context)
    options.keys.a.fill(0xff)
    options.primary = 'b'
    expect(await own.open(sealed, context)).toEqual(plaintext)
    expect(own.keyIdOf(await own.seal(plaintext, context))).toBe('a')
    expect(await outcome(createSealer({ primary: 'a', keys: options.keys }), sealed)).toBe('ERR_SEAL_REFUSED')
  })

  it('never repeats a nonce or a text: 20,000 seals of one secret', async () => {
    const nonces = new Set<string>()
    for (let i = 0; i < 20_000; i++) nonces.add((await sealer.seal(plaintext, context)).slice(6, 38))
    expect(nonces.size).toBe(20_000)
  })

  it('works without its object, and cannot be changed', async () => {
    const { seal, open, keyIdOf } = sealer
    const sealed = await seal(plaintext, context)
    expect(await open(sealed, context)).toEqual(plaintext)
    expect(keyIdOf(sealed)).toBe('k2')
    expect(Object.isFrozen(sealer)).toBe(true)
  })
})

describe('the format of a sealed value', () => {
  /** What `docs/guide/secrets-at-rest.md` says, written a second time. */
  function openBySpecification(sealed: string, masterKey: Uint8Array, bound: readonly string[]): Buffer {
    const [format = '', id = '', body = ''] = sealed.split('.')
    const key = createHmac('sha256', masterKey).update(`keylattice-seal-v1${id}`).digest()
    const associatedData = [format, id, ...bound].map(text => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(Buffer.byteLength(text))
      return Buffer.concat([length, Buffer.from(text)])
    })
    const bytes = Buffer.from(body, 'base64')
    const cipher = xchacha20poly1305(key, bytes.subarray(0, 24), Buffer.concat(associatedData))
    return Buffer.from(cipher.decrypt(bytes.subarray(24)))
  }

  it('is the documented one', async () => {
    const where = { owner: 'Zoë', keyId: 'kl_live_1', field: 'secret', version: 12 }
    const sealed = await sealer.seal(plaintext, where)
    const bound = ['Zoë', 'kl_live_1', 'secret', '12']
    expect(openBySpecification(sealed, keys.k2, bound)).toEqual(Buffer.from(plaintext))
    expect(() => openBySpecification(sealed, keys.k1, bound)).toThrow()
    expect(() => openBySpecification(sealed, keys.k2, ['Zoë', 'kl_live_1', 'secret', '1'])).toThrow()
  })

  it('is the same in every release: a value sealed by the first one opens', async () => {
    expect(new TextDecoder().decode(await sealer.open(SEALED_BY_0_1, context))).toBe('kls_live_canary-9f8e7d')
    expect(await outcome(sealer, SEALED_BY_0_1, { ...context, version: 2 })).toBe('ERR_SEAL_REFUSED')
  })
})

describe('an altered sealed value', () => {
  it('does not open with any one bit changed: nonce, ciphertext and tag of 20 secrets', async () => {
    const opened: number[] = []
    for (let length = 0; length < 20; length++) {
      const secret = plaintext.subarray(0, length)
      const sealed = await sealer.seal(secret, context)
      for (let bit = 0; bit < (24 + length + 16) * 8; bit++) {
        const flipped = withBody(sealed, body => {
          body[bit >> 3]! ^= 1 << (bit & 7)
          return body
        })
        if ((await outcome(sealer, flipped)) !== 'ERR_SEAL_REFUSED') opened.push(bit)
      }
      expect(
        await sealer.open(
          withBody(sealed, body => body),
          context,
        ),
      ).toEqual(secret)
    }
    expect(opened).toEqual([])
  })

  it('does not open with any one character changed, left out or added', async () => {
    const sealed = await sealer.seal(plaintext, context)
    const others = ['A', '/', '=', '.', ' ', '\n', '\0', 'é', '-', '1', '2']
    for (let i = 0; i <= sealed.length; i++) {
      for (const other of others) {
        const inserted = sealed.slice(0, i) + other + sealed.slice(i)
        const replaced = sealed.slice(0, i) + other + sealed.slice(i + 1)
        expect(await outcome(sealer, inserted)).toMatch(/^ERR_SEAL_/)
        if (replaced !== sealed) expect(await outcome(sealer, replaced)).toMatch(/^ERR_SEAL_/)
      }
      if (i < sealed.length) expect(await outcome(sealer, sealed.slice(0, i) + sealed.slice(i + 1))).toMatch(/^ERR_/)
    }
  })

  it('does not open truncated or extended at any byte', async () => {
    const sealed = await sealer.seal(plaintext, context)
    for (let length = 0; length < 24 + plaintext.length + 16; length++) {
      const expected = length < 40 ? 'ERR_SEAL_MALFORMED' : 'ERR_SEAL_REFUSED'
      expect(
        await outcome(
          sealer,
          withBody(sealed, body => body.subarray(0, length)),
        ),
      ).toBe(expected)
    }
    for (const extra of [1, 2, 3, 16, 100]) {
      const extended = withBody(sealed, body => Buffer.concat([body, Buffer.alloc(extra)]))
      expect(await outcome(sealer, extended)).toBe('ERR_SEAL_REFUSED')
    }
  })

  it('is malformed in any other spelling, format or type, and is refused by length first', async () => {
    const sealed = await sealer.seal(new Uint8Array(1), context)
    const body = sealed.slice(6)
    const spellings = [
      '',
      'v1',
      'v1.k2',
      'v1.k2.',
      'v1..',
      '..',
      `v2.k2.${body}`,
      `V1.k2.${body}`,
      `v1.K2.${body}`,
      `v1.k2.${body}.`,
      `v1.k2.${body}\n`,
      ` ${sealed}`,
      `v1.k2.${body.replace(/=+$/, '')}`,
      `v1.k2.${body.replaceAll('+', '-').replaceAll('/', '_').slice(0, -4)}-___`,
      `v1.__proto__.${body}`,
      `v1.${'k'.repeat(33)}.${body}`,
      `v1.k2.${'A'.repeat(1_000_000)}`,
      'v1.'.repeat(333_333),
      null,
      undefined,
      12,
      {},
      [sealed],
    ]
    for (const spelling of spellings) {
      expect(await outcome(sealer, spelling)).toBe('ERR_SEAL_MALFORMED')
      expect(() => sealer.keyIdOf(spelling as string)).toThrow(expect.objectContaining({ code: 'ERR_SEAL_MALFORMED' }))
    }
    expect(await sealer.open(sealed, context)).toEqual(new Uint8Array(1))
  })

  it('has no second spelling through spare base64 bits', async () => {
    const sealed = await sealer.seal(new Uint8Array(2), context)
    expect(sealed).toMatch(/[^=]$/)
    const padded = await sealer.seal(new Uint8Array(1), context)
    expect(padded).toMatch(/[^=]=$/)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const opening = []
    for (const last of alphabet) {
      const spelling = `${padded.slice(0, -2)}${last}=`
      if ((await outcome(sealer, spelling)) instanceof Uint8Array) opening.push(spelling)
    }
    expect(opening).toEqual([padded])
  })
})

describe('a sealed value in another place', () => {
  it('does not open there: 200 rows, every pair of them exchanged', async () => {
    const rows: SealContext[] = []
    for (let i = 0; i < 200; i++) {
      rows.push({
        owner: `owner-${i % 5}`,
        keyId: `kl_${i % 2 === 0 ? 'live' : 'test'}_${Math.floor(i / 10) % 6}`,
        field: i % 3 === 0 ? 'secret' : 'passphrase',
        version: i + 1,
      })
    }
    const sealed = await Promise.all(rows.map(row => sealer.seal(plaintext, row)))
    let opened = 0
    for (const [i, row] of rows.entries()) {
      for (const [j, value] of sealed.entries()) {
        const result = await outcome(sealer, value, row)
        if (result !== 'ERR_SEAL_REFUSED') opened += i === j ? 1 : 1000
      }
    }
    expect(opened).toBe(200)
  })

  it.each([
    ['owner', { owner: 'mallory' }],
    ['owner in another case', { owner: 'Alice' }],
    ['key', { keyId: 'kl_live_2' }],
    ['environment', { keyId: 'kl_test_1' }],
    ['field', { field: 'passphrase' }],
    ['newer version', { version: 2 }],
    ['older version', { version: 0 }],
  ])('does not open for another %s', async (_, change) => {
    const sealed = await sealer.seal(plaintext, context)
    expect(await outcome(sealer, sealed, { ...context, ...change })).toBe('ERR_SEAL_REFUSED')
    expect(await sealer.open(sealed, { ...context })).toEqual(plaintext)
  })

  it('does not open when the same text is cut into owner, key and field elsewhere', async () => {
    const sealed = await sealer.seal(plaintext, { owner: 'ab', keyId: 'cd', field: 'ef', version: 1 })
    const cuts = [
      { owner: 'a', keyId: 'bcd', field: 'ef', version: 1 },
      { owner: 'abc', keyId: 'd', field: 'ef', version: 1 },
      { owner: 'ab', keyId: 'cde', field: 'f', version: 1 },
      { owner: 'ab', keyId: 'cd', field: 'ef1', version: 1 },
      { owner: 'cd', keyId: 'ab', field: 'ef', version: 1 },
      { owner: '', keyId: 'abcd', field: 'ef', version: 1 },
    ]
    for (const cut of cuts) expect(await outcome(sealer, sealed, cut)).toBe('ERR_SEAL_REFUSED')
  })

  it('does not open under another master key of the ring, even when the key bytes are the same', async () => {
    const sealed = await sealer.seal(plaintext, context)
    expect(await outcome(sealer, sealed.replace('v1.k2.', 'v1.k1.'))).toBe('ERR_SEAL_REFUSED')
    const renamed = createSealer({ primary: 'k3', keys: { k3: keys.k2 } })
    expect(await outcome(renamed, sealed.replace('v1.k2.', 'v1.k3.'))).toBe('ERR_SEAL_REFUSED')
    const same = createSealer({ primary: 'k2', keys: { k2: keys.k2 } })
    expect(await same.open(sealed, context)).toEqual(plaintext)
  })

  it('names a master key that is not in the ring as unknown', async () => {
    const sealed = await sealer.seal(plaintext, context)
    for (const id of ['k9', 'constructor', 'k', 'k22']) {
      expect(await outcome(sealer, sealed.replace('v1.k2.', `v1.${id}.`))).toBe('ERR_SEAL_KEY_UNKNOWN')
    }
  })

  it('refuses a context it could not tell from another', async () => {
    const sealed = await sealer.seal(plaintext, { ...context, owner: '\ufffd' })
    const unusable = [
      { owner: '\ud800' },
      { owner: 'a\udc00' },
      { keyId: undefined },
      { field: 7 },
      { version: 1.5 },
      { version: -1 },
      { version: '1' },
      { version: Number.NaN },
      { version: 2 ** 53 },
    ]
    for (const change of unusable) {
      const where = { ...context, ...change } as SealContext
      expect(() => sealer.seal(plaintext, where)).toThrow(
        expect.objectContaining({ code: 'ERR_SEAL_REFUSED', field: Object.keys(change)[0] }),
      )
      expect(await outcome(sealer, sealed, where)).toBe('ERR_SEAL_REFUSED')
    }
    expect(await sealer.open(sealed, { ...context, owner: '\ufffd' })).toEqual(plaintext)
  })
})

describe('a ring of master keys', () => {
  const refused = (options: unknown): ConfigError => {
    try {
      createSealer(options as SealerOptions)
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      return error as ConfigError
    }
    throw new Error('the options were accepted')
  }

  it('takes keys of exactly 32 bytes and no other shape', () => {
    expect(createSealer({ primary: 'a', keys: { a: Buffer.from(keys.k1) } })).toBeDefined()
    const shapes = [
      new Uint8Array(0),
      masterKey(1).subarray(1),
      new Uint8Array(33).fill(1),
      new Uint8Array(64).fill(1),
      new Uint8Array(32),
      'x'.repeat(32),
      Buffer.from(keys.k1).toString('hex'),
      Buffer.from(keys.k1).toString('base64'),
      Array.from(keys.k1),
      new Uint16Array(16).fill(9),
      keys.k1.buffer,
      null,
      undefined,
      { length: 32 },
    ]
    for (const shape of shapes) {
      expect(refused({ primary: 'a', keys: { a: shape } })).toMatchObject({
        code: 'ERR_OPTION_INVALID',
        field: 'keys.a',
      })
    }
  })

  it('takes ids of lower-case ASCII and refuses others', () => {
    for (const id of ['k1', '2026-11', 'a_b-c', 'constructor', '0', 'k'.repeat(32)]) {
      expect(createSealer({ primary: id, keys: { [id]: keys.k1 } })).toBeDefined()
    }
    for (const id of ['', 'K1', 'a.b', 'a b', '-a', '_a', 'ä', 'k\n', 'k'.repeat(33), '__proto__']) {
      const error = refused({ primary: id, keys: Object.fromEntries([[id, keys.k1]]) })
      expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', field: 'keys' })
    }
  })

  it('refuses a primary that is not in it, an empty ring, and one key under two ids', () => {
    expect(refused({ primary: 'k3', keys })).toMatchObject({ field: 'primary' })
    expect(refused({ primary: 'toString', keys })).toMatchObject({ field: 'primary' })
    expect(refused({ primary: ['k1'], keys })).toMatchObject({ field: 'primary' })
    expect(refused({ primary: 'k1', keys: {} })).toMatchObject({ field: 'primary' })
    for (const ring of [[keys.k1], 'k1', 7, null]) {
      expect(refused({ primary: '0', keys: ring })).toBeInstanceOf(ConfigError)
    }
    expect(refused({ primary: 'k1', keys: { k1: keys.k1, k2: keys.k1.slice() } })).toMatchObject({ field: 'keys.k2' })
  })

  it('refuses options it does not know and options that are missing', () => {
    expect(refused({ primary: 'k1', keys, algorithm: 'aes' })).toMatchObject({ code: 'ERR_OPTION_UNKNOWN' })
    expect(refused({ keys })).toMatchObject({ code: 'ERR_OPTION_MISSING', field: 'primary' })
    expect(refused({ primary: 'k1' })).toMatchObject({ code: 'ERR_OPTION_MISSING', field: 'keys' })
    expect(refused(undefined)).toMatchObject({ code: 'ERR_OPTION_INVALID' })
  })

  it('shows no key and no secret, in errors or when printed', async () => {
    const canary = Buffer.from('CANARY-master-key-0123456789abcd')
    expect(canary.length).toBe(32)
    const own = createSealer({ primary: 'k1', keys: { k1: canary } })
    const sealed = await own.seal(plaintext, context)
    const printed = [inspect(own, { showHidden: true, depth: 9 }), JSON.stringify(own), sealed]
    const failing = [
      () => createSealer({ primary: 'k1', keys: { k1: Buffer.concat([canary, canary]) } }),
      () => createSealer({ primary: 'k2', keys: { k1: canary } }),
      () => own.open(sealed, { ...context, owner: 'mallory' }),
      () => own.open('v1.k1.CANARY-master-key', context),
      () => own.seal('CANARY' as unknown as Uint8Array, context),
    ]
    for (const fail of failing) {
      expect(fail).toThrow()
      try {
        await fail()
      } catch (error) {
        printed.push(inspect(error, { showHidden: true, depth: 9 }), JSON.stringify(error), String(error))
      }
    }
    const hex = canary.toString('hex')
    for (const text of printed) {
      expect(text.includes('CANARY-master') || text.includes('canary-9f') || text.includes(hex)).toBe(false)
    }
    expect(printed.length).toBe(18)
  })
})
