import { encodeUtf8 } from '../bytes.js'
import { EMPTY_BODY } from '../http/request.js'
import { type Change, type ChangeGroup, signingOf } from './change.js'
import { isJson, JSON_WRITINGS } from './json-writings.js'
import type { MistakeCode } from './mistakes.js'
import { textOfContent } from './segment.js'

const NOTHING: readonly string[] = ['{}', '[]', 'null', 'undefined', '""', ' ']

/** Longer bodies are not written anew: nobody debugs with them. */
const MAX_REWRITTEN = 65_536

type Written = readonly [code: MistakeCode, detail: string, write: () => Uint8Array]

export const bodyChanges: ChangeGroup = {
  level: 'request',
  changes({ request }) {
    const { body } = request
    const text = body.length > MAX_REWRITTEN ? undefined : textOfContent(body)
    const written: readonly Written[] =
      body.length === 0
        ? [
            ...NOTHING.map(
              (nothing): Written => [
                'body-added',
                `It was signed as '${JSON.stringify(nothing)}'.`,
                () => encodeUtf8(nothing),
              ],
            ),
            ['body-newline', 'There was nothing else.', () => encodeUtf8('\n')],
          ]
        : [['body-left-out', '', () => EMPTY_BODY], ...(text === undefined ? [] : rewritten(text))]
    return written.map(
      ([code, detail, write]): Change =>
        signingOf([code, 'body', detail], () => ({ request: { ...request, body: write() } })),
    )
  },
}

function rewritten(text: string): readonly Written[] {
  const trimmed = text.trimEnd()
  const json = isJson(text)
  return [
    ...(json ? JSON_WRITINGS.map(({ name, write }) => textual(`It was signed ${name}.`, () => write(text))) : []),
    ...(json ? formsOf(text) : jsonsOf(text)),
    ...['\n', '\r\n'].map(end => ['body-newline', 'There was one more.', () => encodeUtf8(text + end)] as const),
    ...(trimmed === text ? [] : [['body-newline', 'There was none.', () => encodeUtf8(trimmed)] as const]),
    ...['{}', '[object Object]'].map(
      instead => ['body-left-out', `'${instead}' stood in its place.`, () => encodeUtf8(instead)] as const,
    ),
    ['body-charset', 'It was signed in Latin-1.', () => Uint8Array.from(text, unit => unit.charCodeAt(0))],
    ['body-charset', 'It was signed with a byte order mark.', () => encodeUtf8(`\ufeff${text}`)],
    ['body-charset', 'It was encoded as UTF-8 twice.', () => encodeUtf8(latin1(encodeUtf8(text)))],
    ['body-charset', 'It was signed in UTF-16.', () => utf16(text)],
  ]
}

function textual(detail: string, write: () => string): Written {
  return ['body-reserialised', detail, () => encodeUtf8(write())]
}

/** The members of an object as a form, where they are texts and numbers. */
function formsOf(json: string): readonly Written[] {
  const values = Object.entries(JSON.parse(json) as object)
  const members = values.map(([name, value]): [string, string] => [
    name,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ])
  const form = () => new URLSearchParams(members).toString()
  const spaced = () => form().replaceAll('+', '%20')
  const raw = () => members.map(([name, value]) => `${name}=${value}`).join('&')
  const texts = () => new URLSearchParams(values.map(([name, value]) => [name, String(value)])).toString()
  return [form, spaced, raw, texts].map(write => [
    'body-form-json',
    'It was signed as a form.',
    () => encodeUtf8(write()),
  ])
}

function jsonsOf(form: string): readonly Written[] {
  if (!/^[^={[\s]+=/.test(form)) return []
  const json = () => JSON.stringify(Object.fromEntries(new URLSearchParams(form)))
  return JSON_WRITINGS.slice(0, 2).map(({ write }) => [
    'body-form-json',
    'It was signed as JSON.',
    () => encodeUtf8(write(json())),
  ])
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, byte => String.fromCharCode(byte)).join('')
}

function utf16(text: string): Uint8Array {
  return Uint8Array.from({ length: 2 * text.length }, (_, at) => (text.charCodeAt(at >> 1) >> (8 * (at % 2))) & 255)
}
