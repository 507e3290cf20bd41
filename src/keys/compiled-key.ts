import type { Grant, KeyRecord, PermissionModel } from '../key.js'
import { type Allowlist, compileAllowlist } from '../policy/ip-allowlist.js'
import type { KeyRow } from '../store.js'
import { decodeKey } from './codec.js'
import { type CompiledSecret, compileSecrets, corrupt, type SecretCompilerOptions } from './compiled-secret.js'

/** The caller, once a request has been verified. One frozen object per key version, shared by its requests. */
export interface Principal {
  readonly keyId: string
  readonly owner: string
  readonly label: string
  readonly scheme: string
  /** Permission names as granted. */
  readonly permissions: readonly string[]
  /** The same as bits, for `permissions.covers(principal.grant, …)`. */
  readonly grant: Grant
  /** Accounts the key may act for; `null` = all of the owner's. */
  readonly accounts: readonly string[] | null
  /** Epoch ms. */
  readonly expiresAt: number | null
  /** Whether the key has an IP allowlist. */
  readonly ipRestricted: boolean
  /** Epoch ms at which the secret that proved this stops passing, where it is being rotated out; else `null`. */
  readonly secretEndsAt: number | null
}

/** A lesser grant, before or from an instant (epoch ms). */
export interface Phase {
  readonly at: number
  readonly grant: Grant
}

/** A key made ready for the request path, which only reads it. */
export interface CompiledKey {
  /** The row it was made from; equal text means the same key. */
  readonly source: string
  readonly record: KeyRecord
  /** Newest first, so that a rotated key's usual request costs one MAC. */
  readonly secrets: readonly CompiledSecret[]
  readonly allowlist: Allowlist
  /** `null` = all accounts. */
  readonly accounts: ReadonlySet<string> | null
  /** What narrows the key for a time, or from a time on; `null` for nearly every key. */
  readonly narrowed: { readonly lapse: Phase | null; readonly cooldown: Phase | null } | null
  /** Permissions bound to withdrawal addresses; empty where the rule is `off`. */
  readonly addressBound: readonly Grant[]
  readonly principal: Principal
  /** The same key, to whoever proves the older of its two secrets; `null` where it has one. */
  readonly retiring: CompiledKey | null
  /** The answer to every request this key may make. */
  readonly allowed: { readonly ok: true; readonly principal: Principal }
}

export interface KeyCompilerOptions extends SecretCompilerOptions {
  readonly permissions: PermissionModel
}

/**
 * Turns stored rows into compiled keys: parses and checks the record, opens its secrets, prepares the MAC state, the
 * permission bits and the address ranges.
 *
 * The compiler rejects with `KeyError` `ERR_KEY_CORRUPT`, or with the sealer's `SealError`.
 */
export function createKeyCompiler(options: KeyCompilerOptions): (row: KeyRow) => Promise<CompiledKey> {
  const permissionModel = options.permissions
  return async row => {
    const record = decodeKey(row)
    const grant = corruptUnless('permissions', () => permissionModel.parse(record.permissions))
    const { lapse, cooldown } = corruptUnless('lapse', () => phasesOf(record, grant, permissionModel))
    const bound = record.addressRule === 'off' ? [] : record.addressPermissions
    const addressBound = corruptUnless('addressPermissions', () => bound.map(name => permissionModel.parse([name])))
    const allowlist = corruptUnless('ipAllowlist', () => compileAllowlist(record.ipAllowlist))
    const secrets = await compileSecrets(record, options)
    const { keyId, owner, label, scheme, expiresAt } = record
    const permissions = Object.freeze([...record.permissions])
    const accounts = record.accounts && Object.freeze([...record.accounts])
    const ipRestricted = record.ipAllowlist !== null
    const principal = Object.freeze({
      keyId,
      owner,
      label,
      scheme,
      permissions,
      grant,
      accounts,
      expiresAt,
      ipRestricted,
      secretEndsAt: null,
    })
    const allowed = Object.freeze({ ok: true, principal } as const)
    const key: CompiledKey = {
      source: row.record,
      ...{ record, secrets, allowlist, principal, allowed, addressBound },
      accounts: accounts && new Set(accounts),
      narrowed: lapse === null && cooldown === null ? null : { lapse, cooldown },
      retiring: null,
    }
    return secrets.length < 2 ? key : { ...key, retiring: retiringOf(key) }
  }
}

/** The same key to whoever proves its older secret. */
function retiringOf(key: CompiledKey): CompiledKey {
  const secretEndsAt = key.record.secrets.find(({ notAfter }) => notAfter !== null)?.notAfter ?? null
  const principal = Object.freeze({ ...key.principal, secretEndsAt })
  return { ...key, principal, allowed: Object.freeze({ ok: true, principal } as const) }
}

function phasesOf(
  { lapse, cooldown }: KeyRecord,
  grant: Grant,
  model: PermissionModel,
): { lapse: Phase | null; cooldown: Phase | null } {
  return {
    lapse: lapse && { at: lapse.at, grant: without(grant, lapse.permissions, model) },
    cooldown: cooldown && { at: cooldown.until, grant: model.meet(grant, model.parse(cooldown.permissions)) },
  }
}

/** A grant without these permissions and without all that imply them. */
export function without(grant: Grant, names: readonly string[], model: PermissionModel): Grant {
  const gone = names.map(name => model.parse([name]))
  const kept = model.names.filter(name => {
    const one = model.parse([name])
    return model.covers(grant, one) && !gone.some(lost => model.covers(one, lost))
  })
  return model.parse(kept)
}

/** A stored value this library would refuse to store was changed by somebody else: that key is corrupt. */
function corruptUnless<T>(field: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw corrupt(field, cause)
  }
}
