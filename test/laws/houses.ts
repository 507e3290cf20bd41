/** Houses whose keys live at random, and what each of them runs: a manager and a verifier over one store. */

import {
  createKeyManager,
  createVerifier,
  defineKeyPolicy,
  defineOperations,
  definePermissions,
  type KeyManager,
  type KeyManagerOptions,
  type KeyPolicy,
  type KeyStore,
  type Mint,
  type Operation,
  type PermissionModel,
  type Sealer,
  standardKeyPolicy,
  type Verifier,
} from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { CONFIRMATION_MS, type House, MAX_OVERLAP_MS, MIN_LIFETIME_MS, type NaiveCeiling } from './naive-keys.js'

const DAY = 86_400_000

const PLAIN: House = {
  name: 'plain',
  implications: { read: [], trade: ['read'], withdraw: ['read'] },
  aliases: { full: ['trade', 'withdraw'] },
  exclusions: [],
  mails: [],
  keysPerOwner: 4,
  childDepth: 2,
  maxLifetimeMs: 365 * DAY,
  defaultLifetimeMs: 90 * DAY,
  cooldownMs: 0,
  lapse: null,
  needAllowlist: [],
  addressPermissions: [],
  asksOwner: false,
}

export const HOUSES: readonly House[] = [
  PLAIN,
  {
    ...PLAIN,
    name: 'a chain that lapses',
    implications: { read: [], trade: ['read'], withdraw: ['trade'] },
    aliases: { full: ['withdraw'] },
    mails: ['request'],
    lapse: { permissions: ['trade'], afterMs: 20 * DAY },
    cooldownMs: 2 * DAY,
  },
  {
    ...PLAIN,
    name: 'exclusions',
    implications: { read: [], order: ['read'], cancel: ['read'], withdraw: [] },
    aliases: { maker: ['order'], mover: ['withdraw', 'cancel'] },
    exclusions: [['order', 'cancel']],
    mails: ['edit', 'rotate'],
    needAllowlist: ['withdraw'],
    cooldownMs: DAY,
  },
  {
    ...PLAIN,
    name: 'a diamond with addresses',
    implications: { read: [], left: ['read'], right: ['read'], both: ['left', 'right'] },
    aliases: { sides: ['left', 'right'] },
    mails: ['request', 'edit', 'renew', 'rotate'],
    addressPermissions: ['right'],
    childDepth: 1,
  },
  {
    ...PLAIN,
    name: 'unrelated permissions',
    implications: { a: [], b: [], c: [], d: [], e: [], f: [] },
    aliases: { ab: ['a', 'b'] },
    mails: ['renew'],
    maxLifetimeMs: null,
    defaultLifetimeMs: null,
    childDepth: 3,
    asksOwner: true,
  },
  {
    ...PLAIN,
    name: 'everything at once',
    keysPerOwner: 6,
    lapse: { permissions: ['trade', 'withdraw'], afterMs: 10 * DAY },
    cooldownMs: 5 * DAY,
    needAllowlist: ['full'],
    addressPermissions: ['withdraw'],
    asksOwner: true,
  },
]

export const scheme = hmacV1({ audience: 'api.example.com' })

/** Sealing is not what is tried here, and its cost would be most of the time. */
const sealer: Sealer = {
  seal: plaintext => `x${Array.from(plaintext, byte => byte.toString(16).padStart(2, '0')).join('')}`,
  open: sealed => Uint8Array.from(sealed.slice(1).match(/../g) ?? [], pair => Number.parseInt(pair, 16)),
  keyIdOf: () => 'k1',
}

/** What a house needs to live. */
export interface Surroundings {
  readonly keys: KeyStore
  /** What the verifier reads; the same, unless something is to go wrong. */
  readonly keysToVerify: KeyStore
  readonly clock: () => number
  /** What the manager is told that the owner has. */
  readonly ceiling: () => NaiveCeiling
  /** What the verifier is told; `null` = nothing, the owner is frozen. */
  readonly ceilingNow: () => NaiveCeiling | null
  readonly mailed: (token: string) => void
}

export interface Running {
  readonly manager: KeyManager
  readonly verifier: Verifier
}

const compiled = new Map<House, { readonly permissions: PermissionModel<string, string>; readonly policy: KeyPolicy }>()

export function runHouse(house: House, around: Surroundings): Running {
  const made = compiled.get(house) ?? compile(house)
  compiled.set(house, made)
  const remembered = { claim: () => true, advance: () => true }
  const shared = { ...made, schemes: [scheme], sealer, clock: around.clock }
  const options: KeyManagerOptions<string, string> = {
    ...shared,
    keys: around.keys,
    ceiling: around.ceiling,
    mint: createCountingMint(),
    secondFactor: () => true,
    replay: remembered,
    sendConfirmation: ({ token }) => around.mailed(token),
  }
  const { policy: _, ...judging } = shared
  const ownerCeiling = house.asksOwner ? { ownerCeiling: around.ceilingNow } : {}
  const verifier = createVerifier({ ...judging, ...ownerCeiling, keys: around.keysToVerify, replay: remembered })
  return { manager: createKeyManager(options), verifier }
}

function compile(house: House) {
  const { implications, aliases, exclusions, addressPermissions, mails } = house
  const mailed = mails.map((name): [Operation, unknown] => [
    name,
    { by: ['owner', 'operator'], needs: 'second-factor-and-mail' },
  ])
  const policy = defineKeyPolicy({
    ...standardKeyPolicy,
    keysPerOwner: house.keysPerOwner,
    childDepth: house.childDepth,
    minLifetimeMs: MIN_LIFETIME_MS,
    maxLifetimeMs: house.maxLifetimeMs,
    defaultLifetimeMs: house.defaultLifetimeMs,
    maxRotationOverlapMs: MAX_OVERLAP_MS,
    confirmationMs: CONFIRMATION_MS,
    idleMs: null,
    cooldownMs: house.cooldownMs,
    lapse: house.lapse,
    needAllowlist: house.needAllowlist,
    addressRule: addressPermissions.length > 0 ? 'key' : 'off',
    addressPermissions,
    sameBrowser: false,
    operations: defineOperations({ ...withoutStepUp, ...Object.fromEntries(mailed) }),
  })
  return { policy, permissions: definePermissions<string, string>({ permissions: implications, aliases, exclusions }) }
}

/** Names keys and secrets by their number, so that a seed gives the same life each time. */
function createCountingMint(): Mint {
  let keys = 0
  let secrets = 0
  return {
    mintKeyId: () => `k${keys++}`,
    mintSecret: () => new TextEncoder().encode(`a-secret-of-a-random-life-${secrets++}`),
    mintPassphrase: () => new TextEncoder().encode(`passphrase-${secrets++}`),
  }
}
