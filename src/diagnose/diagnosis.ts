import type { Explanation } from './explanation.js'
import type { Mistake, MistakeCode } from './mistakes.js'

/** What the search cost. None of it depends on the secret. */
export interface Tried {
  /** Combinations of mistakes whose signature was made. */
  readonly attempts: number
  /** Bytes of requests and strings that were made, compared and signed. */
  readonly bytes: number
  /** `false` when a limit ended the search before everything was tried. */
  readonly complete: boolean
  /** Which mistakes can be made with this request, each alone and, where the limits allow, with every other. */
  readonly codes: readonly MistakeCode[]
}

export interface Diagnosis {
  /** The signature is right, and so are the time, the passphrase and the key id. */
  readonly ok: boolean
  /** Whether the signature is the one that these credentials make, with the mistakes made. */
  readonly matches: boolean
  /**
   * What is wrong. Where the signature matches: the mistakes that make it match, together, and whatever is wrong beside
   * the signature. Where it does not: what is seen to be wrong without it.
   */
  readonly mistakes: readonly Mistake[]
  /** Other mistakes that make the same signature: which of them was made, the request does not tell. */
  readonly alternatives: readonly (readonly Mistake[])[]
  readonly tried: Tried
  /** What the server signs for this request. */
  readonly explanation: Explanation
  /** All of this, to be printed. Holds neither the secret nor the passphrase. */
  readonly text: string
}
