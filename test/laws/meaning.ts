/** Whether two requests say the same in a component, where a dialect signs what is meant and not each byte. */

import { pathOf, queryOf, type WireRequest } from '../../src/http/request.js'
import type { Component } from '../../src/scheme.js'

/** The component as bytes, one character each; `undefined` where it is no part of a request. */
export function partOf(component: Component, { method, target, headers, body }: WireRequest): string | undefined {
  switch (component) {
    case 'method':
      return method
    case 'path':
      return pathOf(target)
    case 'query':
      // Nobody reads a question mark at the end as anything.
      return queryOf(target)
    case 'content-type':
      return JSON.stringify([headers['content-type'] ?? []].flat())
    case 'body':
      return latin1(body)
    case 'host':
    case 'nonce':
      return undefined
  }
}

export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

export function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, character => character.charCodeAt(0))
}

/** Whether a server reads the same from both, however they are spelled. */
export function meansTheSame(component: Component, a: WireRequest, b: WireRequest): boolean {
  if (partOf(component, a) === partOf(component, b)) return true
  switch (component) {
    case 'query':
      return sameForm(queryOf(a.target), queryOf(b.target))
    case 'body':
      return sameBody(utf8(a.body), utf8(b.body))
    default:
      return false
  }
}

/** JSON without members has as many parameters as no body. */
function sameBody(a: string, b: string): boolean {
  const isEmpty = (text: string) => text === '' || canonicalJson(text) === '{}'
  return (isEmpty(a) && isEmpty(b)) || sameJson(a, b) || sameForm(a, b)
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

/**
 * The same parameters to a reader to which `+` is a blank, and to one to which it is a plus. Their order counts only
 * where a name comes twice.
 */
function sameForm(a: string, b: string): boolean {
  return [' ', '+'].every(plus => {
    const [one, other] = [parametersOf(a, plus), parametersOf(b, plus)]
    return one !== undefined && other !== undefined && one === other
  })
}

function parametersOf(text: string, plus: string): string | undefined {
  try {
    const pairs = (text === '' ? [] : text.split('&')).map(pair => {
      const at = pair.indexOf('=')
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
      return [name, value].map(piece => decodeURIComponent(piece.replaceAll('+', plus === '+' ? '%2B' : '%20')))
    })
    const names = new Set(pairs.map(([name]) => name))
    if (names.size === pairs.length) pairs.sort(([x = ''], [y = '']) => (x < y ? -1 : 1))
    return JSON.stringify(pairs)
  } catch {
    return undefined
  }
}

/** The same JSON value: blanks and the order of members do not count, doubled names do. */
function sameJson(a: string, b: string): boolean {
  const [one, other] = [canonicalJson(a), canonicalJson(b)]
  return one !== undefined && one === other
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s"{}[\],:]+|[{}[\],:]/g

function oneForm(token: string): string {
  return JSON.stringify(JSON.parse(token))
}

/** Compact JSON with sorted names; one form for each text, and for each number of up to 15 digits. */
function canonicalJson(text: string): string | undefined {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  const tokens = text.match(TOKEN) ?? []
  let at = 0
  const value = (): string => {
    const token = tokens[at++]!
    if (token !== '{' && token !== '[') return /^[-\d]/.test(token) && token.length > 15 ? token : oneForm(token)
    const end = token === '{' ? '}' : ']'
    const members: string[] = []
    while (tokens[at] !== end) {
      const first = value()
      members.push(tokens[at] === ':' ? `${first}${tokens[at++]}${value()}` : first)
      if (tokens[at] === ',') at++
    }
    at++
    return token + (token === '{' ? members.sort() : members).join(',') + end
  }
  return value()
}
