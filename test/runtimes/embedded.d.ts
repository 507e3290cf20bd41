/** What is put into the suite when it is made: it reads no files where it runs. */

declare module 'runtimes:vectors' {
  /** Text of a file below `../shared/vectors`; `undefined` where that folder is absent. */
  export const shared: Readonly<Record<string, unknown>> | undefined
  /** Every file of `test/vectors/schemes`. */
  export const dialects: readonly import('../schemes/vectors.js').VectorFile[]
}

declare module 'runtimes:schemes' {
  /** The factory of every dialect, by its file's name. */
  export const factories: Readonly<Record<string, (options?: object) => import('../../src/scheme.js').Scheme>>
}
