/** What a user's bundler makes of an import: how many bytes travel, and which files they come from. */

import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'
import { ROOT } from './dist.js'

export interface Bundle {
  /** Minified. */
  readonly text: string
  /** Minified, then gzip -9. */
  readonly bytes: number
  /** Files that left code in the bundle, relative to the project. */
  readonly files: readonly string[]
  /** The largest parts in bytes after minification, for whoever has to find what to cut. */
  readonly largest: string
}

/** Where a bundle is to run. */
export type Platform = 'browser' | 'worker' | 'deno' | 'bun' | 'node'

/** What bundlers set for each: Wrangler for workers, `deno bundle` and `bun build` for theirs, esbuild for the others. */
export const CONDITIONS: Readonly<Record<Platform, Pick<BuildOptions, 'platform' | 'conditions'>>> = {
  browser: { platform: 'browser' },
  worker: { platform: 'browser', conditions: ['workerd', 'worker', 'browser'] },
  deno: { platform: 'node', conditions: ['deno'] },
  bun: { platform: 'node', conditions: ['bun'] },
  node: { platform: 'node' },
}

/** Bundles a module that stands in the project's root, so that it imports the package by its own name. */
export async function bundle(contents: string, platform: Platform): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: ROOT },
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    ...CONDITIONS[platform],
    metafile: true,
    write: false,
    logLevel: 'silent',
    // The project's own settings lead `#hash` to the source; a user has none.
    tsconfigRaw: {},
  })
  const [output] = Object.values(metafile.outputs)
  const inputs = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  const text = outputFiles[0]?.text ?? ''
  const largest = inputs.map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }))
  largest.sort((a, b) => b.bytes - a.bytes)
  return {
    text,
    bytes: gzipSync(text, { level: 9 }).length,
    files: inputs.map(([path]) => path),
    largest: largest
      .slice(0, 20)
      .map(({ path, bytes }) => `${bytes} ${path}`)
      .join('\n'),
  }
}
