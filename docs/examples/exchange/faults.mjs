/**
 * What a host can get wrong, done on purpose: set DEMO_FAULT to see that the demo would notice.
 *
 * - `accept-everything`: requests are let in whoever sends them, and what the manager refuses is overlooked
 * - `refuse-everything`: no request is let in
 * - `refuse-operations`: the managers of the houses refuse whatever is asked
 * - `keep-reserved`: the ledger keeps what a cancelled order had reserved
 * - `lax-houses`: the houses have no limits, and their second factor always says yes
 */

import { defineKeyPolicy, defineOperations, KeyError } from 'keylattice'

const WEEK_MS = 604_800_000
const FAULTS = ['accept-everything', 'refuse-everything', 'refuse-operations', 'keep-reserved', 'lax-houses']

export function readFault(name) {
  if (name === undefined || FAULTS.includes(name)) return name
  throw new Error('DEMO_FAULT names no fault of this demo')
}

export function faultyVerifier(fault, verifier) {
  const anybody = { ok: true, principal: { owner: 'alice' } }
  const nobody = { ok: false, denial: 'wrong_signature', keyId: undefined, at: 0, field: undefined }
  if (fault === 'accept-everything') return { verify: async () => anybody }
  return fault === 'refuse-everything' ? { verify: async () => nobody } : verifier
}

export function faultyManager(fault, manager) {
  const overlook = error => {
    if (error instanceof KeyError) return {}
    throw error
  }
  const refuse = async () => {
    throw new KeyError('ERR_OPERATION_FORBIDDEN', 'nobody may do anything')
  }
  const wrap = {
    'accept-everything': method => request => method(request).catch(overlook),
    'refuse-operations': () => refuse,
  }[fault]
  if (wrap === undefined) return manager
  return Object.fromEntries(Object.entries(manager).map(([name, method]) => [name, wrap(method)]))
}

/** What a house hands to its manager and its verifier, without its limits. */
export function faultyHouse(fault, house) {
  if (fault !== 'lax-houses') return house
  const { policy } = house
  const open = ({ needs }) => ({ by: ['owner', 'operator'], needs })
  const operations = Object.entries(policy.operations).map(([name, rule]) => [name, open(rule)])
  const limits = ['keysPerOwner', 'allowlistEntries', 'defaultLifetimeMs', 'maxLifetimeMs', 'terms']
  return {
    ...house,
    policy: defineKeyPolicy({
      ...policy,
      ...Object.fromEntries(limits.map(name => [name, null])),
      ...{ allowlistRanges: true, sameBrowser: false, confirmationMs: WEEK_MS, eligibility: false },
      operations: defineOperations(Object.fromEntries(operations)),
    }),
    secondFactor: () => true,
    addressBook: () => true,
  }
}
