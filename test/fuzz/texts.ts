/** Ways to change a text that careless readers do not notice, or take for something else. */

import type { Random } from './random.js'

/** A changed text; `undefined` where there is nothing to change in this way. */
export type TextChange = (text: string, random: Random) => string | undefined

/** What careless readers take for something else: blanks, signs, escapes, other alphabets, line breaks. */
const PIECES = [
  ...[
    '',
    ' ',
    '\t',
    '\r',
    '\n',
    '\0',
    ',',
    ';',
    ':',
    '=',
    '&',
    '?',
    '#',
    '/',
    '//',
    '\\',
    '.',
    '..',
    '%',
    '%2F',
    '%00',
  ],
  ...[
    '+',
    '-',
    '0',
    '00',
    '1',
    '9'.repeat(20),
    '1e3',
    '0x1',
    'Infinity',
    'NaN',
    'a',
    'A',
    '\u00e9',
    '\u212a',
    '\ud800',
  ],
  ...['__proto__', 'constructor', '"', "'", '{', '}', '[', ']', 'Bearer ', 'signature', 'timestamp', 'nonce'],
]

/** Letters and digits that look alike, or fold into one another. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  K: '\u212a',
  s: '\u017f',
  a: '\u0430',
  e: '\u0435',
  o: '\u043e',
  c: '\u0441',
  i: '\u0131',
  A: '\u0391',
  '-': '\u2010',
  '=': '\uff1d',
  '/': '\u2215',
}

export const textChanges: Readonly<Record<string, TextChange>> = {
  flip: (text, random) => {
    if (text === '') return undefined
    const at = random.below(text.length)
    const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << random.below(8)))
    return text.slice(0, at) + flipped + text.slice(at + 1)
  },
  pieces: (text, random) => {
    const at = random.below(text.length + 1)
    const end = Math.min(at + random.below(4), text.length)
    return text.slice(0, at) + random.pick(PIECES) + text.slice(end)
  },
  cut: (text, random) => (text === '' ? undefined : text.slice(0, random.below(text.length))),
  behead: (text, random) => (text === '' ? undefined : text.slice(1 + random.below(text.length))),
  extend: (text, random) => text + random.pick(['0', '00', '=', 'A', text.slice(-1), text, '\0', '%00', '/', '.']),
  blank: (text, random) =>
    random.pick([` ${text}`, `${text} `, `\t${text}`, `${text}\t`, `${text}\u00a0`, `\ufeff${text}`]),
  break: (text, random) => {
    const at = random.below(text.length + 1)
    const put = random.pick(['\r\n', '\n', '\r', '\0', '\r\n ', '\u2028', '\r\nx-injected: 1', '\v'])
    return text.slice(0, at) + put + text.slice(at)
  },
  upper: text => text.toUpperCase(),
  lower: text => text.toLowerCase(),
  lookAlike: (text, random) => {
    const known = Array.from({ length: text.length }, (_, at) => at).filter(
      at => (LOOK_ALIKES[text.charAt(at)] ?? digitAlike(text, at)) !== '',
    )
    if (known.length === 0) return undefined
    const at = random.pick(known)
    return text.slice(0, at) + (LOOK_ALIKES[text.charAt(at)] ?? digitAlike(text, at)) + text.slice(at + 1)
  },
  quote: (text, random) => random.pick([`"${text}"`, `'${text}'`, `<${text}>`, `[${text}]`, `${text};q=1`]),
  double: text => (text === '' ? undefined : text + text),
  list: (text, random) => random.pick([`${text}, ${text}`, `${text},${text}`, `, ${text}`, `${text},`, `x, ${text}`]),
  escape: (text, random) => {
    if (text === '') return undefined
    const at = random.below(text.length)
    const code = text.charCodeAt(at).toString(16).padStart(2, '0')
    return (
      text.slice(0, at) +
      random.pick([`%${code}`, `%${code.toUpperCase()}`, `%25${code}`, `\\u00${code}`, `&#x${code};`]) +
      text.slice(at + 1)
    )
  },
  unescape: text => {
    const plain = text.replace(/%([0-9A-Fa-f]{2})/, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    return plain === text ? undefined : plain
  },
  swap: (text, random) => {
    if (text.length < 2) return undefined
    const at = random.below(text.length - 1)
    return text.slice(0, at) + text.charAt(at + 1) + text.charAt(at) + text.slice(at + 2)
  },
  empty: text => (text === '' ? undefined : ''),
  word: (_, random) =>
    random.pick(['null', 'undefined', '[object Object]', 'true', '*', '%', "' OR 1=1--", '../', '%s', '-']),
}

function digitAlike(text: string, at: number): string {
  const digit = text.charCodeAt(at) - 48
  return digit >= 0 && digit <= 9 ? String.fromCharCode(0xff10 + digit) : ''
}

/** Other ways to write a number, and other numbers. */
export const numberChanges: Readonly<Record<string, TextChange>> = {
  form: (text, random) =>
    random.pick([
      ...[`+${text}`, `-${text}`, `0${text}`, `${text}.0`, `${text}.`, ` ${text}`, `${text} `, `${text}e0`, `${text}n`],
      ...[`0x${Number(text).toString(16)}`, `0o${Number(text).toString(8)}`, Number(text).toExponential(), `${text},0`],
      ...[
        `${text}_0`,
        text.replace(/\d/g, digit => String.fromCharCode(0x0660 + Number(digit))),
        '',
        'NaN',
        'Infinity',
      ],
    ]),
  unit: (text, random) =>
    random.pick([text.slice(0, -3), `${text}000`, `${text}000000`, `${text.slice(0, -3)}.${text.slice(-3)}`]),
  shift: (text, random) => {
    const shifted = BigIntOr(text) + BigInt(random.pick([1, -1, 10, -10, 1000, -1000, 60_000, 3_600_000, -86_400_000]))
    return String(shifted)
  },
  huge: (_, random) =>
    random.pick([
      '0',
      '-1',
      '9007199254740991',
      '9007199254740992',
      '9007199254740993',
      '18446744073709551615',
      '9'.repeat(25),
    ]),
  time: (text, random) => {
    const ms = Number(text)
    const date = new Date(Number.isFinite(ms) && ms < 8e15 ? ms : Date.parse(text) || 0)
    const iso = date.toISOString()
    return random.pick([
      iso,
      iso.slice(0, 19),
      iso.replace('Z', '+00:00'),
      iso.replace('T', ' '),
      date.toUTCString(),
      String(date.getTime()),
    ])
  },
}

