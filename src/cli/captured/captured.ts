import type { WireRequest } from '../../http/request.js'

/** A request that somebody caught: raw HTTP, a curl command, or JSON. */
export interface Captured {
  readonly request: WireRequest
  /** Where it went, as far as it says. */
  readonly url: URL | undefined
}

/** What the help says of it. */
export const CAPTURED_NOTE: string =
  'The request is read from the file, or from stdin: raw HTTP, a curl command, or the JSON that sign prints. Nothing of it is run or sent.'
