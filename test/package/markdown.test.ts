import { describe, expect, it } from 'vitest'
import {
  anchorsOf,
  badFences,
  blocksOf,
  changelogErrors,
  importPathsOf,
  linksOf,
  proseOf,
  sourcesOf,
} from './markdown.js'
import { shellErrors } from './shell.js'

const fenced = (info: string, ...code: readonly string[]) => [`\`\`\`${info}`, ...code, '```'].join('\n')

describe('The reader of Markdown', () => {
  it('finds blocks with their language and line, in lists too', () => {
    const text = ['# A', fenced('ts', 'one', 'two'), '- item', '  ```sh', '  npm test', '  ```'].join('\n')
    expect(blocksOf(text)).toEqual([
      { language: 'ts', flags: [], line: 3, code: 'one\ntwo' },
      { language: 'sh', flags: [], line: 8, code: 'npm test' },
    ])
  })

  it('refuses a block that never ends', () => {
    expect(() => blocksOf('```ts\ncode')).toThrow('line 1')
  })

  it.each(['', 'typescript', 'bash', 'console', 'mjs', 'ts no-check', 'ts twoslash', 'js continues', 'sh ignore'])(
    'refuses a fence that escapes its check: %j',
    info => {
      expect(badFences(blocksOf(fenced(info, 'x')))).toHaveLength(1)
    },
  )

  it.each(['ts', 'ts continues', 'js', 'sh', 'json', 'text', 'http', 'mermaid'])('accepts the fence %j', info => {
    expect(badFences(blocksOf(fenced(info, 'x')))).toEqual([])
  })

  it('keeps code in the line it has in the page, and joins what continues', () => {
    const text = ['# A', fenced('ts', 'const a = 1'), 'prose', fenced('ts continues', 'a'), fenced('js', 'b')].join(
      '\n',
    )
    expect(sourcesOf('docs/a.md', blocksOf(text))).toEqual({
      'docs__a.md.3.ts': '\n\nconst a = 1\n\n\n\na\nexport {}\n',
      'docs__a.md.10.js': `${'\n'.repeat(9)}b\nexport {}\n`,
    })
  })

  it('finds links and pictures, not those in code', () => {
    const text = ['[a](b.md#c) ![d](e.png "f") `[no](no.md)`', '[g]: h.md', fenced('text', '[no](no.md)')].join('\n')
    expect(linksOf(text)).toEqual(['b.md#c', 'e.png', 'h.md'])
  })

  it('keeps prose around code', () => {
    expect(proseOf(`a \`b\` c\n${fenced('ts', 'd')}\ne`)).toBe('a  c\n\n\n\ne')
  })

  it('makes the anchors that GitHub makes', () => {
    const text = ['# `hmac-v1`: the scheme', '## Add a store', '## Add a store', fenced('sh', '# no heading')].join(
      '\n',
    )
    expect([...anchorsOf(text)]).toEqual(['hmac-v1-the-scheme', 'add-a-store', 'add-a-store-1'])
  })

  it('finds import paths, not addresses on the web', () => {
    const text =
      "`keylattice/schemes/okx`. from 'keylattice/client' https://x.example/keylattice/wiki `keylattice/stores/*`"
    expect(importPathsOf(text, 'keylattice')).toEqual([
      'keylattice/schemes/okx',
      'keylattice/client',
      'keylattice/stores/*',
    ])
  })
})

describe('The reader of the changelog', () => {
  const good =
    '# Changelog\n\n## Unreleased\n\n- Add a store.\n  More of it.\n\n## 1.0.0 (2026-01-31)\n\n- Fix a hole.\n'

  it.each([good, good.replace('## Unreleased\n\n- Add a store.\n  More of it.\n\n', '')])(
    'accepts a good one',
    text => {
      expect(changelogErrors(text, '1.0.0')).toEqual([])
    },
  )

  it.each([
    ['another title', good.replace('# Changelog', '# Changes')],
    ['an unknown verb', good.replace('Fix', 'Refactor')],
    ['a verb in another form', good.replace('Fix', 'Fixed')],
    ['no sentence', good.replace('- Fix a hole.', '- Fix')],
    ['a version without a date', good.replace(' (2026-01-31)', '')],
    ['a paragraph', good.replace('- Fix a hole.', 'Fix a hole.')],
    ['a heading twice', good.replace('1.0.0 (2026-01-31)', 'Unreleased')],
    ['no heading for the version', good.replace('Unreleased', '3.0.0 (2026-01-31)').replace('## 1.0.0', '## 1.9.0')],
  ])('refuses %s', (_what, text) => {
    expect(changelogErrors(text, '1.0.0')).not.toEqual([])
  })
})

describe('The reader of commands', () => {
  const kept = {
    packageJson: { name: 'keylattice', scripts: { test: '', demo: '' }, devDependencies: { vitest: '1' } },
    exists: (path: string) => path === 'docs/run.mjs' || path === '.ci/run',
  }

  it.each([
    'npm install keylattice',
    'npm ci && npm test',
    'npm run demo  # starts it',
    'KEYLATTICE_REQUIRE_SERVICES=1 npm test',
    'npx vitest run',
    'node docs/run.mjs --port 1',
    '.ci/run',
    'curl -s http://localhost:3000 \\\n  -H "X: y" | cat docs/run.mjs',
    '# a comment',
  ])('accepts %j', code => {
    expect(shellErrors(code, kept)).toEqual([])
  })

  it.each([
    'npm run demos',
    'npm run constructor',
    'npm instal keylattice',
    'npm install express',
    'npm ci && npm run nothing',
    'npx nothing',
    'node docs/gone.mjs',
    './gone',
    'yarn test',
  ])('refuses %j', code => {
    expect(shellErrors(code, kept)).toHaveLength(1)
  })
})
