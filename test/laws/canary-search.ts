/** Finds planted secrets in text and bytes, whole or in part, in any of the forms that code gives to what it prints. */

import { inspect } from 'node:util'

/** What was planted, so that a finding says what leaked without repeating it. */
export interface Canary {
  readonly kind: string
  readonly form: string
}

export interface Finding extends Canary {
  readonly place: string
}

export interface Canaries {
  /** Plants a secret text; every part of 24 characters of it will be looked for. Returns the text. */
  plant(kind: string, text: string): string
  plantBytes(kind: string, bytes: Uint8Array): void
  /** Every canary in this text, once each. */
  search(place: string, text: string): readonly Finding[]
  readonly planted: number
}

const WINDOW = 12
/** Decimals have less in them. */
const DECIMAL_WINDOW = 24
const BLOOM = 1 << 21

export function createCanaries(): Canaries {
  const windows = { [WINDOW]: new Map<string, Canary>(), [DECIMAL_WINDOW]: new Map<string, Canary>() }
  const bloom = new Uint8Array(BLOOM)
  let planted = 0

  const remember = (canary: Canary, text: string) => {
    const length = canary.form === 'decimals' ? DECIMAL_WINDOW : WINDOW
    // Pieces side by side: whatever is twice as long holds one of them whole.
    for (let at = 0; at + length <= text.length; at += length) {
      const piece = text.slice(at, at + length)
      windows[length]?.set(piece, canary)
      bloom[hashAt(piece, 0)] = 1
    }
  }
  const plantBytes = (kind: string, bytes: Uint8Array) => {
    if (bytes.length < 2 * WINDOW) throw new Error('a canary needs 24 bytes at least')
    for (const [form, texts] of Object.entries(formsOf(bytes))) for (const text of texts) remember({ kind, form }, text)
    planted++
  }
  const lookAt = (text: string, found: Map<string, Canary>) => {
    for (let at = 0; at + WINDOW <= text.length; at++) {
      if (bloom[hashAt(text, at)] === 0) continue
      const hit =
        windows[WINDOW]?.get(text.slice(at, at + WINDOW)) ??
        windows[DECIMAL_WINDOW]?.get(text.slice(at, at + DECIMAL_WINDOW))
      if (hit !== undefined) found.set(`${hit.kind} ${hit.form}`, hit)
    }
  }

  return {
    plant(kind, text) {
      // What all secrets of a brand begin with is no secret.
      plantBytes(kind, Buffer.from(/^[a-z0-9]+_[a-z0-9]+_(.*)$/.exec(text)?.[1] ?? text))
      return text
    },
    plantBytes,
    search(place, text) {
      const found = new Map<string, Canary>()
      lookAt(text, found)
      // Printed bytes are set apart by blanks.
      lookAt(text.replace(/[\s]+/g, ''), found)
      return [...found.values()].map(canary => ({ place, ...canary }))
    },
    get planted() {
      return planted
    },
  }
}

function hashAt(text: string, at: number): number {
  const [a, b] = [text.charCodeAt(at) * 31 + text.charCodeAt(at + 3), text.charCodeAt(at + 7) * 131]
  return (Math.imul(a + b, 0x9e3779b1) + text.charCodeAt(at + 10) * 8191 + text.charCodeAt(at + 5)) & (BLOOM - 1)
}

/** Spellings of some bytes. Base64 has three, by where in a longer text they stand. */
function formsOf(bytes: Uint8Array): Readonly<Record<string, readonly string[]>> {
  const buffer = Buffer.from(bytes)
  const hex = buffer.toString('hex')
  const base64 = [0, 1, 2].map(offset => base64Within(buffer, offset))
  const wide = buffer.toString('latin1').replace(/./gs, char => `${char}\0`)
  const text = buffer.toString('latin1')
  return {
    plain: [text],
    reversed: [[...text].reverse().join('')],
    hex: [hex, hex.toUpperCase()],
    base64url: base64.map(each => each.replaceAll('+', '-').replaceAll('/', '_')),
    base64,
    'utf-16': [wide, `\0${wide}`],
    'utf-16 reversed': [[...wide].reverse().join('')],
    decimals: [[...buffer].join(',')],
  }
}

/** The characters of the base64 of a longer text that depend on these bytes alone. */
function base64Within(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return text.slice(offset === 0 ? 0 : offset + 1, -4)
}

/** All that printing, logging or a debugger could show of a value, and the bytes it holds. */
export function traceOf(value: unknown): string {
  const shown = inspect(value, {
    ...{ showHidden: true, depth: 20, getters: true },
    ...{ maxArrayLength: null, maxStringLength: null, breakLength: Number.POSITIVE_INFINITY },
  })
  return `${shown}\n${jsonOf(value)}\n${bytesIn(value, new Set()).join('\n')}`
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

function bytesIn(value: unknown, seen: Set<unknown>): readonly string[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  if (ArrayBuffer.isView(value)) {
    return [Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')]
  }
  const inner = value instanceof Map ? [...value.keys(), ...value.values()] : value instanceof Set ? [...value] : []
  const own = Reflect.ownKeys(value).map(name => Reflect.get(value, name) as unknown)
  return [...inner, ...own].flatMap(each => bytesIn(each, seen))
}
