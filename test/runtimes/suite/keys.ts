import type { WireRequest } from '../../../src/http/request.js'
import { createWorld, OWNER, unsigned } from '../../world.js'
import { type Check, expectCode, expectSame } from './check.js'

const DAY = 86_400_000

/** Create, edit, rotate with an overlap, suspend, resume, revoke: after each step, what passes and what does not. */
async function lives(): Promise<void> {
  const { manager, verifier, issue, clock } = createWorld()
  const { key, signer, secret } = await issue()
  const { keyId } = key
  const owned = { owner: OWNER, keyId }
  const judge = async (request: WireRequest, permission: 'read' | 'trade' | 'withdraw' = 'read') => {
    const verdict = await verifier.verify(request, { permission })
    return verdict.ok ? 'allowed' : verdict.denial
  }
  const signed = await signer.sign(unsigned())
  const verdicts = [await judge(signed), await judge(signed), await judge(await signer.sign(unsigned()), 'withdraw')]
  expectSame(verdicts, ['allowed', 'replayed', 'permission_denied'], 'a new key')
  const fresh = async (permission: 'read' | 'trade' = 'read') => judge(await signer.sign(unsigned()), permission)
  const { version } = await manager.get({ ...owned })
  await manager.edit({ ...owned, version, permissions: ['read'] })
  expectSame([await fresh('trade'), await fresh()], ['permission_denied', 'allowed'], 'after the edit')
  const { credentials } = await manager
    .rotate({ ...owned, overlapMs: DAY })
    .then(changed => changed as never as Rotated)
  expectSame(credentials.secret.reveal() === secret, false, 'the secret is a new one')
  expectSame(await fresh(), 'allowed', 'the old secret in the overlap')
  clock.advance(DAY + 1)
  expectSame(await fresh(), 'wrong_signature', 'the old secret after the overlap')
  await manager.revoke({ ...owned, reason: 'the end' })
  await expectCode(() => manager.renew({ ...owned }), 'ERR_KEY_STATE', 'a revoked key')
}

interface Rotated {
  readonly credentials: { readonly secret: { reveal(): string } }
}

export const keyChecks: readonly Check[] = [
  { capability: 'keys', name: 'a key is created, used, edited, rotated and revoked', run: lives },
]
