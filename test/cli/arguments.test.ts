import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { CATALOGUE } from '../../src/cli/catalogue.js'
import { packageJson, requireBuild } from '../package/dist.js'
import { keylattice } from './in-process.js'
import { cleanEnvironment, PROGRAM, temporaryFolder } from './keylattice.js'

requireBuild()

const NAMES = CATALOGUE.map(({ name }) => name)
const env = { KEYLATTICE_SECRET: 'canary-of-a-secret-0123456789abcdef' }

describe('keylattice', () => {
  it.each([[], ['--help'], ['-h'], ['help']])('lists every command for %j', async (...args) => {
    const ran = await keylattice(args)
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(NAMES.filter(name => !ran.stdout.includes(`  ${name} `))).toEqual([])
  })

  it('says its version', async () => {
    expect(await keylattice(['--version'])).toEqual({ status: 0, stdout: `${packageJson().version}\n`, stderr: '' })
  })

  it.each(NAMES)('%s --help shows its options and examples', async name => {
    const command = await CATALOGUE.find(entry => entry.name === name)?.load()
    const ran = await keylattice([...name.split(' '), '--help'])
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    for (const option of Object.keys(command?.options ?? {})) expect(ran.stdout).toContain(`--${option}`)
    for (const { line } of command?.examples ?? []) expect(ran.stdout).toContain(line)
  })

  it.each(['keygen', 'allowlist'])('%s --help lists its commands', async group => {
    const ran = await keylattice([group, '--help'])
    expect(ran.status).toBe(0)
    expect(NAMES.filter(name => name.startsWith(`${group} `) && !ran.stdout.includes(name))).toEqual([])
  })

  it.each([
    [['sgin'], "'sgin' is not a command. Did you mean sign?"],
    [['kl_live_0123456789'], 'the first argument is not a command'],
    [['keygen'], 'keygen needs one of'],
    [['keygen', 'pairs'], 'Did you mean keygen pair?'],
    [['sign', '--secrt-file', 'x'], 'Did you mean --secret-file?'],
    [['scan', '--nothing-like-it'], 'scan has no option --nothing-like-it. See keylattice scan --help'],
    [['sign', '--audience'], '--audience needs a value'],
    [['sign', '--audience', '--json'], 'write --audience=…'],
    [['sign', '--audience', 'a', '--audience', 'b'], '--audience may come once only'],
    [['sign', '--send=yes'], '--send takes no value'],
    [['sign'], 'sign needs an argument more'],
    [['sign', 'a', 'b', 'c'], 'sign takes at most 2 arguments'],
    [['migrate', 'x'], 'migrate takes no arguments'],
    [['sign', '--__proto__', 'x'], 'sign has no option --__proto__'],
    [['sign', '--constructor', 'x'], 'sign has no option --constructor'],
  ])('refuses %j with code 2, and says what is meant', async (args, why) => {
    const ran = await keylattice(args, { env })
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toContain(why)
  })

  it('says a failure as JSON where JSON was asked for', async () => {
    const ran = await keylattice(['sign', '--json', '--nope', 'x'])
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(JSON.parse(ran.stderr)).toEqual({ error: { code: 'ERR_USAGE', message: expect.stringContaining('--nope') } })
  })

  it('takes what stands behind -- as it is', async () => {
    expect((await keylattice(['inspect', '--', '--help'])).stdout).toContain('no  --help')
  })

  it('shows no colour where nobody sees it', async () => {
    const ran = await keylattice(['allowlist', 'check', '-a', '::1', '::1'], {
      env: { FORCE_COLOR: '1', TERM: 'xterm' },
    })
    expect(`${ran.stdout}${ran.stderr}`).not.toContain('\u001b')
  })

  it('ends quietly when whoever reads its output has stopped', async () => {
    const child = spawn(process.execPath, [PROGRAM, '--help'], { env: cleanEnvironment(), cwd: temporaryFolder() })
    child.stdout.destroy()
    const chunks: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    const status = await new Promise(resolve => child.once('close', resolve))
    expect({ status, stderr: Buffer.concat(chunks).toString() }).toEqual({ status: 0, stderr: '' })
  })

  it('loads little to show its help', async () => {
    const script = `import('${PROGRAM.replaceAll('\\', '/')}')`
    const traced = await import('node:child_process').then(({ execFileSync }) =>
      execFileSync(process.execPath, ['--import', TRACE, '-e', script], { encoding: 'utf8', env: cleanEnvironment() }),
    )
    const loaded = [...traced.matchAll(/^loaded (.+)$/gm)].map(([, url]) => url as string)
    expect(loaded.length).toBeGreaterThan(3)
    expect(
      loaded
        .filter(url => !url.includes('/dist/cli/') || url.includes('/commands/'))
        .filter(
          url =>
            !/\/dist\/(keys\/credentials|errors|options|bytes|crypto\/(checksum|random)|time|http\/[\w-]+|keys\/invalid-input)\.js$/.test(
              url,
            ),
        ),
    ).toEqual([])
  })
})

/** Prints every file that is loaded. */
const TRACE = `data:text/javascript,${encodeURIComponent(`
import { register } from 'node:module'
register('data:text/javascript,' + encodeURIComponent(\`
import { writeSync } from 'node:fs'
export async function load(url, context, next) {
  if (url.startsWith('file:')) writeSync(1, 'loaded ' + url + '\\\\n')
  return next(url, context)
}\`))`)}`
