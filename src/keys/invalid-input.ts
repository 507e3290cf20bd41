import { KeyError } from '../errors.js'

/** Says which field of a request is wrong, and how. The value itself is never shown. */
export function invalidInput(field: string, why: string): KeyError {
  return new KeyError('ERR_INPUT_INVALID', `'${field}' ${why}`, { field })
}
