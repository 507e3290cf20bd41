/** How the serialisers of other languages write a JSON text. Numbers stay as they are written. */
export interface JsonWriting {
  readonly name: string
  write(json: string): string
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

export const JSON_WRITINGS: readonly JsonWriting[] = [
  { name: 'without blanks', write: json => spaced(json, ',', ':') },
  { name: 'as Python writes it, with blanks after commas and colons', write: json => ascii(spaced(json, ', ', ': ')) },
  { name: 'with blanks after commas and colons', write: json => spaced(json, ', ', ': ') },
  {
    name: 'without blanks and with everything escaped that is not ASCII',
    write: json => ascii(spaced(json, ',', ':')),
  },
  { name: 'indented by two', write: json => indented(json, '  ') },
  { name: 'indented by four', write: json => indented(json, '    ') },
  { name: 'indented by tabs', write: json => indented(json, '\t') },
  {
    name: 'as PHP writes it, with slashes escaped',
    write: json => ascii(spaced(json, ',', ':')).replaceAll('/', '\\/'),
  },
  { name: 'without needless escapes', write: plain },
  { name: 'with its numbers and escapes as JavaScript writes them', write: json => JSON.stringify(JSON.parse(json)) },
  { name: 'with its members sorted', write: json => JSON.stringify(sorted(JSON.parse(json))) },
  { name: 'with its members sorted, as Python writes it', write: json => ascii(spaced(sortedText(json), ', ', ': ')) },
  { name: 'with its members sorted and indented by two', write: json => indented(sortedText(json), '  ') },
  { name: 'as a text that holds JSON', write: json => JSON.stringify(json) },
]

/** What is deeper was not written by a client, and is not to be walked through. */
const MAX_DEPTH = 100

/** Whether a text is a JSON object or list. */
export function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false
  try {
    JSON.parse(text)
    return isShallow(text)
  } catch {
    return false
  }
}

function isShallow(json: string): boolean {
  let depth = 0
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth++
    if (token === '}' || token === ']') depth--
    if (depth > MAX_DEPTH) return false
  }
  return true
}

function tokensOf(json: string): readonly string[] {
  return json.match(TOKEN) ?? []
}

function spaced(json: string, comma: string, colon: string): string {
  return tokensOf(json)
    .map(token => (token === ',' ? comma : token === ':' ? colon : token))
    .join('')
}

function indented(json: string, indent: string): string {
  const tokens = tokensOf(json)
  let depth = 0
  let text = ''
  const line = () => `\n${indent.repeat(depth)}`
  for (const [at, token] of tokens.entries()) {
    const isClosing = token === '}' || token === ']'
    const isEmpty = isClosing && '{['.includes(tokens[at - 1] ?? ' ')
    if (isClosing) depth--
    if (isClosing && !isEmpty) text += line()
    text += token === ':' ? ': ' : token
    if (token === '{' || token === '[') depth++
    if (token === ',' || ('{['.includes(token) && !'}]'.includes(tokens[at + 1] ?? ' '))) text += line()
  }
  return text
}

function ascii(json: string): string {
  return json.replaceAll(/[^ -~\n\t]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function plain(json: string): string {
  const unescaped = json.replaceAll(/\\u([0-9a-fA-F]{4})/g, (written, code: string) => {
    const character = String.fromCharCode(Number.parseInt(code, 16))
    return character < ' ' || character === '"' || character === '\\' ? written : character
  })
  return unescaped.replaceAll('\\/', '/')
}

function sortedText(json: string): string {
  return JSON.stringify(sorted(JSON.parse(json)))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  )
}
