/** The library as it was built: what is measured is what is published. */

const dist = new URL('../../dist/', import.meta.url)
const load = path => import(new URL(path, dist).href)

export const {
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  defineKeyPolicy,
  standardKeyPolicy,
  compileAllowlist,
} = await load('index.js')
export const { withoutStepUp } = await load('insecure.js')
export const { createSigner } = await load('client/index.js')
export const { hmacV1 } = await load('schemes/hmac-v1.js')
export const { standard } = await load('presets/standard.js')
export const { createMemoryKeyStore, createMemoryReplayStore } = await load('stores/memory.js')
