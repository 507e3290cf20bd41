/** Clients of ccxt as they are published, one exchange at a time; only where they connect to is ours. */

import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { CcxtEntry } from '../../schemes/vectors.js'
import type { Absent } from '../../skips.js'

/** What is used of an exchange of ccxt. */
export interface CcxtExchange {
  readonly id: string
  readonly api: unknown
  options: Record<string, unknown>
  urls: Record<string, unknown>
  enableRateLimit: boolean
  sign(path: string, api: unknown, method: string, params: object): CcxtSigned
  request(path: string, api: unknown, method: string, params: object): Promise<unknown>
  authenticate(...parameters: unknown[]): Promise<unknown>
  close(): Promise<unknown>
  milliseconds(): number
  [member: string]: unknown
}

export interface CcxtSigned {
  readonly url: string
  readonly method: string
  readonly body: string | undefined
  readonly headers: Readonly<Record<string, unknown>> | undefined
}

export interface CcxtCredentials {
  readonly keyId: string
  readonly secret: string
  readonly passphrase?: string
}

/** What a client may be told beside its credentials. */
export type CcxtConfig = Readonly<Record<string, unknown>>

type CcxtClass = new (config: object) => CcxtExchange

/** Later versions are with the other development dependencies, older ones in a folder of their own. */
function folderOf(name: string): string {
  const folder = name === 'ccxt' ? '../../../node_modules/ccxt/' : `./node_modules/${name}/`
  return fileURLToPath(new URL(folder, import.meta.url))
}

/**
 * Whether the package is not installed. With `KEYLATTICE_REQUIRE_SERVICES=1` it has to be.
 *
 * @throws {Error} when it must be there and is not
 */
export function absentPackage({ package: name }: CcxtEntry): Absent {
  if (existsSync(folderOf(name))) return undefined
  const absent = `${name} is not installed: npm ci --prefix test/interop/ccxt`
  if (process.env['KEYLATTICE_REQUIRE_SERVICES'] === '1') throw new Error(`${absent}, and the run requires it`)
  return absent
}

async function importFrom(name: string, path: string): Promise<Record<string, unknown>> {
  return import(/* @vite-ignore */ pathToFileURL(`${folderOf(name)}js/src/${path}`).href) as Promise<
    Record<string, unknown>
  >
}

/** The names of the classes that an error of ccxt belongs to, nearest first. */
export function classesOf(error: unknown): readonly string[] {
  const names: string[] = []
  for (let of = error?.constructor; typeof of === 'function' && of.name !== ''; of = Object.getPrototypeOf(of)) {
    names.push(of.name)
  }
  return names
}

export interface CcxtMaker {
  /** An exchange whose requests go to `base` and whose socket goes to `socket`, whatever host they are made for. */
  make(credentials: CcxtCredentials, to?: { readonly base: string; readonly socket: string }): CcxtExchange
}

export async function loadCcxt(entry: CcxtEntry, config: CcxtConfig): Promise<CcxtMaker> {
  const hasSocket = existsSync(`${folderOf(entry.package)}js/src/pro/${entry.class}.js`)
  const exported = await importFrom(entry.package, `${hasSocket ? 'pro/' : ''}${entry.class}.js`)
  const Exchange = exported['default'] as CcxtClass
  return {
    make({ keyId, secret, passphrase }, to) {
      const exchange = new Exchange({
        ...{ apiKey: keyId, secret, ...(passphrase !== undefined && { password: passphrase }) },
        ...config,
      })
      exchange.enableRateLimit = false
      if (to !== undefined) redirect(exchange, to)
      return exchange
    },
  }
}

/** Nothing of the client is replaced but the address that it connects to. */
function redirect(exchange: CcxtExchange, { base, socket }: { readonly base: string; readonly socket: string }): void {
  const there = (url: string) => url.replace(/^https?:\/\/[^/?]+/, base)
  if (typeof exchange['undiciRequest'] === 'function') {
    const request = exchange['undiciRequest'] as (url: string, params: object) => Promise<unknown>
    exchange['undiciRequest'] = (url: string, params: object) => request.call(exchange, there(url), params)
  } else {
    // Older versions take whatever speaks as `fetch` does.
    exchange['fetchImplementation'] = (url: string, params: RequestInit) => fetch(there(url), params)
    exchange['AbortError'] = DOMException
    exchange['FetchError'] = TypeError
  }
  const client = exchange['client'] as (url: string) => { url: string }
  exchange['client'] = (url: string) => {
    const made = client.call(exchange, url)
    made.url = url.replace(/^wss?:\/\/[^/?]+/, socket)
    return made
  }
}

/** Ends its connections; what it still waits for is nobody's error. */
export async function closeClient(exchange: CcxtExchange): Promise<void> {
  const clients = Object.values(
    (exchange['clients'] ?? {}) as Record<string, { futures?: Record<string, Promise<unknown>> }>,
  )
  for (const { futures = {} } of clients) for (const future of Object.values(futures)) future.catch(() => undefined)
  await exchange.close()
}
