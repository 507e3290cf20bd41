import { encodeUtf8 } from '../bytes.js'
import { decodePercent } from '../http/percent.js'
import { EMPTY_BODY, pathOf, queryOf } from '../http/request.js'
import { type Change, type ChangeGroup, type Draft, signingOf } from './change.js'
import type { MistakeCode } from './mistakes.js'
import { textOfContent } from './segment.js'

/** More parameters have too many orders. */
const MAX_SHUFFLED = 5

/** Of more parameters, the last ones are left out by turns. */
const MAX_LEFT_OUT = 64

type Rewriting = readonly [code: MistakeCode, detail: string, rewrite: (query: string) => string]

/** Ways to write the parameters of a query or a form otherwise. */
const REWRITINGS: readonly Rewriting[] = [
  ['query-decoded', '', query => decodePercent(query) ?? query],
  ['query-decoded', 'A plus was read as a blank.', query => decodePercent(query.replaceAll('+', ' ')) ?? query],
  ['query-encoded', 'Every value was.', query => eachValue(query, encodeURIComponent)],
  ['query-encoded', 'All of it was, with its marks.', encodeURIComponent],
  ['query-space', 'Blanks were signed as `+`.', query => query.replaceAll('%20', '+')],
  ['query-space', 'Blanks were signed as `%20`.', query => query.replaceAll('+', '%20')],
  ['query-escapes', 'Escapes were signed in lower case.', query => escapes(query, code => code.toLowerCase())],
  ['query-escapes', 'Escapes were signed in upper case.', query => escapes(query, code => code.toUpperCase())],
  [
    'query-escapes',
    'Values were signed as encodeURIComponent writes them.',
    query => reencoded(query, encodeURIComponent),
  ],
  ['query-escapes', 'Values were signed with everything escaped that may be.', query => reencoded(query, strict)],
  ['query-escapes', 'Values were signed as encodeURI writes them.', query => reencoded(query, encodeURI)],
  ['query-escapes', 'It was signed as a form.', query => new URLSearchParams(query).toString()],
  ['query-escapes', 'Names were escaped.', query => eachName(query, encodeURIComponent)],
  ['query-escapes', 'Names were not escaped.', query => eachName(query, name => decodePercent(name) ?? name)],
  ['query-order', 'It was signed sorted by name.', query => query.split('&').sort().join('&')],
  ['query-order', 'It was signed the other way round.', query => query.split('&').reverse().join('&')],
]

export const queryChanges: ChangeGroup = {
  level: 'request',
  changes(draft) {
    const { request } = draft
    const query = queryOf(request.target)
    const form = formOf(draft)
    const left = signingOf(['query-left-out', 'query'], () => ({
      request: { ...request, target: pathOf(request.target) },
    }))
    return [
      ...(query === '' ? [] : [left]),
      ...REWRITINGS.flatMap(([code, detail, rewrite]) => [
        ...(query === '' ? [] : [withQuery(draft, [code, 'query', detail], () => rewrite(query))]),
        ...(form === '' ? [] : [withForm(draft, [code, 'body', detail], () => rewrite(form))]),
      ]),
      ...swapped(draft, query, form),
    ]
  },
}

/** Parameters in any order, where there are few. */
export const orderChanges: ChangeGroup = {
  level: 'request',
  alone: true,
  changes(draft) {
    const query = queryOf(draft.request.target).split('&')
    const form = formOf(draft).split('&')
    const named = ['query-order', 'query'] as const
    return [
      ...ordersOf(query).map(order => withQuery(draft, named, () => order.join('&'))),
      ...ordersOf(form).map(order => withForm(draft, ['query-order', 'body'], () => order.join('&'))),
    ]
  },
}

export const parameterChanges: ChangeGroup = {
  level: 'request',
  changes(draft) {
    const query = queryOf(draft.request.target).split('&')
    const form = formOf(draft).split('&')
    return [
      ...without(query).map(([piece, rest]) => withQuery(draft, leftOut(draft, piece), rest)),
      ...without(form).map(([piece, rest]) => withForm(draft, leftOut(draft, piece), rest)),
    ]
  },
}

function leftOut({ claim }: Draft, piece: string): readonly [code: MistakeCode, field: string, detail: string] {
  const [name = '', value = ''] = piece.split('=')
  if (value !== '' && value === claim.recvWindow) return ['recv-window', 'recv window', 'It was sent and not signed.']
  return ['parameter-left-out', name, `It is '${name}'.`]
}

function without(pieces: readonly string[]): readonly (readonly [piece: string, rest: () => string])[] {
  if (pieces.length < 2) return []
  return pieces.slice(-MAX_LEFT_OUT).map((piece, at, last) => {
    const place = pieces.length - last.length + at
    return [piece, () => pieces.toSpliced(place, 1).join('&')]
  })
}

function swapped(draft: Draft, query: string, form: string): readonly Change[] {
  const { request } = draft
  const path = pathOf(request.target)
  const toBody = () => ({ request: { ...request, target: path, body: encodeUtf8(query) } })
  const toQuery = () => ({ request: { ...request, target: `${path}?${form}`, body: EMPTY_BODY } })
  return [
    ...(query === '' || request.body.length > 0 ? [] : [signingOf(['query-body-swapped', 'query'], toBody)]),
    ...(form === '' || query !== '' ? [] : [signingOf(['query-body-swapped', 'body'], toQuery)]),
  ]
}

/** The body, where it is a form. */
function formOf({ request }: Draft): string {
  const text = textOfContent(request.body) ?? ''
  return /^[^={[\s]+=/.test(text) ? text : ''
}

type Named = readonly [code: MistakeCode, field: string, detail?: string]

function withQuery({ request }: Draft, named: Named, query: () => string): Change {
  return signingOf(named, () => ({ request: { ...request, target: `${pathOf(request.target)}?${query()}` } }))
}

function withForm({ request }: Draft, named: Named, form: () => string): Change {
  return signingOf(named, () => ({ request: { ...request, body: encodeUtf8(form()) } }))
}

function eachValue(query: string, change: (value: string) => string): string {
  return query.replaceAll(/=([^&]*)/g, (_, value: string) => `=${change(value)}`)
}

function eachName(query: string, change: (name: string) => string): string {
  return query.replaceAll(/(^|&)([^=&]*)/g, (_, start: string, name: string) => start + change(name))
}

function reencoded(query: string, encode: (value: string) => string): string {
  return eachValue(query, value => encode(decodePercent(value) ?? value))
}

function strict(value: string): string {
  return encodeURIComponent(value).replaceAll(/[!'()*]/g, mark => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

function escapes(query: string, change: (code: string) => string): string {
  return query.replaceAll(/%[0-9A-Fa-f]{2}/g, change)
}

function ordersOf(pieces: readonly string[]): readonly (readonly string[])[] {
  if (pieces.length < 2) return [pieces]
  if (pieces.length > MAX_SHUFFLED) return []
  return pieces.flatMap((piece, at) => ordersOf(pieces.toSpliced(at, 1)).map(order => [piece, ...order]))
}
