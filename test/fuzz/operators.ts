/** What can be done to a signed request on its way, by name. The rows of the catalogue of attacks that are changes of a request. */

import { encodeBase64, encodeHex, encodeUtf8 } from '../../src/bytes.js'
import { pathOf, queryOf, type WireRequest } from '../../src/http/request.js'
import type { Claim } from '../../src/scheme.js'
import { fromLatin1, latin1 } from '../laws/meaning.js'
import { placesOf } from '../laws/message-parts.js'
import { plain } from '../laws/scheme-case.js'
import { spellingsOf } from '../laws/spellings.js'
import { type Operator, placeOf, type Subject, withHeader } from './subject.js'
import { fieldChanges, formChanges, jsonChanges, numberChanges, type TextChange, textChanges } from './texts.js'

type RequestOperator = Operator<WireRequest>

const COMPONENTS = ['method', 'path', 'query', 'body', 'content-type']

/** Names of the headers that the dialect wrote. */
function credentialHeaders({ original, message }: Subject<WireRequest>): readonly string[] {
  return original.written.filter(name => !COMPONENTS.includes(name) && typeof message.headers[name] === 'string')
}

function changeHeader(change: (subject: Subject<WireRequest>, name: string, value: string) => WireRequest | undefined) {
  return (subject: Subject<WireRequest>) => {
    const names = credentialHeaders(subject)
    if (names.length === 0) return undefined
    const name = subject.random.pick(names)
    return change(subject, name, subject.message.headers[name] as string)
  }
}

function changePlace(what: string, change: TextChange): RequestOperator {
  return ({ message, random }) => {
    const place = placeOf(message, what)
    const text = place && change(place.text, random)
    return text === undefined ? undefined : place?.put(text)
  }
}

const structured = Object.fromEntries(
  Object.entries(fieldChanges).map(([what, change]) => [`structured ${what}`, change]),
)

const headerOperators: Readonly<Record<string, RequestOperator>> = {
  'header twice': changeHeader(({ message }, name, value) => withHeader(message, name, [value, value])),
  'header twice, another first': changeHeader(({ message, other, random }, name, value) => {
    const theirs = String(other.signed.headers[name] ?? 'x')
    return withHeader(message, name, random.chance(50) ? [theirs, value] : [value, theirs])
  }),
  'header in a list of one or none': changeHeader(({ message, random }, name, value) =>
    withHeader(message, name, random.chance(50) ? [value] : []),
  ),
  'header left out': changeHeader(({ message }, name) => withHeader(message, name, undefined)),
  'header of another request': changeHeader(({ message, other }, name) => {
    const theirs = other.signed.headers[name]
    return theirs === undefined ? undefined : withHeader(message, name, theirs)
  }),
  'headers exchanged': subject => {
    const [a, b] = [subject.random.pick(credentialHeaders(subject)), subject.random.pick(credentialHeaders(subject))]
    if (a === undefined || b === undefined || a === b) return undefined
    const { headers } = subject.message
    return { ...subject.message, headers: { ...headers, [a]: headers[b], [b]: headers[a] } }
  },
  'header under another name': changeHeader(({ message, random }, name, value) => {
    const other = random.pick([
      name.replaceAll('-', '_'),
      name.toUpperCase(),
      `${name} `,
      `x-${name}`,
      name.replace(/^x-/, ''),
    ])
    return withHeader(random.chance(50) ? message : withHeader(message, name, undefined), other, value)
  }),
  'header on the prototype': changeHeader(({ message }, name, value) => {
    const { [name]: _, ...headers } = message.headers
    return { ...message, headers: Object.assign(Object.create({ [name]: value }), headers) }
  }),
  'header moved to the query': changeHeader(({ message, random }, name, value) => {
    const moved = {
      ...message,
      target: `${message.target}${message.target.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value.toWellFormed())}`,
    }
    return random.chance(50) ? moved : withHeader(moved, name, undefined)
  }),
  'header of 100,000 characters': changeHeader(({ message, random }, name, value) =>
    random.below(100) > 0
      ? undefined
      : withHeader(message, name, value.repeat(Math.ceil(100_000 / (value.length || 1)))),
  ),
  ...Object.fromEntries(
    Object.entries({ ...textChanges, ...structured }).map(([what, change]) => [
      `header: ${what}`,
      changeHeader(({ message, random }, name, value) => {
        const text = change(value, random)
        return text === undefined ? undefined : withHeader(message, name, text)
      }),
    ]),
  ),
}

