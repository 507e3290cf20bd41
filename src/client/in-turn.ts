import type { SignedFetch } from './fetch.js'

/**
 * Sends one request after another: each is signed when the one before was answered or failed. For houses that keep the
 * last nonce only, where a request that overtakes another makes it too late. Give the fetch a `timeoutMs`, since a
 * request that hangs holds up the rest.
 */
export function inTurn(fetch: SignedFetch): SignedFetch {
  let last: Promise<unknown> = Promise.resolve()
  return (input, init) => {
    const mine = last.then(() => fetch(input, init))
    last = mine.catch(() => undefined)
    return mine
  }
}
