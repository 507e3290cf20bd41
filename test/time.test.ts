import { describe, expect, it } from 'vitest'
import { isoMilliseconds, milliseconds, seconds, type TimeFormat } from '../src/time.js'

const NOW = 1_767_225_600_123

const read: readonly (readonly [name: string, format: TimeFormat, text: string, ms: number])[] = [
  ['milliseconds', milliseconds, '1767225600123', NOW],
  ['milliseconds', milliseconds, '0', 0],
  ['seconds', seconds, '1767225600', 1_767_225_600_000],
  ['seconds', seconds, '1767225600.1', 1_767_225_600_100],
  ['seconds', seconds, '1767225600.123', NOW],
  ['seconds', seconds, '1767225600.1239999', NOW],
  ['seconds', seconds, '1767225600.012999999', 1_767_225_600_012],
  ['seconds', seconds, '1767225600.000', 1_767_225_600_000],
  ['isoMilliseconds', isoMilliseconds, '2026-01-01T00:00:00.123Z', NOW],
  ['isoMilliseconds', isoMilliseconds, '1970-01-01T00:00:00.000Z', 0],
  ['isoMilliseconds', isoMilliseconds, '2024-02-29T23:59:59.999Z', 1_709_251_199_999],
]

const refused: readonly (readonly [name: string, format: TimeFormat, texts: readonly string[]])[] = [
  ['milliseconds', milliseconds, ['', '-1', '+1', '01', '1.5', '1e3', '0x10', ' 1', '1 ', '1'.repeat(16), '１']],
  [
    'seconds',
    seconds,
    [
      '',
      '.',
      '.5',
      '1.',
      '1..5',
      '1.5.5',
      '01',
      '-1',
      '1,5',
      '1.5e3',
      '1. 5',
      '12345678901',
      `1.${'5'.repeat(10)}`,
      '1.５',
    ],
  ],
  [
    'isoMilliseconds',
    isoMilliseconds,
    [
      '',
      '1767225600123',
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00.12Z',
      '2026-01-01T00:00:00.1234Z',
      '2026-01-01T00:00:00.123+00:00',
      '2026-01-01 00:00:00.123Z',
      '2026-01-01t00:00:00.123z',
      '2026-02-30T00:00:00.123Z',
      '2026-01-01T24:00:00.000Z',
      '2026-01-01T00:00:60.000Z',
      '1969-12-31T23:59:59.999Z',
      '+02026-01-01T00:00:00.1Z',
      'Jan 01 2026 00:00:00 GMT',
    ],
  ],
]

describe('A time format', () => {
  it.each(read)('of %s', (_, format, text, ms) => {
    expect(format.parse(text)).toBe(ms)
  })

  it.each(refused)('refuses whatever is not in it: %s', (_, format, texts) => {
    expect(texts.map(text => [text, format.parse(text)])).toEqual(texts.map(text => [text, -1]))
  })

  it('writes what it reads, and cuts off what it cannot write', () => {
    expect(milliseconds.format(NOW)).toBe('1767225600123')
    expect(seconds.format(NOW)).toBe('1767225600')
    expect(isoMilliseconds.format(NOW)).toBe('2026-01-01T00:00:00.123Z')
    expect([milliseconds, isoMilliseconds].map(format => format.parse(format.format(NOW)))).toEqual([NOW, NOW])
    expect(seconds.parse(seconds.format(NOW))).toBe(1_767_225_600_000)
  })
})
