import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { isJsonLike, textOfBody, textOfBytes } from '../../src/http/body.js'
import { formOf, parametersOf, sortedForm } from '../../src/http/form.js'
import { decodePercent } from '../../src/http/percent.js'

const parsed = { a: 1 } as unknown as Uint8Array

describe('A body', () => {
  it('is text when it is UTF-8 of up to 64 KiB, with every character that it holds', () => {
    expect(textOfBody(encodeUtf8('\ufeff\u00fc\u{1f4b6}'))).toBe('\ufeff\u00fc\u{1f4b6}')
    expect(textOfBody(new Uint8Array(0))).toBe('')
    expect(textOfBody(new Uint8Array(65_536).fill(97))).toHaveLength(65_536)
    expect(textOfBytes(new Uint8Array(65_537).fill(97))).toHaveLength(65_537)
  })

  it.each([
    ['that is too long', new Uint8Array(65_537).fill(97)],
    ['that is no UTF-8', Uint8Array.of(0xff)],
    ['that ends within a character', encodeUtf8('\u00fc').subarray(0, 1)],
    ['with half a surrogate pair', Uint8Array.of(0xed, 0xa0, 0x80)],
    ['that was parsed', parsed],
  ])('%s is no text', (_, body) => {
    expect(textOfBody(body)).toBeUndefined()
  })

  it('looks like JSON when it is empty or begins with a brace or a bracket', () => {
    expect(['', '{', '[', '{"a":1}'].map(text => isJsonLike(encodeUtf8(text)))).toEqual(Array(4).fill(true))
    expect([' {', 'a', '"', '1', '\ufeff{'].map(text => isJsonLike(encodeUtf8(text)))).toEqual(Array(5).fill(false))
    expect(isJsonLike(parsed)).toBe(false)
  })
})

describe('A form', () => {
  it('is visible ASCII, or empty', () => {
    expect(formOf(encodeUtf8('a=%C3%BC&b="x"'))).toBe('a=%C3%BC&b="x"')
    expect(formOf(new Uint8Array(0))).toBe('')
    for (const text of ['a=b c', 'a=\u00fc', 'a=b\n', '\ufeffa=b', 'a=\0']) {
      expect(formOf(encodeUtf8(text)), text).toBeUndefined()
    }
    expect(formOf(parsed)).toBeUndefined()
  })

  it('has parameters, each with its name and its value as they stand there', () => {
    expect(parametersOf('a=1&_b2=%20+&c[0]=&d%5B1%5D==x&a=2')).toEqual([
      { name: 'a', value: '1' },
      { name: '_b2', value: '%20+' },
      { name: 'c[0]', value: '' },
      { name: 'd%5B1%5D', value: '=x' },
      { name: 'a', value: '2' },
    ])
    expect(parametersOf('')).toEqual([])
  })

  it.each([
    ['no value', 'a=1&b'],
    ['no name', '=1'],
    ['nothing', 'a=1&&b=2'],
    ['nothing at the end', 'a=1&'],
    ['a name with an escape that it does not need', '%61=1'],
    ['a name with an escape in lower case', 'a%5b=1'],
    ['a name with another escape', 'a%20b=1'],
    ['a name with a plus', 'a+b=1'],
    ['a name that begins with a digit', '1a=1'],
    ['a name that begins as JSON does', '{"a":"="}'],
    ['a name that begins with a bracket', '[0]=1'],
  ])('has none where one of them has %s', (_, text) => {
    expect(parametersOf(text)).toBeUndefined()
  })

  it('is sorted by the bytes of the names alone', () => {
    const sorted = (text: string) => sortedForm(parametersOf(text)!)
    expect(sorted('b=1&a-b=2&a=3&B=4&a_=5')).toBe('B=4&a=3&a-b=2&a_=5&b=1')
    expect(sorted('')).toBe('')
  })

  it('is not sorted when a name comes twice, however it is spelled', () => {
    for (const text of ['a=1&a=1', 'a=1&b=2&a=3', 'a[0]=1&a%5B0%5D=2']) {
      expect(sortedForm(parametersOf(text)!), text).toBeUndefined()
    }
    expect(sortedForm(parametersOf('a[0]=1&a[1]=2')!)).toBe('a[0]=1&a[1]=2')
  })
})

describe('Percent-decoding', () => {
  it('knows UTF-8 and nothing else', () => {
    expect(decodePercent('a%20+%C3%BC%2B')).toBe('a +\u00fc+')
    for (const text of ['%', '%4', '%zz', '%FF', '%C3', '%ED%A0%80', '%C0%AF']) {
      expect(decodePercent(text), text).toBeUndefined()
    }
  })
})
