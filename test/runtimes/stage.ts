/** What the runs of all runtimes share: the package as a user installs it, the programs, and a server on Node. */

import { join } from 'node:path'
import type { Platform } from '../package/bundle.js'
import { DIST, filesUnder, packageJson, ROOT, subpathsOf } from '../package/dist.js'
import { installPackage } from '../package/installed.js'
import { bundleFor, compile, type Program } from './make.js'
import { startProgram } from './processes.js'
import type { Capability, Outcome } from './suite/check.js'

export interface Stage {
  /** Origin of a house served by the Node that runs this, with the page at `/`. */
  readonly nodeServer: string
  /** Every import path of the package. */
  readonly specifiers: readonly string[]
  /** Path of a program: with the package as imports, or one file for a platform. Made once. */
  program(name: Program, platform?: Platform): Promise<string>
  /** Calls a house from Node. */
  call(capability: Capability, origin: string, knowsAddress: boolean): Promise<readonly Outcome[]>
  end(): void
}

export async function setStage(): Promise<Stage> {
  const project = installPackage()
  const made = new Map<string, Promise<string>>()
  const program = (name: Program, platform?: Platform): Promise<string> => {
    const known = made.get(`${name} ${platform}`)
    const path =
      known ??
      (platform === undefined
        ? compile(name, project.folder)
        : program(name).then(compiled => bundleFor(platform, compiled)))
    made.set(`${name} ${platform}`, path)
    return path
  }
  const onNode = [process.execPath, await program('on-process')]
  const page = { '/': join(ROOT, 'test/runtimes/page.html'), '/page.js': await program('on-page', 'browser') }
  const server = startProgram(onNode, { do: 'serve', files: page })
  const { node: nodeServer = '' } = await server.report('servers')
  return {
    nodeServer,
    specifiers: subpathsOf(packageJson(), filesUnder(DIST)).map(({ specifier }) => specifier),
    program,
    async call(capability, origin, knowsAddress) {
      const caller = startProgram(onNode, { do: 'call', capability, origin, knowsAddress })
      return caller.report('outcomes').finally(caller.end)
    },
    end() {
      server.end()
      project.remove()
    },
  }
}
