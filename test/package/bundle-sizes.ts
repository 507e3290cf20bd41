/** What a client weighs with each scheme, wherever it runs, and the page that says so. */

import { bundle, CONDITIONS, type Platform } from './bundle.js'
import { camelCase } from './naming.js'

export const PLATFORMS = Object.keys(CONDITIONS) as readonly Platform[]

/** A client that signs by one scheme and can nothing else. */
export function signerWith(scheme: string): string {
  return `export { createSigner } from 'keylattice/client'\nexport { ${camelCase(scheme)} } from 'keylattice/schemes/${scheme}'`
}

/** The same with `fetch` around it. */
export function fetchWith(scheme: string): string {
  return `export { createSignedFetch } from 'keylattice/client'\n${signerWith(scheme)}`
}

const SERVERS = {
  'one that verifies (`createVerifier`, `createSealer`, memory stores)':
    "export { createSealer, createVerifier } from 'keylattice'\nexport * from 'keylattice/stores/memory'",
  'everything of `keylattice`, memory stores': "export * from 'keylattice'\nexport * from 'keylattice/stores/memory'",
}

/** A row of the page: what is imported, and its bytes by platform. */
export interface Weighed {
  readonly name: string
  readonly bytes: readonly number[]
}

export interface Weights {
  readonly signers: readonly Weighed[]
  readonly fetches: readonly Weighed[]
  readonly servers: readonly Weighed[]
}

export async function weighAll(schemes: readonly string[]): Promise<Weights> {
  const weigh = async (name: string, contents: string): Promise<Weighed> => {
    const bundles = await Promise.all(PLATFORMS.map(platform => bundle(contents, platform)))
    return { name, bytes: bundles.map(({ bytes }) => bytes) }
  }
  return {
    signers: await Promise.all(schemes.map(scheme => weigh(`\`${scheme}\``, signerWith(scheme)))),
    fetches: [await weigh('`createSignedFetch`, `createSigner`, `hmac-v1`', fetchWith('hmac-v1'))],
    servers: await Promise.all(Object.entries(SERVERS).map(([name, contents]) => weigh(name, contents))),
  }
}

const NOTICE = '<!-- Made by `npm run docs` from the build. Changes by hand are lost. -->'

/** `docs/reference/bundle-sizes.md` */
export function bundleSizesPage({ signers, fetches, servers }: Weights): string {
  return `${[
    '# Bundle sizes',
    NOTICE,
    'What travels, in kB (1,000 bytes) after minification and gzip -9, as esbuild bundles it with the conditions that are usual for each [runtime](runtimes.md). [`test/package/size.test.ts`](../../test/package/size.test.ts) holds the budgets.',
    '## A client that signs',
    '`createSigner` of `keylattice/client` and one scheme. Nowhere does it bring a hash of its own; where there is `node:crypto` it brings what drives that, which weighs a little and is downloaded by nobody.',
    table('scheme', signers),
    '## A client with `fetch`',
    table('imports', fetches),
    '## A server',
    'Without schemes and presets. Where there is no `node:crypto`, the hashes of `@noble/hashes` come along.',
    table('imports', servers),
  ].join('\n\n')}\n`
}

function table(head: string, rows: readonly Weighed[]): string {
  const lines = rows.map(({ name, bytes }) => `| ${name} | ${bytes.map(kilobytes).join(' | ')} |`)
  return [`| ${head} | ${PLATFORMS.join(' | ')} |`, `|--|${'--:|'.repeat(PLATFORMS.length)}`, ...lines].join('\n')
}

/** One digit after the point, so that the page stays as it is when a few bytes change. */
function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1)
}
