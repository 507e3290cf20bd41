import { definePermissions } from '../policy/permissions.js'
import type { Preset } from '../preset.js'

const order = {
  /** Balances, orders, history. */
  read: [],
  /** Place and cancel orders. */
  trade: ['read'],
  /** Move funds out. */
  withdraw: ['read'],
} as const

export type StandardPermission = keyof typeof order

/** What most exchanges offer: reading, and above it trading and withdrawing, neither of which holds the other. */
export const standard: Preset<StandardPermission, 'full'> = /* @__PURE__ */ Object.freeze({
  id: 'standard',
  permissions: /* @__PURE__ */ definePermissions({ permissions: order, aliases: { full: 'top' } }),
})
