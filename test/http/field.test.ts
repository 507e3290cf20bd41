import { describe, expect, it } from 'vitest'
import { isField, isTarget, KEY_ID } from '../../src/http/field.js'

/** Every UTF-16 code unit that `admits` lets into the middle of a text. */
function admitted(admits: (text: string) => boolean): string {
  let all = ''
  for (let code = 0; code < 0x10000; code++) {
    const character = String.fromCharCode(code)
    if (admits(`/${character}x`)) all += character
  }
  return all
}

describe('A field', () => {
  it('of a key id admits these characters and no other', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
    expect(admitted(text => isField(text.slice(1), KEY_ID))).toBe(`-.0123456789${letters}`)
  })

  it('admits texts of its lengths and no other', () => {
    expect([0, 1, 128, 129].map(length => isField('k'.repeat(length), KEY_ID))).toEqual([false, true, true, false])
  })

  it('is refused for a foreign character at either end, and for a line break at its end', () => {
    expect(['k\n', '\nk', 'k ', ' k', 'k\0'].map(text => isField(text, KEY_ID))).toEqual(Array(5).fill(false))
    // The expression keeps no state between calls.
    expect([isField('a b', KEY_ID), isField('a b', KEY_ID), isField('ab', KEY_ID)]).toEqual([false, false, true])
  })
})

describe('A request target that can be signed', () => {
  it('holds visible ASCII without #', () => {
    const visible = Array.from({ length: 0x5e }, (_, at) => String.fromCharCode(0x21 + at)).join('')
    expect(admitted(isTarget)).toBe(visible.replace('#', ''))
  })

  it('begins with a slash, and is at most 16,384 characters long', () => {
    expect(['/', '//', '/?', '/'.repeat(16_384)].map(isTarget)).toEqual(Array(4).fill(true))
    expect(['', '?', '*', 'a', 'https://a/', '/'.repeat(16_385)].map(isTarget)).toEqual(Array(6).fill(false))
  })
})
