import { defineKeyPolicy, standardKeyPolicy } from '../policy/key-policy.js'
import { defineOperations } from '../policy/operations.js'
import { definePermissions } from '../policy/permissions.js'
import type { KeyPolicy, OperationRule, Preset } from '../preset.js'
import { bearer } from '../schemes/bearer.js'

const order = {
  /** "Read": every GET endpoint. */
  read: [],
  /** "Trade": place and cancel orders, which is POST and DELETE of the order endpoints. */
  trade: [],
  /** "Withdraw": deposit and withdraw. */
  withdraw: [],
} as const

export type BitpandaProPermission = keyof typeof order

const MINUTE_MS = 60_000

/** "enter the six-digit 2FA code …, You will now receive a confirmation email". Ours: editing and rotating need it too. */
const asNew: OperationRule = { by: ['owner', 'operator'], needs: 'second-factor-and-mail' }

function policy(): KeyPolicy {
  return defineKeyPolicy({
    ...standardKeyPolicy,
    operations: defineOperations({ request: asNew, edit: asNew, renew: asNew, rotate: asNew }),
    secondFactor: 'if-activated',
    sameBrowser: false,
    confirmationMs: 30 * MINUTE_MS,
    allowlistEntries: 5,
    allowlistRanges: false,
    // A key lives until it is deleted.
    defaultLifetimeMs: null,
    maxLifetimeMs: null,
    idleMs: null,
    childDepth: 0,
  })
}

/**
 * Bitpanda Pro: three rights in any combination, so that a key may trade without being able to read; up to five
 * addresses; a code, where the owner has activated two-factor authentication, and a link that is good for 30 minutes.
 *
 * @source Bitpanda Pro, How to manage your API keys: Creating an API key, Permissions, Deleting an API key. The scheme:
 * ccxt 4.5.84 `onetrading.js`, `sign`
 */
export const bitpandaPro: Preset<BitpandaProPermission, never, typeof bearer> = /* @__PURE__ */ Object.freeze({
  id: 'bitpanda-pro',
  permissions: /* @__PURE__ */ definePermissions({ permissions: order }),
  defaultPermissions: /* @__PURE__ */ Object.freeze([]),
  policy: /* @__PURE__ */ policy(),
  scheme: bearer,
})
