import { KeyError } from '../errors.js'
import type { KeyRecord } from '../key.js'
import { viewKey } from './codec.js'
import { draftKey, insertKey } from './creating.js'
import { type Asked, type Desk, load, schemeFor } from './desk.js'
import type { DerivedKey, DeriveKey } from './manager-types.js'
import { expectChosen } from './passphrase.js'

/** Makes a key from a key: never above it, now or later, and ended with it. */
export async function deriveKey(desk: Desk, request: DeriveKey<string>, asked: Asked): Promise<DerivedKey> {
  const { owner, keyId: parentId, passphrase, ...wanted } = request
  const parent = await load(desk, { owner, keyId: parentId })
  if (parent.state !== 'active')
    throw new KeyError('ERR_KEY_STATE', `the parent key is ${parent.state}`, { field: 'state' })
  await refuseTooDeep(desk, parent)
  const scheme = schemeFor(desk, parent.scheme)
  const hasSecrets = scheme.proof.kind !== 'signature'
  expectChosen(scheme, passphrase)
  const expiresAt = wanted.expiresAt === undefined ? parent.expiresAt : wanted.expiresAt
  const child = await draftKey(desk, { owner, ...wanted, expiresAt, scheme: parent.scheme }, parent)
  await asked.admit()
  const { createdAt: now } = child
  const issued = hasSecrets ? await desk.issue({ scheme, key: child, version: 1, now, passphrase }) : undefined
  const record: KeyRecord = { ...child, secrets: issued ? [issued.stored] : [] }
  await insertKey(desk, record)
  return { key: viewKey(record, now), credentials: issued?.credentials ?? null }
}

async function refuseTooDeep(desk: Desk, parent: KeyRecord): Promise<void> {
  let generation = 1
  for (let key = parent; key.parent !== null; generation++)
    key = await load(desk, { owner: key.owner, keyId: key.parent })
  if (generation <= desk.policy.childDepth) return
  throw new KeyError('ERR_POLICY_VIOLATED', `a key may have ${desk.policy.childDepth} generations of child keys`, {
    field: 'parent',
  })
}
