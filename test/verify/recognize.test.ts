import { describe, expect, it } from 'vitest'
import type { Decision } from '../../src/index.js'
import { createMint } from '../../src/index.js'
import { createWorld, OWNER, unsigned } from '../world.js'

const secret = Buffer.from(createMint({ brand: 'kl', environment: 'test' }).mintSecret()).toString()
const short = secret.slice(0, -1)

describe('a secret in place of a key id', () => {
  it.each([secret, `kl_test_x.${secret}`, `${short}x`])(
    'is refused by the verifier and not repeated in its decision',
    async misplaced => {
      const decisions: Decision[] = []
      const { issue, verifier } = createWorld({ verifier: { onDecision: decision => void decisions.push(decision) } })
      const { signer } = await issue()
      const signed = await signer.sign(unsigned())
      const request = { ...signed, headers: { ...signed.headers, 'x-api-key': misplaced } }
      const verdict = await verifier.verify(request, { permission: 'read' })
      expect(verdict).toMatchObject({ denial: 'malformed_credentials', field: 'keyId', keyId: undefined })
      expect(JSON.stringify(decisions)).not.toContain(secret.slice(20, -1))
    },
  )

  it('is not seen in what is only similar to one', async () => {
    const { issue, verifier } = createWorld()
    const signed = await (await issue()).signer.sign(unsigned())
    for (const other of [short, secret.replace('kls_', 'kl_'), 'a'.repeat(100)]) {
      const request = { ...signed, headers: { ...signed.headers, 'x-api-key': other } }
      expect(await verifier.verify(request, { permission: 'read' })).toMatchObject({
        denial: 'unknown_key',
        keyId: other,
      })
    }
  })

  it('is refused by the manager before anybody is told, as the id of an imported key too', async () => {
    const told: string[] = []
    const { manager } = createWorld({ manager: { audit: { append: ({ detail }) => void told.push(detail) } } })
    const owned = { owner: OWNER, keyId: secret }
    const refusal = expect.objectContaining({ code: 'ERR_INPUT_INVALID', field: 'keyId' })
    await expect(manager.revoke({ ...owned, reason: 'leaked' })).rejects.toThrow(refusal)
    const fields = { label: '', permissions: ['read'], accounts: null, ipAllowlist: null } as const
    const actor = { role: 'operator', id: 'ops-1' } as const
    const foreign = 'an-id-or-secret-from-elsewhere'
    await expect(manager.import({ ...owned, ...fields, actor, secret: foreign })).rejects.toThrow(refusal)
    expect(told).toEqual([])
    const swapped = { owner: OWNER, keyId: foreign, ...fields, actor, secret }
    await expect(manager.import(swapped)).resolves.toMatchObject({ keyId: foreign })
    expect(told.join()).not.toContain(secret)
  })
})
