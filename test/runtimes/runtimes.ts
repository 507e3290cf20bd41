/** Which runtimes there are on this machine, and how the suite is run on each. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Platform } from '../package/bundle.js'
import { ROOT } from '../package/dist.js'
import { absentBrowser, browserVersion, runInPage } from './browser.js'
import { type Running, startProgram } from './processes.js'
import type { Stage } from './stage.js'
import type { Outcome } from './suite/check.js'
import { startWorker } from './workerd.js'

const PACKAGES = join(ROOT, 'test/runtimes/node_modules')

export interface Runtime {
  /** Name and major version: its column. */
  readonly name: string
  /** Why it cannot run here; `undefined` when it can. */
  readonly absent: string | undefined
  run(stage: Stage): Promise<readonly Outcome[]>
}

/** Where a runtime comes from. */
interface Packaged {
  readonly title: string
  readonly folder: string
  /** The binary below the folder, and what it is told before the program. */
  readonly command: readonly string[]
  readonly platform: Platform
}

const DENO = ['deno', 'run', '--quiet', '--no-remote', '--allow-all']
const PROCESSES: readonly Packaged[] = [
  ...['20', '22', '24', '26'].map(
    major => ({ title: 'Node', folder: `node-${major}`, command: ['bin/node'], platform: 'node' }) as const,
  ),
  { title: 'Bun', folder: '@oven/bun-linux-x64', command: ['bin/bun', 'run'], platform: 'bun' },
  { title: 'Deno', folder: '@deno/linux-x64-glibc', command: DENO, platform: 'deno' },
]

/** The Node that runs this. */
export const thisNode: Runtime = {
  name: `Node ${process.versions.node.split('.')[0]}`,
  absent: undefined,
  run: stage => runProcess(stage, [process.execPath], 'node'),
}

/** In the order of the table. */
export function allRuntimes(): readonly Runtime[] {
  return [...PROCESSES.map(packaged), workerd(), chromium()]
}

/** The version that the lock file pins, whether or not it is installed. */
function versionOf(folder: string): string {
  const lock = JSON.parse(readFileSync(join(PACKAGES, '../package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  return lock.packages[`node_modules/${folder}`]?.version ?? '0'
}

function absentPackage(folder: string): string | undefined {
  return existsSync(join(PACKAGES, folder)) ? undefined : `${folder} is not installed: npm ci --prefix test/runtimes`
}

function packaged({ title, folder, command: [binary = '', ...args], platform }: Packaged): Runtime {
  return {
    name: `${title} ${versionOf(folder).split('.')[0]}`,
    absent: absentPackage(folder),
    run: stage => runProcess(stage, [join(PACKAGES, folder, binary), ...args], platform),
  }
}

/** From the installed package, and out of a bundle; and its servers, called from Node. */
async function runProcess(stage: Stage, command: readonly string[], platform: Platform): Promise<readonly Outcome[]> {
  const { nodeServer, specifiers } = stage
  const start = async (form?: Platform) => {
    const program = await stage.program('on-process', form)
    const given = form === undefined ? specifiers : []
    return startProgram([...command, program], { do: 'suite', nodeServer, specifiers: given })
  }
  const both = await Promise.all([
    start().then(installed => outcomesOf(stage, installed)),
    start(platform).then(bundled => bundled.report('outcomes').finally(bundled.end)),
  ])
  return both.flat()
}

/** What it found itself, and what Node found calling its servers. */
async function outcomesOf(stage: Stage, running: Running): Promise<readonly Outcome[]> {
  try {
    const { node, fetch } = await running.report('servers')
    const own = await running.report('outcomes')
    const byNode = node === undefined ? [] : await stage.call('node', node, true)
    return [...own, ...byNode, ...(fetch === undefined ? [] : await stage.call('fetch', fetch, true))]
  } finally {
    running.end()
  }
}

function workerd(): Runtime {
  const folder = '@cloudflare/workerd-linux-64'
  const [major = '', date = ''] = versionOf(folder).split('.')
  return {
    name: `workerd ${major}`,
    absent: absentPackage(folder),
    async run(stage) {
      const bundle = await stage.program('on-worker', 'worker')
      const day = date.replace(/(\d{4})(\d\d)(\d\d)/, '$1-$2-$3')
      const worker = startWorker(join(PACKAGES, folder, 'bin/workerd'), bundle, day)
      try {
        const { fetch: origin = '', node = '' } = await worker.report('servers')
        const body = JSON.stringify({ nodeServer: stage.nodeServer })
        const response = await fetch(`${origin}/suite`, { method: 'POST', body })
        if (!response.ok) throw new Error(`${response.status} ${await response.text()}: ${worker.said()}`)
        const { outcomes } = (await response.json()) as { outcomes: readonly Outcome[] }
        // There, a socket's peer is what `cf-connecting-ip` says, or else this very machine.
        const byNode = await stage.call('node', node, true)
        return [...outcomes, ...byNode, ...(await stage.call('fetch', origin, false))]
      } finally {
        worker.end()
      }
    },
  }
}

function chromium(): Runtime {
  return {
    name: `Chromium ${browserVersion()}`.trim(),
    absent: absentBrowser(),
    run: ({ nodeServer }) => runInPage(nodeServer),
  }
}
