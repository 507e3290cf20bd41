import { invalidOption } from '../options.js'
import type { KeyRules } from '../preset.js'
import { defineOperations } from './operations.js'

/** Rules for a house that states none of its own. */
export const strictRules: KeyRules = /* @__PURE__ */ Object.freeze<KeyRules>({
  operations: /* @__PURE__ */ defineOperations(),
  secondFactor: 'required',
  sameBrowser: true,
  allowlistRanges: true,
  needAllowlist: [],
  lapse: null,
  addressRule: 'off',
  addressPermissions: [],
  terms: null,
  eligibility: false,
  onLeak: 'suspend',
})

const MAX_TERMS = 64

/** @throws {ConfigError} `ERR_OPTION_INVALID`, naming the rule */
export function readKeyRules(where: string, given: KeyRules): KeyRules {
  const { secondFactor, addressRule, addressPermissions, lapse, terms, onLeak } = given
  for (const name of ['sameBrowser', 'allowlistRanges', 'eligibility'] as const) {
    if (typeof given[name] !== 'boolean') throw invalidOption(where, name, 'true or false')
  }
  if (!['off', 'key', 'owner'].includes(addressRule))
    throw invalidOption(where, 'addressRule', "'off', 'key' or 'owner'")
  if (secondFactor !== 'required' && secondFactor !== 'if-activated') {
    throw invalidOption(where, 'secondFactor', "'required' or 'if-activated'")
  }
  if (onLeak !== 'suspend' && onLeak !== 'revoke') throw invalidOption(where, 'onLeak', "'suspend' or 'revoke'")
  if (terms !== null && (typeof terms !== 'string' || terms === '' || terms.length > MAX_TERMS)) {
    throw invalidOption(where, 'terms', `null, or text of up to ${MAX_TERMS} characters`)
  }
  // A rule that binds nothing, or a binding without a rule, would look like a protection and be none.
  if ((addressRule === 'off') !== (addressPermissions.length === 0)) {
    throw invalidOption(where, 'addressPermissions', "given where addressRule is not 'off', and empty where it is")
  }
  return Object.freeze({
    operations: defineOperations(given.operations),
    secondFactor,
    sameBrowser: given.sameBrowser,
    allowlistRanges: given.allowlistRanges,
    needAllowlist: readNames(where, 'needAllowlist', given.needAllowlist),
    lapse: lapse === null ? null : readLapse(where, lapse),
    addressRule,
    addressPermissions: readNames(where, 'addressPermissions', addressPermissions),
    terms,
    eligibility: given.eligibility,
    onLeak,
  })
}

function readLapse(
  where: string,
  { permissions, afterMs }: NonNullable<KeyRules['lapse']>,
): NonNullable<KeyRules['lapse']> {
  if (!Number.isSafeInteger(afterMs) || afterMs < 1) throw invalidOption(where, 'lapse', 'after a whole number of ms')
  return Object.freeze({ permissions: readNames(where, 'lapse', permissions), afterMs })
}

function readNames(where: string, field: string, names: readonly string[]): readonly string[] {
  if (!Array.isArray(names) || !names.every(name => typeof name === 'string')) {
    throw invalidOption(where, field, 'a list of permission names')
  }
  return Object.freeze([...names])
}
