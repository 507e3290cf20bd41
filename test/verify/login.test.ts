import { describe, expect, it } from 'vitest'
import type { Decision } from '../../src/index.js'
import { createWorld, OWNER } from '../world.js'

const READ = { permission: 'read' } as const

describe('the login of a session', () => {
  it('passes once, as JSON text or as an object', async () => {
    const { issue, verifier } = createWorld()
    const { signer, key } = await issue()
    for (const write of [JSON.stringify, (message: unknown) => message]) {
      const message = write(await signer.login({ channel: 'orders' }))
      const verdict = await verifier.verifyLogin({ message }, READ)
      expect(verdict).toMatchObject({ ok: true, principal: { keyId: key.keyId, owner: OWNER } })
      expect(await verifier.verifyLogin({ message }, READ)).toMatchObject({ ok: false, denial: 'replayed' })
    }
  })

  it('is no request, nor is a request a login', async () => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue()
    const login = await signer.login()
    const headers = Object.fromEntries(Object.entries(login).map(([name, value]) => [`x-api-${name}`, String(value)]))
    const asRequest = { method: 'GET', target: '/', headers, body: new Uint8Array(0) }
    expect(await verifier.verify(asRequest, READ)).toMatchObject({ ok: false, denial: 'wrong_signature' })
    const signed = (await signer.sign({ method: 'GET', target: '/' })).headers
    const members = Object.entries(signed).map(([name, value]) => [name.replace('x-api-', ''), value])
    const message = { op: 'login', ...Object.fromEntries(members) }
    expect(await verifier.verifyLogin({ message }, READ)).toMatchObject({ ok: false, denial: 'wrong_signature' })
  })

  it.each([
    ['malformed_request', '{'],
    ['malformed_request', '[]'],
    ['malformed_request', 'null'],
    ['malformed_request', undefined],
    ['malformed_request', 7],
    ['request_too_large', `{"a":"${'x'.repeat(20_000)}"}`],
    ['missing_credentials', '{}'],
    ['missing_credentials', { op: 'subscribe' }],
    ['missing_credentials', { op: 'login' }],
    ['malformed_credentials', { op: 'login', key: null }],
  ])('is %s: %j', async (denial, message) => {
    const { verifier } = createWorld()
    expect(await verifier.verifyLogin({ message }, READ)).toMatchObject({ ok: false, denial })
  })

  it.each(['key', 'timestamp', 'nonce', 'recvWindow', 'signature'])('does not pass with another %s', async member => {
    const { issue, verifier } = createWorld()
    const { signer } = await issue()
    const message = { ...(await signer.login()), recvWindow: undefined } as Record<string, unknown>
    for (const other of [null, 5000, ['a'], `${String(message[member] ?? 'x')}1`, '']) {
      expect((await verifier.verifyLogin({ message: { ...message, [member]: other } }, READ)).ok).toBe(false)
    }
    expect((await verifier.verifyLogin({ message }, READ)).ok).toBe(true)
  })

  it('is judged by time, address, state and permission, like a request', async () => {
    const { issue, verifier, manager, clock } = createWorld()
    const { signer, key } = await issue({ permissions: ['read'], ipAllowlist: ['192.0.2.7'] })
    const old = await signer.login()
    clock.advance(60_000)
    const from = async (ip: string, permission: 'read' | 'trade') =>
      verifier.verifyLogin({ message: await signer.login(), ip }, { permission })
    expect(await verifier.verifyLogin({ message: old, ip: '192.0.2.7' }, READ)).toMatchObject({
      denial: 'timestamp_outside_window',
    })
    expect(await from('192.0.2.7', 'read')).toMatchObject({ ok: true })
    expect(await from('192.0.2.8', 'read')).toMatchObject({ denial: 'ip_not_allowed' })
    expect(await from('192.0.2.7', 'trade')).toMatchObject({ denial: 'permission_denied' })
    await manager.suspend({ owner: OWNER, keyId: key.keyId, reason: 'break' })
    expect(await from('192.0.2.7', 'read')).toMatchObject({ denial: 'key_suspended' })
  })

  it('is told to the hook, with an empty method and path', async () => {
    const decisions: Decision[] = []
    const { issue, verifier } = createWorld({ verifier: { onDecision: decision => decisions.push(decision) } })
    const { signer } = await issue()
    await verifier.verifyLogin({ message: await signer.login(), ip: '192.0.2.7' }, READ)
    await verifier.verifyLogin({ message: '{' }, READ)
    expect(decisions).toMatchObject([
      { verdict: { ok: true }, scheme: 'hmac-v1', method: '', path: '', ip: '192.0.2.7' },
      { verdict: { denial: 'malformed_request' }, scheme: undefined, method: '', path: '' },
    ])
  })
})
