import { wrongRoutes } from './check.js'
import { neededBy } from './requires.js'

type Constructor = abstract new (...values: never[]) => unknown

/** What is used of the `ModulesContainer` of `@nestjs/core`. */
export interface NestModules {
  values(): Iterable<{
    readonly controllers: { values(): Iterable<{ readonly metatype: unknown }> }
  }>
}

/** Where Nest keeps the path of a handler. */
const PATH = 'path'

/** @throws {ConfigError} naming the handlers that need nothing that is said */
export function checkDecorated(modules: NestModules): void {
  const undecorated: string[] = []
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) undecorated.push(...undecoratedOf(metatype as Constructor))
  }
  if (undecorated.length > 0) {
    throw wrongRoutes("have no @Requires, so nobody may call them: add @Requires('…')", undecorated)
  }
}

function undecoratedOf(controller: Constructor): readonly string[] {
  const handlers = [...methodsOf(controller.prototype as object)].filter(([, method]) => isHandler(method))
  return handlers
    .filter(([, method]) => neededBy(method, controller) === undefined)
    .map(([name]) => `${controller.name}.${name}`)
}

/** Methods by name, those of the class itself before those it inherits. */
function methodsOf(prototype: object | null): Map<string, object> {
  const methods = new Map<string, object>()
  for (let at = prototype; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && name !== 'constructor' && !methods.has(name)) methods.set(name, value)
    }
  }
  return methods
}

/** `reflect-metadata`, which Nest cannot do without, is on the global `Reflect`. */
function isHandler(method: object): boolean {
  const { hasMetadata } = Reflect as { readonly hasMetadata?: (key: string, target: object) => boolean }
  return hasMetadata?.(PATH, method) === true
}
