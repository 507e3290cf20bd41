const DOT = 46
const COLON = 58
const DIGIT_0 = 48

/** Which addresses a number belongs to. The families are never compared with each other. */
export type AddressFamily = 4 | 6

/** Longest text of an address: six groups of four digits and a dotted tail. */
export const MAX_ADDRESS_CHARS = 45

/** The groups of the address being read. */
const groups = /* @__PURE__ */ new Uint16Array(8)

const hexDigits = /* @__PURE__ */ tableOfHexDigits()

/**
 * Reads an address strictly: IPv4 as four decimal parts without leading zeros, IPv6 as RFC 4291 writes it, no zone,
 * no port, no blanks. An IPv4-mapped IPv6 address, in any spelling, is the IPv4 address; every other IPv6 address
 * that carries an IPv4 one (`::a.b.c.d`, `64:ff9b::/96`, 6to4) stays what it is.
 * Hot path: one pass, no allocation.
 *
 * @param words receives the address as 32-bit words, most significant first: one for IPv4, four for IPv6
 * @returns the family, or 0 when the text is not an address; `words` then holds nothing of use
 * @source RFC 4291 section 2.2 and 2.5.5, RFC 6943 section 3.1.1 (why not the loose forms of IPv4)
 */
export function readAddress(text: string, words: Uint32Array): AddressFamily | 0 {
  if (text.length < 2 || text.length > MAX_ADDRESS_CHARS) return 0
  const ipv4 = ipv4At(text, 0)
  if (ipv4 >= 0) {
    words[0] = ipv4
    return 4
  }
  if (!readGroups(text)) return 0
  for (let i = 0; i < 4; i++) words[i] = groups[i * 2]! * 0x10000 + groups[i * 2 + 1]!
  if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff) return 6
  words[0] = words[3]!
  return 4
}

/** The dotted decimal that fills `text` from `start` on, as a number, or -1. */
function ipv4At(text: string, start: number): number {
  let value = 0
  let dots = 0
  let part = -1
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code !== DOT) {
      part = appendDigit(part, code - DIGIT_0)
      if (part < 0) return -1
      continue
    }
    if (part < 0) return -1
    value = value * 256 + part
    dots++
    part = -1
  }
  return dots === 3 && part >= 0 ? value * 256 + part : -1
}

/** A part of dotted decimal with one more digit; -1 when it is no digit, a leading zero, or the part passes 255. */
function appendDigit(part: number, digit: number): number {
  if (digit < 0 || digit > 9 || part === 0) return -1
  if (part < 0) return digit
  const longer = part * 10 + digit
  return longer <= 255 ? longer : -1
}

/** Reads IPv6 text into `groups`. */
function readGroups(text: string): boolean {
  let count = 0
  let gap = -1
  let value = 0
  let digits = 0
  if (text.charCodeAt(0) === COLON && text.charCodeAt(1) !== COLON) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const digit = hexDigit(code)
    if (digit >= 0) {
      value = (value << 4) | digit
      digits++
      continue
    }
    if (code !== COLON) return code === DOT && readTail(ipv4At(text, i - digits), gap, count)
    if (digits > 4 || (digits === 0 && gap >= 0)) return false
    if (digits > 0) groups[count++] = value
    else if (i > 0) gap = count
    value = 0
    digits = 0
  }
  // Behind the last colon stands a group, or nothing where that colon ends a `::`.
  if (digits > 4 || (digits === 0 && gap !== count)) return false
  if (digits > 0) groups[count++] = value
  return fillGap(gap, count)
}

/** Puts the two groups of a dotted tail behind the `count` others. */
function readTail(ipv4: number, gap: number, count: number): boolean {
  if (ipv4 < 0) return false
  groups[count] = ipv4 >>> 16
  groups[count + 1] = ipv4 & 0xffff
  return fillGap(gap, count + 2)
}

/** Value of a hex digit, or -1. A table: digits and letters alternate at random, which would defeat branch prediction. */
function hexDigit(code: number): number {
  return code < 128 ? hexDigits[code]! : -1
}

function tableOfHexDigits(): Int8Array {
  const table = new Int8Array(128).fill(-1)
  for (let digit = 0; digit < 16; digit++) {
    table[digit.toString(16).charCodeAt(0)] = digit
    table[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
  }
  return table
}

/** Puts zeros for a `::` that stands behind `gap` of the `count` groups; it must stand for at least one group. */
function fillGap(gap: number, count: number): boolean {
  const missing = 8 - count
  if (gap < 0 || missing <= 0) return gap < 0 && missing === 0
  for (let i = 7; i >= gap + missing; i--) groups[i] = groups[i - missing]!
  for (let i = gap; i < gap + missing; i++) groups[i] = 0
  return true
}
