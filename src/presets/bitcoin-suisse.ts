import { defineKeyPolicy, standardKeyPolicy } from '../policy/key-policy.js'
import { defineOperations } from '../policy/operations.js'
import { definePermissions } from '../policy/permissions.js'
import type { KeyPolicy, Preset } from '../preset.js'
import { bitcoinSuisse as scheme } from '../schemes/bitcoin-suisse.js'

const order = {
  /** "Read Only": read information. */
  'read-only': [],
  /** "Trading": read and place orders, not move funds. */
  trading: ['read-only'],
  /** "Deposit & Withdrawal": read and create deposits and withdrawals, not place orders. */
  'deposit-withdrawal': ['read-only'],
} as const

export type BitcoinSuissePermission = keyof typeof order

const DAY_MS = 86_400_000

function policy(): KeyPolicy {
  return defineKeyPolicy({
    ...standardKeyPolicy,
    operations: defineOperations({
      // "read and confirm the disclaimer. Now you are presented with your API Key": no mail in between.
      request: { by: ['owner', 'operator'], needs: 'second-factor' },
      // "please contact your Relationship Manager to configure this for you".
      edit: { by: ['operator'], needs: 'second-factor' },
      // "After this, a new API Key has to be generated."
      renew: { by: [], needs: 'nothing' },
    }),
    eligibility: true,
    terms: 'disclaimer',
    // "a limited amount of time"; how long is ours.
    defaultLifetimeMs: 90 * DAY_MS,
    maxLifetimeMs: 365 * DAY_MS,
    idleMs: null,
    childDepth: 0,
  })
}

/**
 * Bitcoin Suisse: two rights above reading, neither of which holds the other; "Full Access" is all functionality. API
 * access is granted by the relationship manager (`eligible` of the manager), who also changes permissions; keys expire,
 * are deleted and made anew.
 *
 * What its clients sign is not public in full, so the scheme must be told.
 *
 * @source Bitcoin Suisse, API Keys, chapters 1 to 3
 */
export const bitcoinSuisse: Preset<BitcoinSuissePermission, 'full-access', typeof scheme> =
  /* @__PURE__ */ Object.freeze({
    id: 'bitcoin-suisse',
    permissions: /* @__PURE__ */ definePermissions({ permissions: order, aliases: { 'full-access': 'top' } }),
    defaultPermissions: /* @__PURE__ */ Object.freeze([]),
    policy: /* @__PURE__ */ policy(),
    scheme,
  })
