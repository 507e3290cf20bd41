import { ConfigError } from '../errors.js'
import { invalidOption, readOptions } from '../options.js'
import type { Operation, OperationRule, OperationTable, Role, StepUp } from '../preset.js'

const WHERE = 'defineOperations'
const ROLES: readonly Role[] = ['owner', 'operator', 'key']
const STEP_UPS: readonly StepUp[] = ['nothing', 'second-factor', 'second-factor-and-mail']

/** Operations that change one key, and can therefore wait in it for the link of a mail. */
const CONFIRMABLE: readonly Operation[] = ['request', 'edit', 'renew', 'rotate']

const owner = (needs: StepUp): OperationRule => ({ by: ['owner', 'operator'], needs })
const operator = (needs: StepUp): OperationRule => ({ by: ['operator'], needs })

/**
 * The strictest table that is still usable: whatever makes a key, or lets it do more or live longer, needs the second
 * factor, and a new key the mailed link as well. Whatever takes power away needs nothing, since it may be urgent.
 */
const STRICT: OperationTable = /* @__PURE__ */ Object.freeze({
  request: owner('second-factor-and-mail'),
  confirm: owner('nothing'),
  resend: owner('nothing'),
  reveal: owner('nothing'),
  edit: owner('second-factor'),
  renew: owner('second-factor'),
  rotate: owner('second-factor'),
  suspend: owner('nothing'),
  resume: owner('second-factor'),
  revoke: owner('nothing'),
  revokeAll: owner('nothing'),
  destroy: owner('nothing'),
  destroyAll: owner('second-factor'),
  freeze: owner('nothing'),
  thaw: operator('second-factor'),
  derive: owner('second-factor'),
  import: operator('second-factor'),
  reseal: operator('nothing'),
  sweep: operator('nothing'),
  reportLeak: operator('nothing'),
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
