import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageJson, requireBuild } from '../package/dist.js'
import { installPackage, type Project } from '../package/installed.js'

requireBuild()

let project: Project

beforeAll(() => {
  project = installPackage()
  // Links the command as `npm install` does; everything is there, so that no registry is asked.
  const linked = npm('rebuild', '--ignore-scripts', '--offline')
  expect(linked.status, linked.stderr).toBe(0)
})
afterAll(() => project?.remove())

function npm(...args: readonly string[]) {
  return spawnSync('npm', args, { cwd: project.folder, encoding: 'utf8' })
}

describe('The command, installed from the packed package', () => {
  const npx = (...args: readonly string[]) =>
    spawnSync('npx', ['--no-install', 'keylattice', ...args], { cwd: project.folder, encoding: 'utf8' })

  it('is there for npx', () => {
    expect(npx('--version')).toMatchObject({ status: 0, stdout: `${packageJson().version}\n` })
    const { status, stdout } = npx('--help')
    expect([status, stdout.startsWith('keylattice issues')]).toEqual([0, true])
  })

  it('may be run as a program', () => {
    const file = join(project.folder, 'node_modules', '.bin', 'keylattice')
    expect(statSync(file).mode & 0o111).toBe(0o111)
    expect(spawnSync(file, ['--version'], { encoding: 'utf8' })).toMatchObject({ status: 0 })
  })

  it('makes keys, signs, verifies and scans with what is installed alone', () => {
    const { stdout } = npx('keygen', 'credentials', '--json')
    const { keyId, secret } = JSON.parse(stdout) as { readonly keyId: string; readonly secret: string }
    const env = { ...process.env, KEYLATTICE_SECRET: secret }
    const bin = join(project.folder, 'node_modules', '.bin', 'keylattice')
    const signed = spawnSync(bin, ['sign', '-k', keyId, 'https://api.example.com/'], { env, encoding: 'utf8' })
    expect(signed.status, signed.stderr).toBe(0)
    expect(spawnSync(bin, ['verify'], { env, input: signed.stdout, encoding: 'utf8' })).toMatchObject({ status: 0 })
    expect(spawnSync(bin, ['scan'], { input: secret, encoding: 'utf8' })).toMatchObject({ status: 1 })
    expect(spawnSync(bin, ['allowlist', 'check', '-a', '::1', '::1'], { encoding: 'utf8' })).toMatchObject({
      status: 0,
    })
  })

  it('gives out none of its modules', () => {
    const { stdout } = project.run('inner.mjs', "await import('keylattice/cli/main').catch(e => console.log(e.code))")
    expect(stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })
})
