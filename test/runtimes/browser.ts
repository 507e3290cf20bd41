/** Debian's Chromium, driven from outside. */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ROOT } from '../package/dist.js'
import type { Outcome } from './suite/check.js'

const BINARY = '/usr/bin/chromium'
const require = createRequire(join(ROOT, 'test/runtimes/package.json'))

/** What is used of the driver. */
interface Driver {
  readonly chromium: {
    launch(options: { executablePath: string; args: readonly string[] }): Promise<{
      newPage(): Promise<{
        goto(url: string): Promise<unknown>
        waitForFunction(expression: string): Promise<unknown>
        evaluate(expression: string): Promise<unknown>
      }>
      close(): Promise<void>
    }>
  }
}

export function absentBrowser(): string | undefined {
  if (!existsSync(BINARY)) return 'Chromium is not installed: apt-get install chromium'
  try {
    require.resolve('playwright-core')
    return undefined
  } catch {
    return 'playwright-core is not installed: npm ci --prefix test/runtimes'
  }
}

/** Its major version; empty where there is none. */
export function browserVersion(): string {
  const { stdout } = spawnSync(BINARY, ['--version'], { encoding: 'utf8' })
  return /Chromium (\d+)/.exec(stdout ?? '')?.[1] ?? ''
}

/** Runs the suite in the page of a server. */
export async function runInPage(origin: string): Promise<readonly Outcome[]> {
  const { chromium } = require('playwright-core') as Driver
  // Containers have no sandbox, and little shared memory.
  const args = ['--no-sandbox', '--disable-dev-shm-usage']
  const browser = await chromium.launch({ executablePath: BINARY, args })
  try {
    const page = await browser.newPage()
    await page.goto(origin)
    await page.waitForFunction('"runInPage" in globalThis')
    return (await page.evaluate(`runInPage(${JSON.stringify(origin)})`)) as readonly Outcome[]
  } finally {
    await browser.close()
  }
}
