import { definePermissions } from '../policy/permissions.js'
import type { Preset } from '../preset.js'

const order = {
  /** "Account information". */
  'account:read': [],
  'account:write': [],
  /** "Account history". */
  'history:read': [],
  'history:write': [],
  /** "Orders". */
  'orders:read': [],
  'orders:write': [],
  /** "Margin trading": view and claim positions. */
  'positions:read': [],
  'positions:write': [],
  /** "Margin funding". */
  'funding:read': [],
  'funding:write': [],
  'settings:read': [],
  'settings:write': [],
  /** "Wallets": balances and addresses; transfers between one's own wallets. */
  'wallets:read': [],
  'wallets:write': [],
  /** "Withdrawals": there is nothing to read. */
  'withdraw:write': [],
} as const

export type BitfinexPermission = keyof typeof order

/**
 * Bitfinex: a read and a write flag for each resource, every flag set on its own, so that a key may write what it
 * cannot read.
 *
 * @source Bitfinex, How to create and revoke an API key, step 2; https://docs.bitfinex.com/reference/key-permissions
 */
export const bitfinex: Preset<BitfinexPermission, never> = /* @__PURE__ */ Object.freeze({
  id: 'bitfinex',
  permissions: /* @__PURE__ */ definePermissions({ permissions: order }),
})
