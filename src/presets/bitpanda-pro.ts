import { definePermissions } from '../policy/permissions.js'
import type { Preset } from '../preset.js'

const order = {
  /** "Read": every GET endpoint. */
  read: [],
  /** "Trade": place and cancel orders, which is POST and DELETE of the order endpoints. */
  trade: [],
  /** "Withdraw": deposit and withdraw. */
  withdraw: [],
} as const

export type BitpandaProPermission = keyof typeof order

/**
 * Bitpanda Pro: three rights in any combination, so that a key may trade without being able to read.
 *
 * @source Bitpanda Pro, How to manage your API keys: Creating an API key, Permissions
 */
export const bitpandaPro: Preset<BitpandaProPermission, never> = /* @__PURE__ */ Object.freeze({
  id: 'bitpanda-pro',
  permissions: /* @__PURE__ */ definePermissions({ permissions: order }),
})
