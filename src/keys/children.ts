import { KeyError } from '../errors.js'
import type { KeyRecord } from '../key.js'
import { viewKey } from './codec.js'
import { draftKey, insertKey } from './creating.js'
import { type Asked, type Desk, load, schemeFor } from './desk.js'
import type { DeriveKey, IssuedKey } from './manager-types.js'

/** Makes a key from a key: never above it, now or later, and ended with it. */
export async function deriveKey(desk: Desk, request: DeriveKey<string>, asked: Asked): Promise<IssuedKey> {
  const { owner, keyId: parentId, ...wanted } = request
  const parent = await load(desk, { owner, keyId: parentId })
  if (parent.state !== 'active')
    throw new KeyError('ERR_KEY_STATE', `the parent key is ${parent.state}`, { field: 'state' })
  await refuseTooDeep(desk, parent)
  const expiresAt = wanted.expiresAt === undefined ? parent.expiresAt : wanted.expiresAt
  const child = await draftKey(desk, { owner, ...wanted, expiresAt, scheme: parent.scheme }, parent)
  await asked.admit()
  const { stored, secret } = await desk.issue({
    scheme: schemeFor(desk, child.scheme),
    key: child,
    version: 1,
    now: child.createdAt,
  })
  const record: KeyRecord = { ...child, secrets: [stored] }
  await insertKey(desk, record)
  return { key: viewKey(record, record.createdAt), credentials: { keyId: record.keyId, secret } }
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
