import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../package/dist.js'
import { blocksOf } from '../package/markdown.js'

/** The module that stands in a page of the guide: its one `ts` block that defines `name`. */
export async function importFromGuide(page: string, name: string): Promise<Readonly<Record<string, unknown>>> {
  const markdown = readFileSync(join(ROOT, 'docs', 'guide', `${page}.md`), 'utf8')
  const blocks = blocksOf(markdown).filter(
    ({ language, code }) => language === 'ts' && code.includes(`function ${name}(`),
  )
  const [block] = blocks
  if (block === undefined || blocks.length !== 1) throw new Error(`${blocks.length} blocks of ${page} define ${name}`)
  const folder = join(ROOT, '.cache', 'guides')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${page}.${name}.ts`)
  // The page's `keylattice` is the source here, so that errors are of the classes the tests know.
  const source = pathToFileURL(join(ROOT, 'src', 'index.ts')).href
  writeFileSync(file, block.code.replaceAll("'keylattice'", `'${source}'`))
  return import(/* @vite-ignore */ pathToFileURL(file).href)
}
