/** Marks the functions that `protect` made, so that a list of handlers tells where they stand. */
const GUARD: unique symbol = /* @__PURE__ */ Symbol('keylattice guard')

export function markGuard<T extends object>(handler: T): T {
  return Object.assign(handler, { [GUARD]: true })
}

export function isGuard(handler: unknown): boolean {
  return typeof handler === 'function' && Object.hasOwn(handler, GUARD)
}
