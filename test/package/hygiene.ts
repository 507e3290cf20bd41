/** What no tracked file may hold, as functions from text to the places found. */

/** Put together from pieces, so that this file does not hold what it looks for. */
const HOME_FOLDERS = ['work', 'home', 'root', 'Users', 'farm', 'mnt'].join('|')
const MACHINE_PATH = new RegExp(
  `(?<![\\w.)}\\]])/(?:${HOME_FOLDERS})/[\\w.@-]|(?<![\\w.)}\\]])/tmp/[A-Za-z]|\\b[A-Z]:\\\\Users\\\\`,
)
const REGISTRY = new RegExp(
  [
    'registry\\.(?:npmjs|yarnpkg|npmmirror)',
    'npm\\.pkg\\.github',
    '(?:deb|security)\\.debian',
    'files\\.pythonhosted',
  ].join('|'),
)
const RUNNER = '\\b(?:it|test|describe|suite)(?:\\.\\w+)*'
/** `skip` with a title, not `skip` with a reason, which a running test says of itself. */
const SWITCHED_OFF = new RegExp(`${RUNNER}\\.(?:(?:only|todo|fails|skipIf|runIf)\\b|skip(?:\\.|\\((['"\`]).*\\1\\s*,))`)

/** Lines that hold a path of one machine or the host of a package registry. */
export function machineTraces(text: string): readonly string[] {
  return linesWith(text, line => MACHINE_PATH.test(line) || REGISTRY.test(line))
}

/** Lines of a lock file that say where a package was downloaded from. A path to a folder of the project may stay. */
export function downloadTraces(lock: string): readonly string[] {
  return linesWith(lock, line => /"resolved": *"(?:https?|git|ssh)/.test(line))
}

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>
}

/**
 * Optional packages, mostly builds for other platforms, that a lock file names and does not pin: `npm ci` refuses it.
 * They go missing when the lock file is written where the registry does not have them.
 */
export function unpinned(lock: string): readonly string[] {
  const { packages } = JSON.parse(lock) as LockFile
  const isPinned = (from: string, name: string): boolean => {
    const inner = from === '' ? `node_modules/${name}` : `${from}/node_modules/${name}`
    if (Object.hasOwn(packages, inner)) return true
    return from !== '' && isPinned(from.slice(0, Math.max(from.lastIndexOf('/node_modules/'), 0)), name)
  }
  return Object.entries(packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(name => !isPinned(from, name)),
  )
}

/** Lines of a test that keep it, or all the others, from running. What a machine lacks goes through `skips.ts`. */
export function switchedOff(test: string): readonly string[] {
  return linesWith(test, line => SWITCHED_OFF.test(line))
}

/** Weakenings that another import path gives out too, so that a grep for the one path would miss them. */
export function leakedWeakenings(
  weakenings: readonly string[],
  exportsByPath: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  return Object.entries(exportsByPath).flatMap(([path, names]) =>
    names.filter(name => weakenings.includes(name)).map(name => `${path}: ${name}`),
  )
}

function linesWith(text: string, isWrong: (line: string) => boolean): readonly string[] {
  return text.split('\n').flatMap((line, index) => (isWrong(line) ? [`line ${index + 1}`] : []))
}
