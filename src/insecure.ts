/** The named weakenings and nothing else: `grep keylattice/insecure` lists every one a code base uses. */
export { withoutStepUp } from './keys/weakenings.js'
export { evictingRedis } from './stores/redis/weakenings.js'
export { acceptUncovered, ambiguousPaths, noReplayGuard } from './verify/weakenings.js'