/** The text of the signature, wherever it stands. */
function changeTag(change: (text: string, subject: Subject<WireRequest>) => string | undefined): RequestOperator {
  return subject => {
    const { message, original } = subject
    const place = placeOf(message, original.tag.what)
    if (!place?.text.includes(original.tag.text)) return undefined
    const text = change(original.tag.text, subject)
    return text === undefined ? undefined : place.put(place.text.replace(original.tag.text, () => text))
  }
}

const signatureOperators: Readonly<Record<string, RequestOperator>> = {
  'signature respelled': changeTag((text, { random }) => random.pick(spellingsOf(text))),
  'signature of another request': changeTag((_, { other }) => other.tag.text),
  'signature of nothing but zeros or ones': changeTag((text, { random }) =>
    text.replace(/[^=%]/g, random.pick(['0', 'A', 'f', '/'])),
  ),
  'signature in another encoding': changeTag((_, { original, random }) => {
    const { tag } = original.claim
    const codings = [
      encodeHex(tag),
      encodeBase64(tag),
      encodeURIComponent(encodeBase64(tag)),
      encodeHex(tag).toUpperCase(),
    ]
    return random.pick(codings.filter(coding => coding !== original.tag.text))
  }),
  'signature cut to fewer bytes': changeTag((_, { original, random }) => {
    const tag = original.claim.tag.subarray(0, random.pick([0, 1, 8, 16, original.claim.tag.length - 1]))
    return original.tag.text === encodeHex(original.claim.tag) ? encodeHex(tag) : encodeBase64(tag)
  }),
  ...Object.fromEntries(
    [
      'flip',
      'cut',
      'extend',
      'blank',
      'break',
      'upper',
      'lower',
      'lookAlike',
      'double',
      'escape',
      'swap',
      'empty',
      'word',
    ].map(what => [`signature: ${what}`, changeTag((text, { random }) => textChanges[what]!(text, random))]),
  ),
}

/** The request written with another claim and the signature it has, so that the change lands where the dialect has it. */
function changeClaim(
  change: (claim: Claim, subject: Subject<WireRequest>) => Partial<Claim> | undefined,
): RequestOperator {
  return subject => {
    const { claim, unsigned } = subject.original
    const changed = change(claim, subject)
    if (changed === undefined) return undefined
    try {
      return plain(subject.dialect.write(unsigned, { ...claim, ...changed }, claim.tag))
    } catch {
      // Not every dialect can put every text in its place.
      return undefined
    }
  }
}

function claimNumber(field: 'timestamp' | 'nonce' | 'recvWindow', change: TextChange): RequestOperator {
  return changeClaim((claim, { random }) => {
    const text = claim[field] === '' ? undefined : change(claim[field], random)
    return text === undefined ? undefined : { [field]: text }
  })
}

