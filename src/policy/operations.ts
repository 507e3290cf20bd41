import { ConfigError } from '../errors.js'
import { invalidOption, readOptions } from '../options.js'
import type { Operation, OperationRule, OperationTable, Role, StepUp } from '../preset.js'

const WHERE = 'defineOperations'
const ROLES: readonly Role[] = ['owner', 'operator', 'key']
const STEP_UPS: readonly StepUp[] = ['nothing', 'second-factor', 'second-factor-and-mail']

/** Operations that change one key, and can therefore wait in it for the link of a mail. */
const CONFIRMABLE: readonly Operation[] = ['request', 'edit', 'renew', 'rotate']

// Constants, not calls: a bundler leaves out a table that nobody uses only if making it calls nothing.
const OWNER: OperationRule = { by: ['owner', 'operator'], needs: 'nothing' }
const OWNER_PROVEN: OperationRule = { by: ['owner', 'operator'], needs: 'second-factor' }
const OWNER_MAILED: OperationRule = { by: ['owner', 'operator'], needs: 'second-factor-and-mail' }
const OPERATOR: OperationRule = { by: ['operator'], needs: 'nothing' }
const OPERATOR_PROVEN: OperationRule = { by: ['operator'], needs: 'second-factor' }

/**
 * The strictest table that is still usable: whatever makes a key, or lets it do more or live longer, needs the second
 * factor, and a new key the mailed link as well. Whatever takes power away needs nothing, since it may be urgent.
 */
const STRICT: OperationTable = /* @__PURE__ */ Object.freeze({
  request: OWNER_MAILED,
  confirm: OWNER,
  resend: OWNER,
  reveal: OWNER,
  register: OWNER,
  edit: OWNER_PROVEN,
  renew: OWNER_PROVEN,
  rotate: OWNER_PROVEN,
  suspend: OWNER,
  resume: OWNER_PROVEN,
  revoke: OWNER,
  revokeAll: OWNER,
  destroy: OWNER,
  destroyAll: OWNER_PROVEN,
  freeze: OWNER,
  thaw: OPERATOR_PROVEN,
  derive: OWNER_PROVEN,
  import: OPERATOR_PROVEN,
  reseal: OPERATOR,
  sweep: OPERATOR,
  reportLeak: OPERATOR,
})

/**
 * A table of operations: the strict one, with the rows given here instead.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`, naming the operation
 */
export function defineOperations(rows: Partial<OperationTable> = {}): OperationTable {
  const names = Object.keys(STRICT) as Operation[]
  const given = readOptions(WHERE, rows, { required: [], optional: names })
  const table: Partial<Record<Operation, OperationRule>> = {}
  for (const name of names) table[name] = checkRule(name, given[name] ?? STRICT[name])
  return Object.freeze(table) as OperationTable
}

function checkRule(name: Operation, { by, needs }: OperationRule): OperationRule {
  if (!Array.isArray(by) || !by.every(role => ROLES.includes(role as Role))) {
    throw invalidOption(WHERE, name, `by any of ${ROLES.join(', ')}`)
  }
  if (!STEP_UPS.includes(needs)) throw invalidOption(WHERE, name, `in need of one of ${STEP_UPS.join(', ')}`)
  if (needs === 'second-factor-and-mail' && !CONFIRMABLE.includes(name)) {
    const message = `${WHERE}: '${name}' cannot wait for a mail; only these can: ${CONFIRMABLE.join(', ')}`
    throw new ConfigError('ERR_OPTION_INVALID', message, { field: name })
  }
  return Object.freeze({ by: Object.freeze([...by]) as readonly Role[], needs })
}
