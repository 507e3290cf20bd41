import { describe, expect, it } from 'vitest'
import { encodeBase64, encodeUtf8 } from '../../src/bytes.js'
import { agreesWith, type Payload, readPayload, writePayload } from '../../src/dialect/json-payload.js'

const payload = readPayload(writePayload('{"nonce":"1","a":{"b":[1,"2"]},"c":null}')) as Payload

describe('A payload', () => {
  it('is read as it was written, with its text', () => {
    const text = '{ "a": "\u00fc\u{1f4b6}" }'
    expect(readPayload(writePayload(text))).toEqual({ text, members: { a: '\u00fc\u{1f4b6}' } })
  })

  it.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['JSON itself', '{"a":1}'],
    ['base64 without padding', encodeBase64(encodeUtf8('{"a":1}')).replaceAll('=', '')],
    ['base64 with a line break', `${encodeBase64(encodeUtf8('{"a":1}'))}\n`],
    ['base64 of the URL alphabet', encodeBase64(encodeUtf8('{"a":"\u00ff\u00fe?"}')).replaceAll('/', '_')],
    ['a list', writePayload('[1]')],
    ['a name twice', writePayload('{"a":1,"a":1}')],
    ['what is no UTF-8', encodeBase64(Uint8Array.of(0x7b, 0xff, 0x7d))],
    ['more than a header holds', writePayload(`{"a":"${'b'.repeat(50_000)}"}`)],
  ])('is not read from %s', (_, base64) => {
    expect(readPayload(base64)).toBeUndefined()
  })
})

describe('A body beside a payload', () => {
  it.each(['', '{}', '{"a":{"b":[1,"2"]}}', ' {"c":null, "nonce":"1"} '])('agrees with it: %s', text => {
    expect(agreesWith(encodeUtf8(text), payload)).toBe(true)
  })

  it.each([
    '{"nonce":"2"}',
    '{"nonce":1}',
    '{"a":{"b":[1,2]}}',
    '{"a":{}}',
    '{"d":1}',
    '{"d":null}',
    '{"toString":null}',
    '{"c":null,"c":null}',
    '[]',
    'nonce=1',
    ' ',
    `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
  ])('does not agree with it: %s', text => {
    expect(agreesWith(encodeUtf8(text), payload)).toBe(false)
  })

  it('does not agree with it when it is no text', () => {
    expect(agreesWith(Uint8Array.of(0xff), payload)).toBe(false)
    expect(agreesWith({} as unknown as Uint8Array, payload)).toBe(false)
  })
})