const claimOperators: Readonly<Record<string, RequestOperator>> = {
  ...Object.fromEntries(
    (['timestamp', 'nonce', 'recvWindow'] as const).flatMap(field =>
      Object.entries(numberChanges).map(([what, change]) => [`${field}: ${what}`, claimNumber(field, change)]),
    ),
  ),
  'nonce: pieces': claimNumber('nonce', textChanges['pieces']!),
  'nonce of another request': changeClaim((claim, { other }) =>
    claim.nonce === '' ? undefined : { nonce: other.claim.nonce },
  ),
  'timestamp of another request': changeClaim(({ timestamp }, { other }) =>
    timestamp === '' ? undefined : { timestamp: other.claim.timestamp, timestampMs: other.claim.timestampMs },
  ),
  'receive window put in, taken out or stretched': changeClaim(({ recvWindow }, { random }) => {
    const text = random.pick(['', '1', '5000', '60000', '4294967296', '5000.5'].filter(other => other !== recvWindow))
    return { recvWindow: text, recvWindowMs: text === '' ? -1 : Number(text) }
  }),
  "somebody else's key id": changeClaim((_, { strangerId }) => ({ keyId: strangerId })),
  'key id of no form': changeClaim(({ keyId }, { random }) => ({
    keyId: random.pick([
      `${keyId}'--`,
      `${keyId}*`,
      `../${keyId}`,
      `${keyId}%`,
      '*',
      '',
      `${keyId}\n`,
      keyId.toUpperCase(),
      `${keyId}\0`,
    ]),
  })),
  'another passphrase': changeClaim(({ passphrase }, { random }) => {
    const change = random.pick(Object.values(textChanges))
    const other = passphrase === '' ? undefined : change(passphrase, random)
    return other === undefined ? undefined : { passphrase: other }
  }),
  'another algorithm': changeClaim(({ algorithm }, { random }) => {
    const all = ['ed25519', 'ecdsa-p256-sha256', 'rsa-v1_5-sha256', 'rsa-pss-sha512', ''] as const
    return { algorithm: random.pick(all.filter(other => other !== algorithm)) }
  }),
  'another claim altogether': changeClaim((_, { other }) => ({ ...other.claim })),
}

const lineOperators: Readonly<Record<string, RequestOperator>> = {
  'another method': ({ message, random }) => ({
    ...message,
    method: random.pick(
      ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'QUERY'].filter(other => other !== message.method),
    ),
  }),
  'method in another case, or of another form': ({ message, random }) => {
    const { method } = message
    const other = [
      method.toLowerCase(),
      ` ${method}`,
      `${method} `,
      `${method}\r\n`,
      `${method} /`,
      `${method.charAt(0)}${method.slice(1).toLowerCase()}`,
      '',
    ]
    return { ...message, method: random.pick(other) }
  },
  'method overridden': ({ message, random }) =>
    withHeader(message, random.pick(['x-http-method-override', 'x-method-override', 'x-http-method']), 'DELETE'),
  'another path': ({ message, random }) => {
    const path = pathOf(message.target)
    const other = random.pick([
      `${path}x`,
      `${path}/x`,
      `/x${path}`,
      path.slice(0, -1),
      path.replace(/\d/, '9'),
      path.toUpperCase(),
    ])
    return { ...message, target: other + message.target.slice(path.length) }
  },
  'path that normalisation changes': ({ message, random }) => {
    const path = pathOf(message.target)
    const last = path.lastIndexOf('/')
    const put = random.pick(['/.', '/..', '//', '/./', '/x/..', '/%2e', '/%2E%2e', '\\', ';a=1', '/;', '%2f', '/%5c'])
    const at = random.pick([last, path.length, 0])
    return { ...message, target: path.slice(0, at) + put + path.slice(at) + message.target.slice(path.length) }
  },
  'slash put at the end or taken away': ({ message }) => {
    const path = pathOf(message.target)
    const other = path.endsWith('/') ? path.slice(0, -1) : `${path}/`
    return { ...message, target: other + message.target.slice(path.length) }
  },
  'target in another form': ({ message, random }) => ({
    ...message,
    target: random.pick([
      ...[
        `https://api.example.com${message.target}`,
        `//evil.example.com${message.target}`,
        '*',
        '',
        message.target.slice(1),
      ],
      ...[
        `${message.target}#`,
        `${message.target}#x`,
        ` ${message.target}`,
        `${message.target} HTTP/1.1`,
        `/api${message.target}`,
      ],
    ]),
  }),
  'question mark put in, taken away or moved': ({ message, random }) => {
    const { target } = message
    const path = pathOf(target)
    const query = queryOf(target)
    if (query === '') return { ...message, target: target.endsWith('?') ? path : `${target}?` }
    return {
      ...message,
      target: random.pick([
        `${path}&${query}`,
        `${path}??${query}`,
        path + query,
        `${path}%3F${query}`,
        `${path}?`,
        path,
      ]),
    }
  },
  'query of another request': ({ message, other }) => ({
    ...message,
    target: pathOf(message.target) + other.signed.target.slice(pathOf(other.signed.target).length),
  }),
  'target of another request': ({ message, other }) => ({ ...message, target: other.signed.target }),
  'another host': ({ message, random }) =>
    random.chance(50)
      ? withHeader(
          message,
          'host',
          random.pick(['evil.example.com', 'api.example.com.', 'API.example.com', 'api.example.com:8443', '']),
        )
      : withHeader(
          message,
          random.pick(['x-forwarded-host', 'forwarded', ':authority', 'x-forwarded-proto']),
          'evil.example.com',
        ),
  ...placeOperators('path', textChanges),
  ...placeOperators('query', { ...formChanges, ...textChanges }),
}