function BigIntOr(text: string): bigint {
  return /^\d+$/.test(text) ? BigInt(text) : 0n
}

/** Changes of a list of parameters: a query, or a body that is a form. */
export const formChanges: Readonly<Record<string, TextChange>> = {
  add: (text, random) => {
    const pair = random.pick([
      'a=1',
      'a',
      '=',
      'admin=true',
      'symbol=BTCUSD',
      '_method=DELETE',
      'timestamp=1',
      'signature=00',
    ])
    return random.chance(50) ? `${text}&${pair}` : `${pair}&${text}`
  },
  drop: (text, random) => {
    const pairs = text.split('&')
    if (pairs.length < 2) return undefined
    pairs.splice(random.below(pairs.length), 1)
    return pairs.join('&')
  },
  reorder: (text, random) => {
    const pairs = text.split('&')
    if (pairs.length < 2) return undefined
    const [moved = ''] = pairs.splice(random.below(pairs.length), 1)
    pairs.splice(random.below(pairs.length + 1), 0, moved)
    return pairs.join('&')
  },
  repeat: (text, random) => {
    const pair = random.pick(text.split('&'))
    const changed = pair.replace(/=.*/s, `=${random.pick(['', '0', '999', 'x'])}`)
    const put = random.chance(30) ? pair : changed
    return random.chance(50) ? `${text}&${put}` : `${put}&${text}`
  },
  value: (text, random) =>
    changePair(
      text,
      random,
      (name, value) => `${name}=${random.pick([`${value}0`, `1${value}`, value.slice(1), '', '0'])}`,
    ),
  name: (text, random) =>
    changePair(text, random, (name, value) => {
      const other = random.pick([
        name.toUpperCase(),
        `${name}[]`,
        `${name}[0]`,
        ` ${name}`,
        `${name}%00`,
        `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
      ])
      return `${other}=${value}`
    }),
  exchange: (text, random) => {
    const pairs = text.split('&').map(pair => pair.split(/=(.*)/s))
    if (pairs.length < 2) return undefined
    const [i, j] = [random.below(pairs.length), random.below(pairs.length)]
    const held = pairs[i]![1]
    pairs[i]![1] = pairs[j]![1]!
    pairs[j]![1] = held!
    return pairs.map(([name, value]) => (value === undefined ? name : `${name}=${value}`)).join('&')
  },
  resplit: (text, random) => {
    const [from, to] = random.pick([
      ...([
        ['%26', '&'],
        ['&', '%26'],
        ['%3D', '='],
        ['=', '%3D'],
        ['%23', '#'],
        ['%3F', '?'],
        ['&', ';'],
        ['&', '&&'],
        ['=', '=='],
        ['%25', '%'],
      ] as const),
    ])
    return replaceOne(text, from, to, random)
  },
  blank: (text, random) => {
    const [from, to] = random.pick([
      ['%20', '+'],
      ['+', '%20'],
      ['%2B', '+'],
      ['+', '%2B'],
      ['%20', '%2B'],
      ['%2B', '%20'],
      ['%20', ' '],
    ] as const)
    return replaceOne(text, from, to, random)
  },
  hexCase: text => {
    const other = text.replace(/%[0-9A-Fa-f]{2}/g, code =>
      /[a-f]/.test(code) ? code.toUpperCase() : code.toLowerCase(),
    )
    return other === text ? undefined : other
  },
  separator: (text, random) =>
    random.pick([`&${text}`, `${text}&`, `?${text}`, `${text}?`, `${text}#`, `${text}#x`, `${text};`]),
  border: (text, random) => {
    const at = text.search(/[=&]/)
    if (at < 0) return undefined
    const signs = [...text.matchAll(/[=&]/g)].map(({ index }) => index)
    const sign = random.pick(signs)
    const to = sign + random.pick([-1, 1])
    if (to < 0 || to >= text.length) return undefined
    const letters = [...text]
    const held = letters[sign]!
    letters[sign] = letters[to]!
    letters[to] = held
    return letters.join('')
  },
}

function changePair(text: string, random: Random, change: (name: string, value: string) => string): string | undefined {
  const pairs = text.split('&')
  const at = random.below(pairs.length)
  const [name = '', value] = pairs[at]!.split(/=(.*)/s)
  if (value === undefined) return undefined
  pairs[at] = change(name, value)
  return pairs.join('&')
}

function replaceOne(text: string, from: string, to: string, random: Random): string | undefined {
  const found = text.split(from)
  if (found.length < 2) return undefined
  const at = 1 + random.below(found.length - 1)
  return found.slice(0, at).join(from) + to + found.slice(at).join(from)
}

/** Changes of a structured field (RFC 8941), as those of RFC 9421 are. */
export const fieldChanges: Readonly<Record<string, TextChange>> = {
  shorter: (text, random) => {
    const names = text.match(/"[^"]*"/g) ?? []
    return names.length === 0 ? undefined : text.replace(random.pick(names), '').replace('( ', '(').replace(' )', ')')
  },
  order: text => replaceFirst(text, /("[^"]*") ("[^"]*")/, '$2 $1'),
  twice: text => replaceFirst(text, /\(("[^"]*")/, '($1 $1'),
  component: (text, random) =>
    replaceFirst(
      text,
      /\("([^"]*)"/,
      `("${random.pick(['@target-uri', '@request-target', 'date', '@query', 'host'])}"`,
    ),
  parameter: (text, random) => {
    const parameter = random.pick([
      'alg="none"',
      'alg="hmac-sha256"',
      'tag="x"',
      'expires=9999999999',
      'foo',
      'created=1',
    ])
    return text.includes('=') ? `${text};${parameter}` : undefined
  },
  unparameter: (text, random) => {
    const parameters = text.match(/;[a-z]+=[^;)]*/g) ?? []
    return parameters.length === 0 ? undefined : text.replace(random.pick(parameters), '')
  },
  label: text => replaceFirst(text, /^([a-z]\w*)=/, '$1x='),
  member: text => replaceFirst(text, /^([a-z]\w*=.*)$/, '$1, other=$1'),
}

/** Changes of a body that is JSON. */
export const jsonChanges: Readonly<Record<string, TextChange>> = {
  space: (text, random) =>
    random.pick([text.replace(/[:,]/, '$& '), ` ${text}`, `${text}\n`, pretty(text) ?? `${text} `]),
  order: text => {
    const value = parsed(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const other = JSON.stringify(Object.fromEntries(Object.entries(value).reverse()))
    return other === text ? undefined : other
  },
  twice: (text, random) => {
    const name = random.pick([...text.matchAll(/"([^"\\]+)":/g)].map(([, found = '']) => found).concat('a'))
    if (!text.startsWith('{')) return undefined
    const member = `"${name}":${random.pick(['1', '"x"', 'null', '{}'])}`
    return random.chance(50) ? text.replace('{', `{${member},`) : text.replace(/\}$/, `,${member}}`)
  },
  number: text => replaceFirst(text, /:(\d+)([,}\]])/, ':$1.0$2') ?? replaceFirst(text, /:"(\d+)"/, ':$1'),
  escape: text =>
    replaceFirst(
      text,
      /(":")([a-z])/i,
      (_, before: string, letter: string) => `${before}\\u00${letter.charCodeAt(0).toString(16)}`,
    ),
  value: (text, random) =>
    replaceFirst(text, /:"([^"]*)"/, () => `:"${random.word(3)}"`) ?? replaceFirst(text, /:(\d+)/, ':9$1'),
  proto: text => replaceFirst(text, /^\{/, '{"__proto__":{"a":1},'),
  depth: text => `${'['.repeat(200)}${text}${']'.repeat(200)}`,
  flatten: text =>
    replaceFirst(text, /"([^"]+)":"([^"])([^"]*)"/, '"$1$2":"$3"') ??
    replaceFirst(text, /"([^"]*)([^"])":"([^"]*)"/, '"$1":"$2$3"'),
}

function pretty(text: string): string | undefined {
  const value = parsed(text)
  return value === undefined ? undefined : JSON.stringify(value, null, 1)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function replaceFirst(
  text: string,
  pattern: RegExp,
  put: string | ((...found: string[]) => string),
): string | undefined {
  const other = text.replace(pattern, put as string)
  return other === text ? undefined : other
}
