import { DENIALS, type DenialCode, type WireCode } from '../denials.js'
import type { Problem } from './respond.js'

/** What an answer is made from. */
export interface Refused {
  readonly denial: DenialCode
  /** Server time of the decision, epoch ms. */
  readonly at: number
}

/** Words a refusal in a house's own format. */
export type Answer = (refused: Refused) => Problem

/** One answer of a house: HTTP status, the house's code, and its words. */
export type AnswerLine<Code> = readonly [status: number, code: Code, message: string]

/** By wire code, never by denial, so that no answer tells more than the library's own; `otherwise` for the rest. */
export type AnswerTable<Code> = Readonly<Partial<Record<WireCode, AnswerLine<Code>>>> & {
  readonly otherwise: AnswerLine<Code>
}

/**
 * Makes a dialect's answers, so that clients written for the house raise the error they have for it.
 *
 * @param body the JSON value of the answer
 */
export function answersOf<Code>(
  table: AnswerTable<Code>,
  body: (code: Code, message: string, refused: Refused) => unknown,
): Answer {
  return refused => {
    const [status, code, message] = table[DENIALS[refused.denial].wire] ?? table.otherwise
    return {
      status,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: JSON.stringify(body(code, message, refused)),
    }
  }
}
