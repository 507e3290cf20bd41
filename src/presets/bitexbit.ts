import { definePermissions } from '../policy/permissions.js'
import type { Preset } from '../preset.js'

const order = {
  /** "Read only": balances, open positions, account data. */
  'read-only': [],
  /** "Can trade": buy and sell, and read. */
  'can-trade': ['read-only'],
  /** "Can withdraw": withdraw, and everything below, which is full access. */
  'can-withdraw': ['can-trade'],
} as const

export type BitexbitPermission = keyof typeof order

/**
 * bitexbit: a chain, each right holding the one before; the form calls the last one "can withdraw/full access".
 *
 * @source bitexbit, What is API management, three types of access
 */
export const bitexbit: Preset<BitexbitPermission, 'full-access'> = /* @__PURE__ */ Object.freeze({
  id: 'bitexbit',
  permissions: /* @__PURE__ */ definePermissions({ permissions: order, aliases: { 'full-access': 'top' } }),
})
