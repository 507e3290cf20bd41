import { defineKeyPolicy, standardKeyPolicy } from '../policy/key-policy.js'
import { defineOperations } from '../policy/operations.js'
import { definePermissions } from '../policy/permissions.js'
import type { KeyPolicy, OperationRule, Preset } from '../preset.js'
import { bitfinex as bitfinexScheme } from '../schemes/bitfinex.js'

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

/** "A default configuration would already be available on your screen": of what it consists is ours. */
const everyRead = [
  'account:read',
  'history:read',
  'orders:read',
  'positions:read',
  'funding:read',
  'settings:read',
  'wallets:read',
] as const

/** "asking for your 2FA code …, you will receive an email with a confirmation link". Ours: a rotation needs it too. */
const asNew: OperationRule = { by: ['owner', 'operator'], needs: 'second-factor-and-mail' }
/** "For security reasons, you will be asked for your 2FA code to finalise the edit." */
const withCode: OperationRule = { by: ['owner', 'operator'], needs: 'second-factor' }
/** A token is a child of the key that signed for it. */
const token: OperationRule = { by: ['key'], needs: 'nothing' }

function policy(): KeyPolicy {
  return defineKeyPolicy({
    ...standardKeyPolicy,
    operations: defineOperations({ request: asNew, rotate: asNew, edit: withCode, derive: token }),
    secondFactor: 'required',
    sameBrowser: true,
    keysPerOwner: null,
    allowlistEntries: 20,
    allowlistRanges: false,
    // A key lives until it is revoked.
    defaultLifetimeMs: null,
    maxLifetimeMs: null,
    idleMs: null,
    childDepth: 1,
  })
}

/**
 * Bitfinex: a read and a write flag for each resource, every flag set on its own, so that a key may write what it
 * cannot read. A code and a link in the same browser make a key, a code changes it; a key can make narrower keys, which
 * Bitfinex calls tokens.
 *
 * @source Bitfinex, How to create and revoke an API key, steps 1 to 4, To revoke or edit an existing API Key;
 * https://docs.bitfinex.com/reference/key-permissions; the number of keys and of addresses: support.bitfinex.com article
 * 115003363429; tokens: https://docs.bitfinex.com/reference/generate-token
 */
export const bitfinex: Preset<BitfinexPermission, never, typeof bitfinexScheme> = /* @__PURE__ */ Object.freeze({
  id: 'bitfinex',
  permissions: /* @__PURE__ */ definePermissions({ permissions: order }),
  defaultPermissions: /* @__PURE__ */ Object.freeze(everyRead),
  policy: /* @__PURE__ */ policy(),
  scheme: bitfinexScheme,
})
