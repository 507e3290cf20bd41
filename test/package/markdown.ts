/** What the documentation holds, read from its Markdown: code blocks, links, headings and import paths. */

export interface Block {
  /** First word after the fence. */
  readonly language: string
  /** What else stands there. */
  readonly flags: readonly string[]
  /** Line of the first line of code, from 1. */
  readonly line: number
  readonly code: string
}

const FENCE = /^( *)(`{3,})([^`]*)$/
/** Other names of `ts`, `js` and `sh`, under which a block would escape its check. */
const ALIASES = /^(?:typescript|javascript|tsx|jsx|[cm]ts|[cm]js|bash|shell|zsh|console|terminal)$/i

/** @throws {Error} when a fence is not closed */
export function blocksOf(markdown: string): readonly Block[] {
  const lines = markdown.split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', fence, info = ''] = FENCE.exec(lines[at] as string) ?? []
    if (fence === undefined) continue
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence)
    if (end < 0) throw new Error(`the block in line ${at + 1} is not closed`)
    const [language = '', ...flags] = info.trim().split(/\s+/)
    const code = lines.slice(at + 1, end).map(line => (line.startsWith(indent) ? line.slice(indent.length) : line))
    blocks.push({ language, flags, line: at + 2, code: code.join('\n') })
    at = end
  }
  return blocks
}

/** The text without its blocks and without code in a line, line numbers kept. */
export function proseOf(markdown: string): string {
  const lines = markdown.split('\n')
  for (const { line, code } of blocksOf(markdown)) lines.fill('', line - 2, line + code.split('\n').length)
  return lines.map(line => line.replaceAll(/(`+)(?!`).*?(?<!`)\1(?!`)/g, '')).join('\n')
}

/** Blocks whose words after the fence would keep them from being checked. */
export function badFences(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap(({ language, flags, line }) => {
    const known = language === 'ts' ? ['continues'] : []
    const unknown = flags.filter(flag => !known.includes(flag))
    if (language === '') return [`line ${line}: a block needs a language; text is one`]
    if (ALIASES.test(language)) return [`line ${line}: write ts, js or sh, not ${language}`]
    return unknown.map(flag => `line ${line}: '${flag}' is not known after the language`)
  })
}

/**
 * Source files of the blocks of a page, by name. Code stands in the line it has in the page, so that the compiler
 * names that line. A block marked `continues` goes on with the `ts` block before it.
 */
export function sourcesOf(page: string, blocks: readonly Block[]): Readonly<Record<string, string>> {
  const files: Record<string, string> = {}
  let name = ''
  for (const { language, flags, line, code } of blocks) {
    if (language !== 'ts' && language !== 'js') continue
    if (!flags.includes('continues') || name === '') name = `${page.replaceAll('/', '__')}.${line}.${language}`
    const before = files[name] ?? ''
    files[name] = before + '\n'.repeat(Math.max(line - before.split('\n').length, 0)) + code
  }
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [file, `${text}\nexport {}\n`]))
}

/** Targets of links and pictures. */
export function linksOf(markdown: string): readonly string[] {
  const prose = proseOf(markdown)
  const inline = prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)
  const references = prose.matchAll(/^ *\[[^\]]+\]: *<?([^\s>]+)>?/gm)
  return [...inline, ...references].map(([, target]) => target as string)
}

/** Anchors of the headings, as GitHub makes them. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const withoutBlocks = blocksOf(markdown).reduce((text, { code }) => text.replace(code, ''), markdown)
  const anchors = new Set<string>()
  for (const [, title = ''] of withoutBlocks.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const plain = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = plain.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-')
    let unique = slug
    for (let count = 1; anchors.has(unique); count++) unique = `${slug}-${count}`
    anchors.add(unique)
  }
  return anchors
}

/** Import paths of the package that the text names, blocks included; one that ends in `/` or `*` names a folder. */
export function importPathsOf(markdown: string, name: string): readonly string[] {
  const mentions = markdown.matchAll(new RegExp(`(?<![\\w@/.-])${name}/[\\w./*-]*`, 'g'))
  return [...new Set([...mentions].map(([path]) => path.replace(/[.]+$/, '')))]
}

const VERBS = /^- (?:Add|Change|Fix|Remove|Security)\b.*\S/
const HEADING = /^## (?:Unreleased|\d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\))$/

/** What is wrong with a changelog: one heading for each version, newest first, and lists of full sentences. */
export function changelogErrors(text: string, version: string): readonly string[] {
  const lines = text.trimEnd().split('\n')
  const errors = lines.flatMap((line, index) => {
    if (index === 0) return line === '# Changelog' ? [] : ['line 1: the title is "# Changelog"']
    const good = line === '' || /^ {2}\S/.test(line) || VERBS.test(line) || HEADING.test(line)
    return good ? [] : [`line ${index + 1}: neither a version nor a sentence that begins with a known verb`]
  })
  const headings = lines.filter(line => line.startsWith('## '))
  const current = headings.some(line => line === '## Unreleased' || line.startsWith(`## ${version} (`))
  if (new Set(headings).size !== headings.length) errors.push('a heading comes twice')
  return current ? errors : [...errors, `no heading for ${version}`]
}
