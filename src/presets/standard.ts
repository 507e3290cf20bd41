import { defineKeyPolicy, standardKeyPolicy } from '../policy/key-policy.js'
import { defineOperations } from '../policy/operations.js'
import { definePermissions } from '../policy/permissions.js'
import type { KeyPolicy, OperationRule, Preset } from '../preset.js'
import { hmacV1 } from '../schemes/hmac-v1.js'

const order = {
  /** Balances, orders, history. */
  read: [],
  /** Place and cancel orders. */
  trade: ['read'],
  /** Move funds out. */
  withdraw: ['read'],
} as const

export type StandardPermission = keyof typeof order

const DAY_MS = 86_400_000

/** What widens a key, prolongs it or shows a new secret needs what a new key needs. */
const asNew: OperationRule = { by: ['owner', 'operator'], needs: 'second-factor-and-mail' }

function policy(): KeyPolicy {
  return defineKeyPolicy({
    ...standardKeyPolicy,
    operations: defineOperations({ request: asNew, edit: asNew, renew: asNew, rotate: asNew }),
    needAllowlist: ['withdraw'],
    lapse: { permissions: ['trade'], afterMs: 30 * DAY_MS },
    cooldownMs: DAY_MS,
  })
}

/**
 * What most exchanges offer: reading, and above it trading and withdrawing, neither of which holds the other. The
 * strictest rules that are still usable: `standardKeyPolicy`, and beyond it no withdrawing without an IP allowlist, no
 * trading without one for longer than 30 days, and nothing new for 24 hours after a key was widened.
 *
 * @source the allowlist for withdrawals and the 30 days: Binance, announcement of 2021-07-08
 */
export const standard: Preset<StandardPermission, 'full', typeof hmacV1> = /* @__PURE__ */ Object.freeze({
  id: 'standard',
  permissions: /* @__PURE__ */ definePermissions({ permissions: order, aliases: { full: 'top' } }),
  defaultPermissions: /* @__PURE__ */ Object.freeze(['read'] as const),
  policy: /* @__PURE__ */ policy(),
  scheme: hmacV1,
})
