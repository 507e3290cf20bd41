/** The code of the guide to client SDKs, run as it stands in the page; what it imports of the package is the source. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../package/dist.js'
import { blocksOf } from '../package/markdown.js'

const PAGE = join(ROOT, 'docs', 'guide', 'client-sdk.md')
const FOLDER = join(ROOT, '.cache', 'guides')

/** Writes the one `ts` block that defines the function to a file, and answers with its path. */
export function fileFromGuide(name: string): string {
  const defines = (code: string) => code.includes(`function ${name}(`) || code.includes(`function ${name}<`)
  const blocks = blocksOf(readFileSync(PAGE, 'utf8')).filter(({ language, code }) => language === 'ts' && defines(code))
  const [block] = blocks
  if (block === undefined || blocks.length !== 1) throw new Error(`${blocks.length} blocks define ${name}`)
  mkdirSync(FOLDER, { recursive: true })
  const file = join(FOLDER, `client-sdk.${name}.ts`)
  const source = (path: string) => join(ROOT, 'src', `${path}.ts`)
  const code = block.code
    .replaceAll("'keylattice/client'", `'${source('client/index')}'`)
    .replaceAll(/'keylattice\/(schemes\/[\w-]+)'/g, (_, path: string) => `'${source(path)}'`)
  writeFileSync(file, code)
  return file
}

/** The functions of that block. */
export async function functionsFromGuide<T>(name: string): Promise<T> {
  return (await import(/* @vite-ignore */ pathToFileURL(fileFromGuide(name)).href)) as T
}
