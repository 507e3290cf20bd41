import { encodeUtf8 } from '../../bytes.js'
import { usage } from '../failures.js'
import type { Captured } from './captured.js'
import { CURL_OPTIONS, type Effect } from './curl-options.js'
import { shellWords } from './words.js'

/** Reads a file that a command names. */
export type ReadFile = (path: string) => Promise<Uint8Array>

type Setting = readonly [effect: Effect, value: string]

/** What curl would send for this command. The command is read, not run. */
export async function readCurl(text: string, readFile: ReadFile): Promise<Captured> {
  const first = shellWords(text.replace(/^\s*\$ +/, '').trimStart())
  const isPiped = first.piped !== undefined && first.words[0] === 'printf'
  const { words } = isPiped ? shellWords((first.piped ?? '').trimStart()) : first
  if (words[0] !== 'curl') throw usage('the command is not one of curl')
  const stdin = isPiped ? octalBytes(first.words) : undefined
  const read: ReadFile = path => (path === '-' && stdin !== undefined ? Promise.resolve(stdin) : readFile(path))
  const settings = readSettings(words.slice(1))
  const of = (effect: Effect) => settings.filter(([name]) => name === effect).map(([, value]) => value)
  const bodies = await Promise.all(settings.flatMap(setting => bodyOf(setting, read) ?? []))
  const body = joined(bodies)
  const urls = of('url')
  if (urls.length !== 1) throw usage('the command must name one URL')
  const { url, target } = readUrl(urls[0] as string, of('get').length > 0 ? new TextDecoder().decode(body) : '')
  const sendsBody = bodies.length > 0 && of('get').length === 0
  const method = of('request').at(-1) ?? (of('head').length > 0 ? 'HEAD' : sendsBody ? 'POST' : 'GET')
  const headers = headersOf(settings, url.host, sendsBody)
  return { request: { method, target, headers, body: sendsBody ? body : new Uint8Array(0) }, url }
}

function readSettings(words: readonly string[]): readonly Setting[] {
  const settings: Setting[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (!/^-./.test(word)) {
      settings.push(['url', word])
      continue
    }
    const { found, takesNext } = readOption(word, words[at + 1])
    settings.push(...found)
    if (takesNext) at++
  }
  return settings
}

interface ReadOption {
  readonly found: readonly Setting[]
  readonly takesNext: boolean
}

/** `--name value`, `--name`, `-sSX value`, `-Xvalue`. */
function readOption(word: string, next = ''): ReadOption {
  if (word.startsWith('--')) {
    const { effect, hasValue } = optionOf(word)
    return { found: [[effect, hasValue ? next : '']], takesNext: hasValue }
  }
  const found: Setting[] = []
  for (let at = 1; at < word.length; at++) {
    const { effect, hasValue } = optionOf(`-${word[at]}`)
    const attached = word.slice(at + 1)
    if (hasValue) return { found: [...found, [effect, attached || next]], takesNext: attached === '' }
    found.push([effect, ''])
  }
  return { found, takesNext: false }
}

function optionOf(name: string): { readonly effect: Effect; readonly hasValue: boolean } {
  const option = CURL_OPTIONS.get(name)
  if (option === undefined)
    throw usage(`curl's ${/^--?[\w.-]{1,30}$/.test(name) ? name : 'option'} is not understood here`)
  return option
}

function bodyOf([effect, value]: Setting, readFile: ReadFile): Promise<Uint8Array> | undefined {
  if (effect === 'data-raw') return Promise.resolve(encodeUtf8(value))
  if (effect !== 'data' && effect !== 'data-binary' && effect !== 'json') return undefined
  if (!value.startsWith('@')) return Promise.resolve(encodeUtf8(value))
  const bytes = readFile(value.slice(1))
  // curl takes line breaks and NULs out of what --data reads from a file.
  return effect === 'data' ? bytes.then(all => all.filter(byte => ![0, 10, 13].includes(byte))) : bytes
}

function joined(bodies: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(bodies.flatMap((body, at) => (at === 0 ? [body] : [encodeUtf8('&'), body]))))
}

/** The target as written: curl encodes nothing. */
function readUrl(text: string, query: string): { readonly url: URL; readonly target: string } {
  const whole = /^https?:\/\//i.test(text) ? text : `http://${text}`
  const [, authority = '', rest = ''] = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(whole) ?? []
  if (authority === '' || !URL.canParse(whole)) throw usage('the URL of the command cannot be read')
  const target = rest.startsWith('/') ? rest : `/${rest}`
  const joint = query === '' ? '' : target.includes('?') ? '&' : '?'
  return { url: new URL(whole), target: target + joint + query }
}

const OWN_HEADERS: Partial<Record<Effect, string>> = {
  'user-agent': 'user-agent',
  referer: 'referer',
  cookie: 'cookie',
}

function headersOf(settings: readonly Setting[], host: string, sendsBody: boolean): Record<string, string | string[]> {
  const isJson = settings.some(([effect]) => effect === 'json')
  const type = isJson ? 'application/json' : 'application/x-www-form-urlencoded'
  const headers: Record<string, string | string[]> = { host, ...(sendsBody && { 'content-type': type }) }
  const given = new Set<string>()
  for (const [effect, value] of settings) {
    const field = effect === 'header' ? value : OWN_HEADERS[effect] && `${OWN_HEADERS[effect]}: ${value}`
    if (field === undefined) continue
    addField(headers, field, given)
  }
  return headers
}

/** `name: value`; `name:` takes curl's own away, `name;` is empty. */
function addField(headers: Record<string, string | string[]>, field: string, given: Set<string>): void {
  if (field.startsWith('@')) throw usage('the header fields that curl reads from a file are not read here')
  const at = field.search(/[:;]/)
  if (at < 1) throw usage('a --header of the command has no name')
  const name = field.slice(0, at).toLowerCase()
  const value = field.slice(at + 1).trim()
  const before = given.has(name) ? headers[name] : undefined
  delete headers[name]
  if (value === '' && field[at] === ':') return
  given.add(name)
  headers[name] = before === undefined ? value : [before, value].flat()
}

/** The bytes of `printf '\\101…'`, as `sign` prints them. */
function octalBytes([, format = '', ...rest]: readonly string[]): Uint8Array {
  if (rest.length > 0 || !/^(\\[0-3][0-7]{2})*$/.test(format))
    throw usage('only a printf of octal bytes may stand before curl')
  return Uint8Array.from(format.split('\\').slice(1), digits => Number.parseInt(digits, 8))
}
