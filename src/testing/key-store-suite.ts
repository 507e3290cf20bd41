import type { MakeKeyStore } from './key-rows.js'
import { KEY_LIMITS } from './key-store-limits.js'
import { KEY_LISTS } from './key-store-lists.js'
import { KEY_PAGES } from './key-store-pages.js'
import { KEY_RACES } from './key-store-races.js'
import { KEY_READS } from './key-store-reads.js'
import { KEY_RETRIES } from './key-store-retries.js'
import { KEY_SCANS } from './key-store-scans.js'
import { KEY_WRITES } from './key-store-writes.js'
import type { SuiteCase } from './suite.js'

/** What must hold of every `KeyStore`. */
export const keyStoreSuite: readonly SuiteCase<MakeKeyStore>[] = [
  ...KEY_READS,
  ...KEY_LISTS,
  ...KEY_SCANS,
  ...KEY_PAGES,
  ...KEY_WRITES,
  ...KEY_RETRIES,
  ...KEY_LIMITS,
  ...KEY_RACES,
]
