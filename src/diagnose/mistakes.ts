import type { Meaning } from './meaning.js'
import { REQUEST_MISTAKES, type RequestMistake } from './request-meanings.js'
import { SIGNING_MISTAKES, type SigningMistake } from './signing-meanings.js'

/** The codes are stable: programs may branch on them, and none changes its meaning. */
export type MistakeCode = RequestMistake | SigningMistake

/** Every mistake that is recognised: what happened, and what to change. Neither sentence holds a value of the request. */
export const MISTAKES: Readonly<Record<MistakeCode, Meaning>> = /* @__PURE__ */ Object.freeze({
  ...REQUEST_MISTAKES,
  ...SIGNING_MISTAKES,
})

/** One mistake that a client made. */
export interface Mistake {
  readonly code: MistakeCode
  /** Where: `method`, `path`, `query`, `body`, `host`, `timestamp`, `secret`, … or the name of a field of the request. */
  readonly field: string
  /** What happened, in a sentence or two. Never holds a secret or a passphrase. */
  readonly message: string
  /** What to change on the client's side. */
  readonly fix: string
}

/** @param detail what was found in this request; never anything that could be a secret */
export function mistakeOf(code: MistakeCode, field: string, detail = ''): Mistake {
  const { happened, fix } = MISTAKES[code]
  return { code, field, message: detail === '' ? happened : `${happened} ${detail}`, fix }
}
