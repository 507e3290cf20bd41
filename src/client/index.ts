export { ConfigError, KeyError, RequestError, type RequestErrorCode, type RequestErrorDetail } from '../errors.js'
export { type Handover, parseCredentials } from '../http/credentials-uri.js'
export type { ByteStream } from './body.js'
export type { ClockOffset } from './clock-offset.js'
export { credentialsFromEnv, credentialsFromText, type HiddenSecret, type LoadedCredentials } from './credentials.js'
export { expectOk } from './expect-ok.js'
export {
  type Answered,
  createSignedFetch,
  type SignedFetch,
  type SignedFetchOptions,
} from './fetch.js'
export { inTurn } from './in-turn.js'
export { generateKeyPair, type KeyPairTexts, type PossessionOptions, provePossession } from './key-pair.js'
export type { SignedRequestInit } from './outgoing.js'
export type { ReadRefusal, Refusal, Sent } from './refusal.js'
export { refusalsOf } from './refusals-of.js'
export {
  createSigner,
  type Nonces,
  type SignedRequest,
  type Signer,
  type SignerOptions,
  type UnsignedRequest,
} from './signer.js'
export { createStreams, type StreamedBody, type Streams } from './streams.js'
export { type SyncClockOptions, syncClock } from './sync-clock.js'