function placeOperators(
  what: string,
  changes: Readonly<Record<string, TextChange>>,
): Readonly<Record<string, RequestOperator>> {
  return Object.fromEntries(
    Object.entries(changes).map(([name, change]) => [`${what}: ${name}`, changePlace(what, change)]),
  )
}

const bodyOperators: Readonly<Record<string, RequestOperator>> = {
  'body put in or taken away': ({ message, random }) => ({
    ...message,
    body:
      message.body.length > 0
        ? new Uint8Array(0)
        : encodeUtf8(random.pick(['{}', '{"a":1}', 'a=1', '0', ' ', '[]', '\n'])),
  }),
  'body of another request': ({ message, other }) => ({ ...message, body: other.signed.body }),
  'body in another charset': ({ message, random }) => {
    const text = latin1(message.body)
    if (text === '') return undefined
    const wide = [...text].map(letter => `${letter}\0`).join('')
    return {
      ...message,
      body: fromLatin1(
        random.pick([`\xef\xbb\xbf${text}`, `\xff\xfe${wide}`, wide, `${text}\xc0\x80`, `${text}\xed\xa0\x80`]),
      ),
    }
  },
  'another content type': ({ message, random }) => {
    const types = [
      'application/json',
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/json; charset=utf-16',
      'APPLICATION/JSON',
      '',
    ]
    const before = message.headers['content-type']
    const other = random.pick([...types.filter(type => type !== before), undefined, ['application/json', 'text/plain']])
    return withHeader(message, 'content-type', other)
  },
  'body said to be encoded': ({ message, random }) =>
    withHeader(
      message,
      random.pick(['content-encoding', 'transfer-encoding', 'content-length']),
      random.pick(['gzip', 'chunked', '0']),
    ),
  'parameters moved between query and body': ({ message }) => {
    const [query, form] = [queryOf(message.target), latin1(message.body)]
    if (query === '' && (form === '' || !form.includes('='))) return undefined
    const path = pathOf(message.target)
    return form === ''
      ? { ...message, target: path, body: fromLatin1(query) }
      : { ...message, target: `${path}?${[query, form].filter(Boolean).join('&')}`, body: new Uint8Array(0) }
  },
  'one parameter moved between query and body': ({ message, random }) => {
    const [query, form] = [queryOf(message.target).split('&'), latin1(message.body).split('&')]
    const [from, to] = random.chance(50) ? [query, form] : [form, query]
    const [moved] = from.splice(random.below(from.length), 1)
    if (moved === undefined || moved === '') return undefined
    to.splice(random.below(to.length + 1), 0, moved)
    const [newQuery, newForm] = [query, form].map(pairs => pairs.filter(Boolean).join('&'))
    return {
      ...message,
      target: pathOf(message.target) + (newQuery === '' ? '' : `?${newQuery}`),
      body: fromLatin1(newForm!),
    }
  },
  ...placeOperators('body', textChanges),
  ...Object.fromEntries(Object.entries(formChanges).map(([name, change]) => [`form: ${name}`, formBody(change)])),
  ...Object.fromEntries(Object.entries(jsonChanges).map(([name, change]) => [`JSON: ${name}`, jsonBody(change)])),
}

