export { type Handover, parseCredentials } from '../http/credentials-uri.js'
export type { ClockOffset } from './clock-offset.js'
export { createSignedFetch, type SignedFetch, type SignedFetchOptions } from './fetch.js'
export { createSigner, type SignedRequest, type Signer, type SignerOptions, type UnsignedRequest } from './signer.js'
