/** The suite in a page, which the browser's driver calls. */

import { absence, noNodeHttp, noRequire, sqliteDrivers } from './suite/absent.js'
import type { Outcome } from './suite/check.js'
import { runSuite } from './suite.js'

async function runInPage(nodeServer: string): Promise<readonly Outcome[]> {
  const more = [absence('fetch', 'serves nobody'), noNodeHttp, noRequire]
  return runSuite({ nodeServer, sqlite: await sqliteDrivers() }, more)
}

Object.assign(globalThis, { runInPage })
