import { defineOperations } from '../policy/operations.js'
import type { Operation, OperationRule, OperationTable } from '../preset.js'

/**
 * A table of operations that need neither a second factor nor a confirmed mail: whoever has an owner's session has the
 * owner's keys. For tests, and for houses that step up in front of the library. Operator-only rows stay so.
 */
export const withoutStepUp: OperationTable = /* @__PURE__ */ defineOperations(
  Object.fromEntries(
    Object.entries(defineOperations()).map(([name, { by }]) => [name, { by, needs: 'nothing' }]),
  ) as Record<Operation, OperationRule>,
)
