/** Whether every implementation of a contract is held to it, as a function from paths and texts to what is missing. */

const CONTRACTS = ['schemes', 'presets', 'stores', 'middleware']

/**
 * What is missing for the files `src/<contract>/<name>.ts`.
 *
 * @param source paths below `src`
 * @param tests text by path below `test`
 */
export function missingTests(source: readonly string[], tests: Readonly<Record<string, string>>): readonly string[] {
  const importersIn = (folder: string, path: string) =>
    Object.entries(tests).filter(([file, text]) => file.startsWith(`${folder}/`) && text.includes(path))
  return source.flatMap(path => {
    const [, contract = '', name = ''] = /^(\w+)\/([\w-]+)\.ts$/.exec(path) ?? []
    if (!CONTRACTS.includes(contract)) return []
    const imported = `/src/${contract}/${name}.js'`
    const missing = importersIn(contract, imported).length > 0 ? [] : [`${path}: no test in test/${contract}/`]
    if (contract !== 'schemes') return missing
    if (importersIn('laws', imported).length === 0) missing.push(`${path}: not held to the laws in test/laws/`)
    if (tests[`vectors/schemes/${name}.json`] === undefined)
      missing.push(`${path}: no vectors in test/vectors/schemes/`)
    return missing
  })
}
