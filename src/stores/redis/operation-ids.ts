import { randomText } from '../../crypto/random.js'

/**
 * Gives each write an id of its own. It is stored with what was written: a driver may send a command again after its
 * connection broke, and this is how a write finds that it has already been done, by itself.
 */
export function createOperationIds(): () => string {
  let origin: string | undefined
  let count = 0
  return () => {
    // Not before it is needed: workers have no random values outside of a handler.
    origin ??= randomText(10)
    return origin + (count++).toString(36)
  }
}
