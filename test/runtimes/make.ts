/** Makes the programs of the suite, for the package as a user installs it. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { CONDITIONS, type Platform } from '../package/bundle.js'
import { DIST, filesUnder, packageJson, ROOT, subpathsOf } from '../package/dist.js'
import { camelCase } from '../package/naming.js'
import { vectorsFolder } from '../skips.js'

const WYCHEPROOF = [
  ...['hmac_sha256', 'hmac_sha384', 'hmac_sha512', 'xchacha20_poly1305', 'ed25519'],
  ...['ecdsa_secp256r1_sha256_p1363', 'rsa_signature_2048_sha256', 'rsa_pss_4096_sha512_mgf1_64'],
]
const SHARED = [
  'hmac-rfc/rfc2202-rfc4231.json',
  ...WYCHEPROOF.map(name => `wycheproof/testvectors_v1/${name}_test.json`),
]
const SEAMS = ['hash', 'mac', 'key-pairs']

export type Program = 'on-process' | 'on-worker' | 'on-page'

/** Why the vectors of others are not in the programs; `undefined` when they are. */
export const absentVectors: string | undefined = vectorsFolder('.').absent

/**
 * Compiles a program into a project that has the package installed. Everything of the package stays an import, by the
 * names users have for it; `dist` itself is only asked for what no import path gives out.
 */
export async function compile(program: Program, folder: string): Promise<string> {
  for (const seam of SEAMS) {
    writeFileSync(join(folder, 'node_modules/keylattice/dist', `seam-${seam}.js`), `export * from '#${seam}'\n`)
  }
  const outfile = join(folder, `${program}.mjs`)
  await build({
    ...{ absWorkingDir: ROOT, entryPoints: [`test/runtimes/${program}.ts`], bundle: true, outfile, logLevel: 'error' },
    ...{ format: 'esm', target: 'es2022', platform: 'neutral', tsconfigRaw: {}, external: ['node:*'] },
    plugins: [installed, embedded],
  })
  return outfile
}

/** Makes one file of a compiled program and the package, by the conditions that a user's bundler would set. */
export async function bundleFor(platform: Platform, compiled: string): Promise<string> {
  const outfile = compiled.replace(/\.mjs$/, `.${platform}.mjs`)
  await build({
    ...{ entryPoints: [compiled], bundle: true, outfile, logLevel: 'error', tsconfigRaw: {} },
    ...{ format: 'esm', target: 'es2022', ...CONDITIONS[platform] },
  })
  return outfile
}

/** Leads imports of the sources to the package. */
const installed: Plugin = {
  name: 'installed',
  setup({ onResolve }) {
    const subpaths = new Map(
      subpathsOf(packageJson(), filesUnder(DIST)).map(({ file, specifier }) => [`${file}.js`, specifier]),
    )
    onResolve({ filter: /\/src\// }, ({ path }) => {
      const file = path.slice(path.indexOf('/src/') + '/src/'.length)
      return { path: subpaths.get(file) ?? `./node_modules/keylattice/dist/${file}`, external: true }
    })
    onResolve({ filter: /^#/ }, ({ path }) => {
      return { path: `./node_modules/keylattice/dist/seam-${path.slice(1)}.js`, external: true }
    })
    onResolve({ filter: /^keylattice\// }, ({ path }) => ({ path, external: true }))
  },
}

/** Puts the vectors and every dialect in. */
const embedded: Plugin = {
  name: 'embedded',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^runtimes:/ }, ({ path }) => ({ path, namespace: 'embedded' }))
    onLoad({ filter: /vectors$/, namespace: 'embedded' }, () => ({ contents: vectorsModule(), resolveDir: ROOT }))
    onLoad({ filter: /schemes$/, namespace: 'embedded' }, () => ({ contents: schemesModule(), resolveDir: ROOT }))
  },
}

const schemeNames = () => readdirSync(join(ROOT, 'test/vectors/schemes')).map(name => name.replace(/\.json$/, ''))

function vectorsModule(): string {
  const json = (path: string): string => readFileSync(path, 'utf8')
  const { path: folder } = vectorsFolder('.')
  const shared = SHARED.map(
    path => `${JSON.stringify(path)}: ${absentVectors === undefined ? json(join(folder, path)) : null}`,
  )
  const dialects = schemeNames().map(name => json(join(ROOT, 'test/vectors/schemes', `${name}.json`)))
  return `export const shared = ${absentVectors === undefined ? `{${shared}}` : undefined}\nexport const dialects = [${dialects}]`
}

function schemesModule(): string {
  const names = schemeNames()
  const imports = names.map((name, at) => `import { ${camelCase(name)} as s${at} } from 'keylattice/schemes/${name}'`)
  const members = names.map((name, at) => `${JSON.stringify(name)}: s${at}`)
  return `${imports.join('\n')}\nexport const factories = { ${members} }`
}
