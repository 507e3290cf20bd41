import { KeyError } from '../errors.js'

/** The address below which everything lies that is sent a signature: an origin, and the path of a folder. */
export function baseOf(url: string | URL): URL {
  const base = new URL(url)
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return base
}

/**
 * The URL of a request. A path, with or without its leading slash, is one below the base.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`, field `url`, for one that is not below the base
 */
export function urlBelow(base: URL, input: string | URL): URL {
  // A second slash would make it a host; a URL that has one is read as what it is, and refused.
  const url = new URL(typeof input === 'string' ? input.replace(/^\s*[\\/](?![\\/])/, './') : input, base)
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) {
    throw new KeyError('ERR_INPUT_INVALID', "the URL must lie below 'baseUrl'", { field: 'url' })
  }
  // Platforms differ in whether they send an empty query's '?'.
  url.search ||= ''
  return url
}
