import type { Meaning } from './meaning.js'

/** What was signed is not what was sent. */
export type RequestMistake =
  | 'method-case'
  | 'method-other'
  | 'path-prefix-missing'
  | 'path-prefix-added'
  | 'path-full-url'
  | 'path-slash'
  | 'path-encoding'
  | 'query-left-out'
  | 'query-mark'
  | 'query-decoded'
  | 'query-encoded'
  | 'query-space'
  | 'query-escapes'
  | 'query-order'
  | 'parameter-left-out'
  | 'query-body-swapped'
  | 'body-left-out'
  | 'body-added'
  | 'body-reserialised'
  | 'body-form-json'
  | 'body-newline'
  | 'body-digest'
  | 'body-charset'
  | 'content-type'
  | 'host'
  | 'content-digest'

export const REQUEST_MISTAKES: Readonly<Record<RequestMistake, Meaning>> = /* @__PURE__ */ Object.freeze({
  'method-case': {
    happened: 'The method was signed in another case.',
    fix: 'Sign the method in upper case, as it is sent.',
  },
  'method-other': {
    happened: 'Another method was signed than was sent.',
    fix: 'Sign the method that is sent, after redirects and overrides.',
  },
  'path-prefix-missing': {
    happened: 'The beginning of the path was not signed.',
    fix: 'Sign the path from its first slash, with the base path and the version.',
  },
  'path-prefix-added': {
    happened: 'The path was signed with a beginning that was not sent, or with one twice.',
    fix: 'Sign the path as it is sent, and look whether a proxy takes a prefix away.',
  },
  'path-full-url': {
    happened: 'The URL was signed with its host where the path alone belongs.',
    fix: 'Sign the path, without scheme and host.',
  },
  'path-slash': {
    happened: 'The path was signed with a slash at its end that was not sent, or without one that was.',
    fix: 'Sign and send the same path; look whether a client or a proxy tidies it.',
  },
  'path-encoding': {
    happened: 'The path was signed with other percent-escapes than were sent.',
    fix: 'Encode the path once, then sign and send the same text.',
  },
  'query-left-out': {
    happened: 'The query was not signed.',
    fix: 'Sign the query as well, as it is sent.',
  },
  'query-mark': {
    happened: 'The question mark before the query was signed where it does not belong, not signed, or signed twice.',
    fix: 'Put the question mark where the string to sign has it, and none where there is no query.',
  },
  'query-decoded': {
    happened: 'The query was signed before it was percent-encoded.',
    fix: 'Encode the query first, then sign and send the same text.',
  },
  'query-encoded': {
    happened: 'The query was percent-encoded once more for signing than the scheme says.',
    fix: 'Encode the query once, or not at all where the scheme signs it decoded.',
  },
  'query-space': {
    happened: 'Blanks were signed as `+` and sent as `%20`, or the other way round.',
    fix: 'Use one encoder for signing and sending; `%20` is read the same everywhere.',
  },
  'query-escapes': {
    happened: 'The query was signed with other percent-escapes than were sent, in their case or in what is escaped.',
    fix: 'Build the query once, then sign and send the same text.',
  },
  'query-order': {
    happened: 'The parameters were signed in another order than they were sent in.',
    fix: 'Build the query once and send what was signed; sort only where the scheme says so.',
  },
  'parameter-left-out': {
    happened: 'A parameter was sent that was not signed.',
    fix: 'Sign after the last parameter was added.',
  },
  'query-body-swapped': {
    happened: 'What was sent in the query was signed as a body, or the other way round.',
    fix: 'Sign the parameters where they are sent.',
  },
  'body-left-out': {
    happened: 'The body was not signed.',
    fix: 'Sign the bytes of the body as they are sent.',
  },
  'body-added': {
    happened: 'A body was signed where none was sent.',
    fix: 'Sign an empty body as nothing, not as an object, `null` or a text that says so.',
  },
  'body-reserialised': {
    happened:
      'The body was signed as other JSON text than was sent: blanks, escapes or the order of its members differ.',
    fix: 'Make the JSON text once, sign it and send this very text; let no HTTP client make it again.',
  },
  'body-form-json': {
    happened: 'The body was signed as a form and sent as JSON, or the other way round.',
    fix: 'Sign the text that is sent.',
  },
  'body-newline': {
    happened: 'The body was signed with a line break at its end that was not sent, or without one that was.',
    fix: 'Send exactly the bytes that were signed; with curl, use `--data-binary`.',
  },
  'body-digest': {
    happened: 'The body stands as it is where its digest belongs, or the digest is another one or written otherwise.',
    fix: 'Use the digest of the body with the hash and the encoding that the string to sign shows, and only there.',
  },
  'body-charset': {
    happened: 'The body was signed in another character set than UTF-8.',
    fix: 'Encode text as UTF-8, for signing and for sending.',
  },
  'content-type': {
    happened: 'Another content type was signed than was sent.',
    fix: 'Set the content type yourself before signing, so that no client adds one.',
  },
  host: {
    happened: 'Another host or audience was signed than the one of this deployment.',
    fix: 'Sign for the host or the audience that this deployment names, not for a proxy or a test system.',
  },
  'content-digest': {
    happened: 'A field that follows from the request, such as a digest of its body, says something else.',
    fix: 'Work the field out from the bytes that are sent.',
  },
})
