/** A dialect as its file exports it: the factory and the answers, found by the file's name. */

import type { Answer } from '../../src/http/answer.js'
import type { Scheme } from '../../src/scheme.js'
import type { VectorOptions } from './vectors.js'

export interface LoadedDialect {
  readonly id: string
  make(options?: VectorOptions): Scheme
  /** How the house words its refusals, where the dialect says so. */
  readonly answer: Answer | undefined
}

/** Imports `src/schemes/<id>`, from the sources or, in the fuzz, as built. */
export type ImportScheme = (id: string) => Promise<unknown>

const fromSource: ImportScheme = id => import(`../../src/schemes/${id}.ts`)

export async function loadDialect(id: string, importScheme: ImportScheme = fromSource): Promise<LoadedDialect> {
  const name = factoryName(id)
  const exported = (await importScheme(id)) as Record<string, unknown>
  const factory = exported[name]
  if (typeof factory !== 'function') throw new TypeError(`src/schemes/${id}.ts exports no function '${name}'`)
  return {
    id,
    // A factory without options takes none.
    make: options => (options === undefined || Object.keys(options).length === 0 ? factory() : factory(options)),
    answer: exported[`${name}Answer`] as Answer | undefined,
  }
}

/** `coinbase-exchange` → `coinbaseExchange` */
export function factoryName(id: string): string {
  return id.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
