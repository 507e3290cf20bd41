import type { HashName } from './hash.js'
import type { Sign } from './signing.js'
import { joinParts, webCrypto, webName } from './web.js'

export { joinParts }

/**
 * Prepares the HMAC of one key, which is not empty. The platform holds the key, and gives it to nobody.
 *
 * @throws {ConfigError} `ERR_PLATFORM` where there is no Web Cryptography
 */
export function prepareMac(hash: HashName, key: Uint8Array): Sign {
  const subtle = webCrypto()
  const prepared = subtle.importKey('raw', key.slice(), { name: 'HMAC', hash: webName(hash) }, false, ['sign'])
  return async parts => new Uint8Array(await subtle.sign('HMAC', await prepared, await joinParts(parts)))
}
