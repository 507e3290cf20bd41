import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { AuthenticationResponseJSON, WebAuthnCredential } from '@simplewebauthn/server'
import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Operation, ReplayStore, StepUpRequest } from '../../src/index.js'
import { createMemoryReplayStore } from '../../src/stores/memory.js'
import { code, createHouse, OPERATOR, owned, withFactor } from '../keys/house.js'
import { OWNER, START } from '../world.js'
import { importFromGuide } from './guides.js'

type Ask = (request: StepUpRequest) => Promise<boolean>
const rows = { edit: withFactor, rotate: withFactor }
const refused = code('ERR_SECOND_FACTOR_REFUSED')

describe('TOTP, as the guide shows it', () => {
  const secret = new Secret({ size: 20 })
  const codeAt = (at: number) => new TOTP({ secret }).generate({ timestamp: at })

  beforeEach(() => void vi.useFakeTimers({ now: START, toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  async function createTotpHouse() {
    const { createTotp } = await importFromGuide('second-factor', 'createTotp')
    const replay = createMemoryReplayStore()
    const secretOf = async (person: string) => (person.endsWith('nobody') ? undefined : secret.base32)
    const secondFactor = (createTotp as (replay: ReplayStore, secretOf: unknown) => Ask)(replay, secretOf)
    const house = createHouse({ rows, manager: { secondFactor, replay } })
    return { ...house, key: (await house.issue()).key }
  }

  it('accepts the code of now, and of the steps beside it', async () => {
    for (const drift of [-30_000, 0, 30_000]) {
      const { manager, key } = await createTotpHouse()
      const proof = codeAt(START + drift)
      await expect(manager.rotate({ ...owned(key), overlapMs: 0, proof })).resolves.toBeDefined()
    }
  })

  it.each(['000000x', '12345', '1234567', '١٢٣٤٥٦', ' ', '-12345'])('refuses %j', async proof => {
    const { manager, key } = await createTotpHouse()
    await expect(manager.rotate({ ...owned(key), overlapMs: 0, proof })).rejects.toThrow(refused)
  })

  it('refuses a code of another time, and everybody who has none', async () => {
    const { manager, key, issue } = await createTotpHouse()
    const proof = codeAt(START + 90_000)
    await expect(manager.rotate({ ...owned(key), overlapMs: 0, proof })).rejects.toThrow(refused)
    const { key: theirs } = await issue({ owner: 'nobody' })
    await expect(manager.rotate({ ...owned(theirs), overlapMs: 0, proof: codeAt(START) })).rejects.toThrow(refused)
  })

  it('refuses a code twice in its step, and one from before the last', async () => {
    const { manager, key } = await createTotpHouse()
    const rotate = (proof: string) => manager.rotate({ ...owned(key), overlapMs: 0, proof })
    await expect(rotate(codeAt(START))).resolves.toBeDefined()
    await expect(rotate(codeAt(START))).rejects.toThrow(refused)
    await expect(rotate(codeAt(START - 30_000))).rejects.toThrow(refused)
    await expect(rotate(codeAt(START + 30_000))).resolves.toBeDefined()
  })

  it('keeps an operator’s codes apart from the owner’s', async () => {
    const { manager, key } = await createTotpHouse()
    const proof = codeAt(START)
    await expect(manager.rotate({ ...owned(key), overlapMs: 0, proof })).resolves.toBeDefined()
    await expect(manager.rotate({ ...owned(key), overlapMs: 0, proof, actor: OPERATOR })).resolves.toBeDefined()
  })
})

/** A security key of software: signs what the browser shows it, as WebAuthn level 2, sections 6.1 and 6.5.5 say. */
function createAuthenticator() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = Buffer.from('credential-1').toString('base64url')
  let counter = 0
  const credential: WebAuthnCredential = { id, publicKey: coseOf(publicKey), counter }
  return {
    credential,
    answer(challenge: string, origin = 'https://exchange.example'): string {
      const client = Buffer.from(JSON.stringify({ type: 'webauthn.get', challenge, origin, crossOrigin: false }))
      const count = Buffer.alloc(4)
      count.writeUInt32BE(++counter)
      const relyingParty = createHash('sha256').update('exchange.example').digest()
      // Flags: the user was there (1) and was verified (4).
      const data = Buffer.concat([relyingParty, Buffer.of(0b101), count])
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
      const response: AuthenticationResponseJSON = {
        ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: sign('sha256', signed, privateKey).toString('base64url'),
        },
      }
      return JSON.stringify(response)
    },
  }
}

/** A P-256 public key as COSE: `{1: 2, 3: -7, -1: 1, -2: x, -3: y}` in CBOR. */
function coseOf(key: KeyObject): Uint8Array<ArrayBuffer> {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const coordinate = (label: number, text: string) =>
    Buffer.concat([Buffer.of(label, 0x58, 32), Buffer.from(text, 'base64url')])
  const head = Buffer.of(0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01)
  return new Uint8Array(Buffer.concat([head, coordinate(0x21, x), coordinate(0x22, y)]))
}

describe('WebAuthn, as the guide shows it', () => {
  interface Guide {
    ask(owner: string, operation: Operation, request: object): Promise<{ readonly challenge: string }>
    readonly secondFactor: Ask
  }

  async function createWebAuthnHouse() {
    const { createWebAuthn } = await importFromGuide('second-factor', 'createWebAuthn')
    const device = createAuthenticator()
    const credentials = new Map([[OWNER, device.credential]])
    const guide = (createWebAuthn as (credentials: Map<string, WebAuthnCredential>) => Guide)(credentials)
    const house = createHouse({ rows, manager: { secondFactor: guide.secondFactor } })
    return { ...house, ...guide, device, credentials, key: (await house.issue()).key }
  }

  it('approves the edit it was asked about', async () => {
    const { manager, ask, device, credentials, key } = await createWebAuthnHouse()
    const request = { ...owned(key), version: 1, label: 'other', ipAllowlist: ['10.0.0.1'] }
    const { challenge } = await ask(OWNER, 'edit', request)
    const proof = device.answer(challenge)
    await expect(manager.edit({ ...request, proof })).resolves.toMatchObject({ key: { label: 'other' } })
    expect(credentials.get(OWNER)?.counter).toBe(1)
  })

  it.each([
    ['another label', { label: 'theirs' }],
    ['one permission more', { permissions: ['full'] }],
    ['no allowlist', { ipAllowlist: null }],
    ['a longer life', { expiresAt: START + 86_400_000 }],
  ])('approves no edit with %s', async (_, changed) => {
    const { manager, ask, device, key } = await createWebAuthnHouse()
    const request = { ...owned(key), version: 1, label: 'other', ipAllowlist: ['10.0.0.1'] }
    const { challenge } = await ask(OWNER, 'edit', request)
    const proof = device.answer(challenge)
    await expect(manager.edit({ ...request, ...(changed as object), proof })).rejects.toThrow(refused)
    expect(await manager.get(owned(key))).toEqual(key)
  })

  it('approves no other operation and no other key', async () => {
    const { manager, ask, device, key, issue } = await createWebAuthnHouse()
    const { key: other } = await issue()
    const request = { ...owned(key), overlapMs: 0 }
    for (const attempt of [
      (proof: string) => manager.rotate({ ...request, ...owned(other), proof }),
      (proof: string) => manager.edit({ ...owned(key), version: 1, label: 'x', proof }),
      (proof: string) => manager.rotate({ ...request, overlapMs: 1, proof }),
    ]) {
      const { challenge } = await ask(OWNER, 'rotate', request)
      await expect(attempt(device.answer(challenge))).rejects.toThrow(refused)
    }
    const { challenge } = await ask(OWNER, 'rotate', request)
    await expect(manager.rotate({ ...request, proof: device.answer(challenge) })).resolves.toBeDefined()
  })

  it('approves once, however the answer is spelt', async () => {
    const { manager, ask, device, key } = await createWebAuthnHouse()
    const request = { ...owned(key), overlapMs: 0 }
    const { challenge } = await ask(OWNER, 'rotate', request)
    const proof = device.answer(challenge)
    await expect(manager.rotate({ ...request, proof })).resolves.toBeDefined()
    await expect(manager.rotate({ ...request, proof })).rejects.toThrow(refused)
    await expect(manager.rotate({ ...request, proof: ` ${proof}` })).rejects.toThrow(refused)
  })

  it.each<[string, (device: ReturnType<typeof createAuthenticator>, challenge: string) => string]>([
    ['text that is no answer', () => '{'],
    ['another site’s', (device, challenge) => device.answer(challenge, 'https://exchange.example.evil')],
    ['another device’s', (_, challenge) => createAuthenticator().answer(challenge)],
    ['one to another challenge', device => device.answer(Buffer.from('other').toString('base64url'))],
  ])('refuses %s', async (_, answer) => {
    const { manager, ask, device, key } = await createWebAuthnHouse()
    const request = { ...owned(key), overlapMs: 0 }
    const { challenge } = await ask(OWNER, 'rotate', request)
    await expect(manager.rotate({ ...request, proof: answer(device, challenge) })).rejects.toThrow(refused)
  })
})
