import { bodyChanges } from './body-changes.js'
import type { ChangeGroup } from './change.js'
import { clockReadTwice, nonceChanges, nonceTakenTwice, timeChanges } from './claim-changes.js'
import type { MistakeCode } from './mistakes.js'
import { addedParts, missingParts, partOrders, separators } from './part-changes.js'
import { orderChanges, parameterChanges, queryChanges } from './query-changes.js'
import { contentTypeChanges, keyIdChanges, methodChanges, pathChanges, windowChanges } from './request-changes.js'
import { decodedFields, digestChanges, hostChanges, queryMarks, wholeStringChanges } from './string-changes.js'

/** All there is, in the order in which a client makes them, the likelier ones first. */
export const GROUPS: readonly ChangeGroup[] = [
  bodyChanges,
  queryChanges,
  parameterChanges,
  pathChanges,
  methodChanges,
  contentTypeChanges,
  windowChanges,
  keyIdChanges,
  orderChanges,
  queryMarks,
  timeChanges,
  nonceChanges,
  clockReadTwice,
  nonceTakenTwice,
  hostChanges,
  digestChanges,
  separators,
  missingParts,
  partOrders,
  decodedFields,
  addedParts,
  wholeStringChanges,
]

/** What hardly anybody does, where something else explains the signature as well. */
export const RARE: readonly MistakeCode[] = [
  'query-body-swapped',
  'part-added',
  'part-order',
  'part-left-out',
  'method-other',
  'body-charset',
  'path-encoding',
  'string-case',
]
