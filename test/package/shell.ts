/** Whether a command that the documentation shows can be run: the project keeps what it names. */

import type { PackageJson } from './dist.js'

export interface Kept {
  readonly packageJson: Pick<PackageJson, 'name' | 'scripts' | 'devDependencies'>
  /** Whether a path relative to the project exists. */
  exists(path: string): boolean
}

/** Commands of npm that are no script of ours. */
const NPM = new Set(['ci', 'test', 'run', 'install', 'i', 'pack'])
/** Programs that run a file of the project. */
const RUNNERS = new Set(['node', 'bash', 'sh', 'python3', 'go', 'php', 'ruby', 'cd', 'cat'])
/** Programs of the reader's machine that need nothing of the project. */
const FREE = new Set(['git', 'curl', 'openssl', 'export', 'grep', 'redis-cli', 'psql', 'echo'])

/** What is wrong with a block of commands, line by line. */
export function shellErrors(code: string, kept: Kept): readonly string[] {
  const lines = code.replaceAll('\\\n', ' ').split('\n')
  const commands = lines.map(line => line.replace(/(^|\s)#.*$/, '').trim()).filter(line => line !== '')
  return commands.flatMap(line => line.split(/&&|\|\||[|;]/)).flatMap(command => errorOf(command.trim(), kept) ?? [])
}

function errorOf(command: string, kept: Kept): string | undefined {
  const [program = '', ...args] = command.split(/\s+/).filter(word => !/^[A-Z_][A-Z0-9_]*=/.test(word))
  const file = args.find(word => !word.startsWith('-'))
  if (program === '' || FREE.has(program)) return undefined
  if (program === 'npm') return npmError(args, kept)
  if (program === 'npx') return npxError(file, kept)
  if (RUNNERS.has(program)) return isThere(file, kept) ? undefined : `${command}: the project has no ${file}`
  return program.includes('/') && kept.exists(program) ? undefined : `${command}: ${program} is not a known program`
}

function npmError(args: readonly string[], { packageJson }: Kept): string | undefined {
  const [verb = '', name = ''] = args.filter(word => !word.startsWith('-'))
  if (!NPM.has(verb)) return `npm ${verb}: not a known command`
  if (verb === 'run' && !Object.hasOwn(packageJson.scripts, name))
    return `npm run ${name}: package.json has no such script`
  const installs = (verb === 'install' || verb === 'i') && name !== ''
  return installs && name !== packageJson.name ? `npm ${verb} ${name}: that is not this package` : undefined
}

function npxError(name: string | undefined, { packageJson }: Kept): string | undefined {
  const ours = name === packageJson.name || Object.hasOwn(packageJson.devDependencies, name ?? '')
  return ours || name === 'biome' || name === 'tsc' ? undefined : `npx ${name}: not a tool of the project`
}

function isThere(file: string | undefined, kept: Kept): boolean {
  return file !== undefined && (file.startsWith('-') || kept.exists(file))
}
