import { definePermissions } from '../policy/permissions.js'
import type { Preset } from '../preset.js'

const order = {
  /** "Read Only": read information. */
  'read-only': [],
  /** "Trading": read and place orders, not move funds. */
  trading: ['read-only'],
  /** "Deposit & Withdrawal": read and create deposits and withdrawals, not place orders. */
  'deposit-withdrawal': ['read-only'],
} as const

export type BitcoinSuissePermission = keyof typeof order

/**
 * Bitcoin Suisse: two rights above reading, neither of which holds the other; "Full Access" is all functionality.
 *
 * @source Bitcoin Suisse, API Keys, 1. Activate API usage for your account
 */
export const bitcoinSuisse: Preset<BitcoinSuissePermission, 'full-access'> = /* @__PURE__ */ Object.freeze({
  id: 'bitcoin-suisse',
  permissions: /* @__PURE__ */ definePermissions({ permissions: order, aliases: { 'full-access': 'top' } }),
})
