/**
 * Lets a Redis be used that evicts keys when its memory is full, or does not tell whether it does: a nonce that was
 * evicted passes again, and so does nothing warn of it. It reaches hosts through `keylattice/insecure` only.
 */
export const evictingRedis: unique symbol = Symbol('keylattice.evictingRedis')
