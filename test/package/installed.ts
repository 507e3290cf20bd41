/** The package as a user has it: packed, unpacked into a project of its own, beside its dependencies and nothing else. */

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packageJson, ROOT } from './dist.js'

export interface Project {
  readonly folder: string
  /** Where the package was unpacked. */
  readonly installed: string
  /** Runs a file made of `text` on this Node. */
  run(name: string, text: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string }
  /** Type-checks files with these compiler options; the answer is what the compiler prints. */
  check(files: Readonly<Record<string, string>>, options: Readonly<Record<string, unknown>>): string
  remove(): void
}

export function installPackage(): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'keylattice-')))
  const installed = join(folder, 'node_modules', 'keylattice')
  mkdirSync(installed, { recursive: true })
  unpackInto(installed, folder)
  for (const name of [...Object.keys(packageJson().dependencies), '@types/node', 'undici-types']) link(folder, name)
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }')
  return {
    folder,
    installed,
    run(name, text) {
      writeFileSync(join(folder, name), text)
      return spawnSync(process.execPath, [name], { cwd: folder, encoding: 'utf8' })
    },
    check: (files, options) => typeCheck(folder, files, options),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Type-checks files in one run of the compiler, in a folder of their own below `folder`. */
export function typeCheck(
  folder: string,
  files: Readonly<Record<string, string>>,
  options: Readonly<Record<string, unknown>>,
): string {
  const sources = join(folder, 'types')
  rmSync(sources, { recursive: true, force: true })
  mkdirSync(sources, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(sources, name), text)
  const compilerOptions = { strict: true, noEmit: true, target: 'es2022', ...options }
  writeFileSync(join(sources, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['.'] }))
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc')
  const { status, stdout, stderr } = spawnSync(tsc, ['-p', sources], { cwd: sources, encoding: 'utf8' })
  const said = `${stdout}${stderr}`
  return status === 0 ? said : said || `tsc ended with status ${status}`
}

function unpackInto(installed: string, folder: string): void {
  const pack = ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder]
  const name = execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }).trim()
  execFileSync('tar', ['-xzf', join(folder, name), '--strip-components=1', '-C', installed])
}

function link(folder: string, name: string): void {
  const target = join(folder, 'node_modules', name)
  mkdirSync(dirname(target), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules', name), target)
}
