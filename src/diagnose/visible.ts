import { encodeHex } from '../bytes.js'
import { textOfContent } from './segment.js'

/** Longer texts are cut in what is printed; the structure has all of it. */
const MAX_SHOWN = 2000

const HIDDEN_CHARACTER = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu

/** Text in which nothing is invisible: control characters by their pictures, others by their numbers. */
export function visibleText(text: string): string {
  return text.replaceAll(HIDDEN_CHARACTER, pictureOf)
}

function pictureOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '\u2421' : `\\u{${code.toString(16)}}`
}

/** A byte string to be printed, between quotes where it is text, in hex where it is none, with its length. */
export function visibleBytes(bytes: Uint8Array): string {
  const text = textOfContent(bytes)
  if (text === undefined) return `${cut(encodeHex(bytes))} (${countOf(bytes.length, 'byte')}, hex)`
  const characters = [...text].length
  const length = characters === bytes.length ? '' : `${countOf(characters, 'character')}, `
  return `"${cut(visibleText(text))}" (${length}${countOf(bytes.length, 'byte')})`
}

function cut(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}… and ${text.length - MAX_SHOWN} more`
}

export function countOf(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
