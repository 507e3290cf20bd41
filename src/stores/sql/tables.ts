import { invalidOption } from '../../options.js'

/** Names of the tables, ready for SQL. */
export interface Tables {
  readonly meta: string
  readonly keys: string
  readonly claims: string
  readonly windows: string
  readonly usage: string
  readonly audit: string
}

const PREFIX = /^(?!sqlite_)[a-z][a-z0-9_]{0,31}$/

/** @throws {ConfigError} `ERR_OPTION_INVALID` for a prefix that could not go into SQL as it is */
export function nameTables(where: string, prefix: unknown = 'keylattice_'): Tables {
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    throw invalidOption(where, 'tablePrefix', 'a–z, then up to 31 of a–z, 0–9 and _, and not begin with sqlite_')
  }
  return {
    meta: `${prefix}meta`,
    keys: `${prefix}keys`,
    claims: `${prefix}claims`,
    windows: `${prefix}windows`,
    usage: `${prefix}usage`,
    audit: `${prefix}audit`,
  }
}
