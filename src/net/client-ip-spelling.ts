import { readAddress } from './address.js'

const words = /* @__PURE__ */ new Uint32Array(4)

/**
 * An address in the one spelling that all its spellings share; `undefined` for anything else.
 *
 * @source RFC 5952 section 4
 */
export function addressSpelling(text: string): string | undefined {
  const family = readAddress(text, words)
  if (family === 0) return undefined
  // Dotted decimal has one spelling that can be read.
  if (!text.includes(':')) return text
  return family === 4 ? ipv4Text(words[0]!) : ipv6Text()
}

function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

/** The text of `words`, of which the first longest run of two or more zero groups becomes `::`. */
function ipv6Text(): string {
  let start = 8
  let end = 8
  for (let at = 0, from = 0; at < 8; at++) {
    if (groupAt(at) !== 0) from = at + 1
    if (at + 1 - from > Math.max(end - start, 1)) {
      start = from
      end = at + 1
    }
  }
  return end === start ? groupsText(0, 8) : `${groupsText(0, start)}::${groupsText(end, 8)}`
}

function groupsText(start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; at++) text += `${at === start ? '' : ':'}${groupAt(at).toString(16)}`
  return text
}

function groupAt(at: number): number {
  const word = words[at >> 1]!
  return at % 2 === 0 ? word >>> 16 : word & 0xffff
}
