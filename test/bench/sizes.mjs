import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What a user's bundler makes of two imports, minified and gzipped, in bytes. */
export async function bundleSizes() {
  return {
    client: await sizeOf(
      "export { createSigner } from 'keylattice/client'\nexport { hmacV1 } from 'keylattice/schemes/hmac-v1'",
      'browser',
    ),
    server: await sizeOf("export * from 'keylattice'\nexport * from 'keylattice/stores/memory'", 'node'),
  }
}

async function sizeOf(contents, platform) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    ...{ bundle: true, minify: true, format: 'esm', target: 'es2022', platform, write: false, logLevel: 'silent' },
    // The project's own settings lead `#hash` to the source; a user has none.
    tsconfigRaw: {},
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}
