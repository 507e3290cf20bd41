/**
 * What must hold wherever the library runs, as functions: no test runner, nothing of any platform. Run from `dist` where
 * the runtime resolves packages by itself, and out of a bundle where a user would bundle.
 */

import { protect } from '../../src/middleware/fetch.js'
import { callChecks, type Target } from './calls.js'
import { createHouse } from './house.js'
import { type Check, type Outcome, runChecks } from './suite/check.js'
import { dialectChecks } from './suite/dialects.js'
import { hmacChecks } from './suite/hmac.js'
import { keyPairChecks } from './suite/key-pairs.js'
import { keyChecks } from './suite/keys.js'
import { ruleChecks } from './suite/rules.js'
import { type SqliteDrivers, storeChecks } from './suite/stores.js'
import { atTheTop } from './suite/top.js'

export interface Surroundings {
  /** A house served by Node. */
  readonly nodeServer: string | undefined
  readonly sqlite: SqliteDrivers
}

/** @param more what only this runtime can be asked */
export function runSuite(
  { nodeServer, sqlite }: Surroundings,
  more: readonly Check[] = [],
): Promise<readonly Outcome[]> {
  const called =
    nodeServer === undefined
      ? []
      : callChecks(
          'client',
          once(() => overNetwork(nodeServer)),
        )
  return runChecks([
    ...called,
    ...callChecks('verify', once(inProcess)),
    atTheTop,
    ...hmacChecks,
    ...dialectChecks,
    ...keyPairChecks,
    ...ruleChecks,
    ...keyChecks,
    ...storeChecks(sqlite),
    ...more,
  ])
}

/** @param origin of a server that knows who calls, unless told otherwise */
export function overNetwork(origin: string, knowsAddress = true): Target {
  return { origin, knowsAddress, send: (url, init) => fetch(url, { ...init, redirect: 'manual' }) }
}

/** A house in this very process, which is handed its requests. */
function inProcess(): Target {
  const { options, answer } = createHouse()
  const judge = protect({ ...options, clientIp: () => '127.0.0.1' }, async (_request, access) => {
    return new Response(await answer(access))
  })
  return { origin: 'http://api.example.com', knowsAddress: true, send: (url, init) => judge(new Request(url, init)) }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
