import { defineKeyPolicy, standardKeyPolicy } from '../policy/key-policy.js'
import { defineOperations } from '../policy/operations.js'
import { definePermissions } from '../policy/permissions.js'
import type { KeyPolicy, OperationRule, Preset } from '../preset.js'
import { bitexbitV2 } from '../schemes/bitexbit-v2.js'

const order = {
  /** "Read only": balances, open positions, account data. */
  'read-only': [],
  /** "Can trade": buy and sell, and read. */
  'can-trade': ['read-only'],
  /** "Can withdraw": withdraw, and everything below, which is full access. */
  'can-withdraw': ['can-trade'],
} as const

export type BitexbitPermission = keyof typeof order

/** "Copy and save the Access Key and Private Key": at once, without a mail. */
const atOnce: OperationRule = { by: ['owner', 'operator'], needs: 'second-factor' }
/** "click Delete in the corresponding field"; "click Delete all". */
const click: OperationRule = { by: ['owner', 'operator'], needs: 'nothing' }

function policy(): KeyPolicy {
  return defineKeyPolicy({
    ...standardKeyPolicy,
    operations: defineOperations({ request: atOnce, destroy: click, destroyAll: click }),
    secondFactor: 'if-activated',
    keysPerOwner: 16,
    allowlistRanges: false,
    addressRule: 'owner',
    addressPermissions: ['can-withdraw'],
    // A key lives until it is deleted.
    defaultLifetimeMs: null,
    maxLifetimeMs: null,
    idleMs: null,
    childDepth: 0,
  })
}

/**
 * bitexbit: a chain, each right holding the one before; the form calls the last one "can withdraw/full access". Up to 16
 * keys, and withdrawals to the owner's address list only: `addressBook` of the verifier, which answers `true` for an
 * owner who has Address Management switched off.
 *
 * Its clients sign by one of three dialects, `bitexbit-v2` here; the others are `bitexbit-v1` and `bitexbit-gateway`.
 *
 * @source bitexbit, What is API management, three types of access, How to set up API management
 */
export const bitexbit: Preset<BitexbitPermission, 'full-access', typeof bitexbitV2> = /* @__PURE__ */ Object.freeze({
  id: 'bitexbit',
  permissions: /* @__PURE__ */ definePermissions({ permissions: order, aliases: { 'full-access': 'top' } }),
  defaultPermissions: /* @__PURE__ */ Object.freeze(['read-only'] as const),
  policy: /* @__PURE__ */ policy(),
  scheme: bitexbitV2,
})