function formBody(change: TextChange): RequestOperator {
  return ({ message, random }) => {
    const text = latin1(message.body)
    const other = /^[[{]/.test(text) || !text.includes('=') ? undefined : change(text, random)
    return other === undefined ? undefined : { ...message, body: encodeUtf8(other) }
  }
}

function jsonBody(change: TextChange): RequestOperator {
  return ({ message, random }) => {
    const text = new TextDecoder().decode(message.body)
    const other = /^[[{]/.test(text) ? change(text, random) : undefined
    return other === undefined ? undefined : { ...message, body: encodeUtf8(other) }
  }
}

const BODILY = ['method', 'path', 'query', 'body']

const crossOperators: Readonly<Record<string, RequestOperator>> = {
  'characters moved across the border of two fields': ({ message, random }) => {
    const places = placesOf(message)
    const [a, b] = [random.pick(places), random.pick(places)]
    if (a.what === b.what || a.text === '') return undefined
    const length = 1 + random.below(Math.min(a.text.length, 6))
    const fromEnd = random.chance(60)
    const moved = fromEnd ? a.text.slice(-length) : a.text.slice(0, length)
    const without = a.put(fromEnd ? a.text.slice(0, -length) : a.text.slice(length))
    const into = placeOf(without, b.what)
    return into?.put(fromEnd ? moved + into.text : into.text + moved)
  },
  'characters moved between claim and request': subject => {
    const { original, random, dialect } = subject
    const field = random.pick(
      (['keyId', 'timestamp', 'nonce', 'recvWindow'] as const).filter(name => original.claim[name]),
    )
    const place = random.pick(placesOf(original.unsigned).filter(({ what }) => BODILY.includes(what)))
    if (field === undefined || place === undefined) return undefined
    const outOfClaim = random.chance(50)
    const [from, to] = outOfClaim ? [original.claim[field], place.text] : [place.text, original.claim[field]]
    const length = 1 + random.below(Math.min(from.length, 6))
    const [left, moved] = random.chance(50)
      ? [from.slice(length), to + from.slice(0, length)]
      : [from.slice(0, -length), from.slice(-length) + to]
    try {
      const claim = { ...original.claim, [field]: outOfClaim ? left : moved }
      return plain(dialect.write(place.put(outOfClaim ? moved : left), claim, claim.tag))
    } catch {
      return undefined
    }
  },
  'credentials of two schemes': ({ message, foreign, random }) => {
    const names = Object.keys(foreign.headers).filter(name => !['host', 'content-type'].includes(name))
    const headers = { ...message.headers, ...Object.fromEntries(names.map(name => [name, foreign.headers[name]])) }
    if (random.chance(70)) return { ...message, headers }
    // One field is enough to be in doubt.
    const name = random.pick(names)
    return withHeader(message, name, foreign.headers[name])
  },
  'credentials on another request': ({ message, original, other }) => {
    const headers = { ...other.signed.headers }
    for (const name of original.written) if (message.headers[name] !== undefined) headers[name] = message.headers[name]
    return { ...other.signed, headers }
  },
  'headers of every kind around it': ({ message }) => ({
    ...message,
    headers: {
      ...message.headers,
      cookie: 'a=b',
      'x-forwarded-for': '127.0.0.1',
      'x-api-key': 'x',
      authorization: 'Basic YTpi',
      date: 'Thu, 01 Jan 2026 00:00:00 GMT',
    },
  }),
  'signed for a login': ({ message, random }) => ({
    ...message,
    method: 'GET',
    target: random.pick(['/users/self/verify', '/user/verify', '/realtime', '/ws/v2']),
  }),
}

/** Every operator on requests. */
export const requestOperators: Readonly<Record<string, RequestOperator>> = {
  ...headerOperators,
  ...signatureOperators,
  ...claimOperators,
  ...lineOperators,
  ...bodyOperators,
  ...crossOperators,
}
