/** Loads the library as a browser or an edge runtime would, with noble for `#hash`: `node --import ./noble-hash.mjs`. */

import { register } from 'node:module'

const hooks = `
export async function resolve(specifier, context, next) {
  if (specifier !== '#hash') return next(specifier, context)
  return { url: ${JSON.stringify(new URL('../../dist/crypto/hash.noble.js', import.meta.url).href)}, shortCircuit: true }
}`

register(`data:text/javascript,${encodeURIComponent(hooks)}`)
