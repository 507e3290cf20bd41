/** Whether every implementation of a contract is held to it, as a function from paths and texts to what is missing. */

const CONTRACTS = ['schemes', 'presets', 'stores', 'middleware']

/**
 * What is missing for the files `src/<contract>/<name>.ts`.
 *
 * @param source paths below `src`
 * @param tests text by path below `test`
 */
export function missingTests(source: readonly string[], tests: Readonly<Record<string, string>>): readonly string[] {
  const isImported = (contract: string, name: string) =>
    Object.entries(tests).some(
      ([file, text]) => file.startsWith(`${contract}/`) && text.includes(`/src/${contract}/${name}.js'`),
    )
  return source.flatMap(path => {
    const [, contract = '', name = ''] = /^(\w+)\/([\w-]+)\.ts$/.exec(path) ?? []
    if (!CONTRACTS.includes(contract)) return []
    if (contract !== 'schemes') return isImported(contract, name) ? [] : [`${path}: no test in test/${contract}/`]
    const vectors = `vectors/schemes/${name}.json`
    return tests[vectors] === undefined ? [`${path}: no test/${vectors}, from which its tests are made`] : []
  })
}
