/** Random choices that one seed repeats: `node test/fuzz/run.mjs --seed <seed> --only <case>` shows a failure again. */

/** @param {number} seed */
export function createRandom(seed) {
  let state = seed >>> 0
  /** mulberry32: an integer below `limit`. */
  const below = limit => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
  const pick = list => list[below(list.length)]
  return { below, pick, bytes: length => Uint8Array.from({ length }, () => below(256)) }
}

/** What careless readers take for something else: blanks, case, signs, escapes, other alphabets, line breaks. */
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
  ...['+', '-', '0', '00', '1', '9'.repeat(20), '1e3', '0x1', 'Infinity', 'NaN', 'a', 'A', 'é', '\u212a', '\ud800'],
  ...['__proto__', 'constructor', '"', "'", '{', '}', '[', ']', 'Bearer ', 'signature', 'timestamp', 'nonce'],
]

/** The text with one to three pieces cut out, put in, doubled or exchanged. */
export function mutateText(text, random) {
  let mutated = text
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(mutated.length + 1)
    const end = Math.min(at + random.below(4), mutated.length)
    const middle = random.pick([
      random.pick(PIECES),
      '',
      mutated.slice(at, end).repeat(2),
      swapCase(mutated.slice(at, end)),
    ])
    mutated = mutated.slice(0, at) + middle + mutated.slice(end)
  }
  return mutated
}

function swapCase(text) {
  const upper = text.toUpperCase()
  return text === upper ? text.toLowerCase() : upper
}
