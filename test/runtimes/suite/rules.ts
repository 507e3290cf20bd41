import { encodeHex, encodeUtf8 } from '../../../src/bytes.js'
import { decrypt, encrypt } from '../../../src/crypto/aead.js'
import {
  compileAllowlist,
  createSealer,
  credentialsToSvg,
  definePermissions,
  formatCredentials,
  parseCredentials,
} from '../../../src/index.js'
import { bitfinex } from '../../../src/presets/bitfinex.js'
import { standard } from '../../../src/presets/standard.js'
import { type Check, expect, expectCode, expectSame } from './check.js'
import { hex, wycheproof } from './shared.js'

interface AeadGroup {
  readonly tests: readonly Readonly<Record<'key' | 'iv' | 'aad' | 'ct' | 'tag' | 'msg' | 'result', string>>[]
}

function wycheproofAead(): void {
  const { numberOfTests, testGroups } = wycheproof<AeadGroup>('xchacha20_poly1305')
  const cases = testGroups.flatMap(({ tests }) => tests)
  for (const { key, iv, aad, ct, tag, msg, result } of cases) {
    const envelope = { key: hex(key), nonce: hex(iv), associatedData: hex(aad) }
    const opened = decrypt(envelope, hex(ct + tag))
    expectSame(opened && encodeHex(opened), result === 'valid' ? msg : undefined, 'what opens')
    if (result === 'valid') expectSame(encodeHex(encrypt(envelope, hex(msg))), ct + tag, 'what is sealed')
  }
  expectSame(cases.length, numberOfTests, 'cases')
}

async function sealsAndOpens(): Promise<void> {
  const keys = { old: new Uint8Array(32).fill(1), new: new Uint8Array(32).fill(2) }
  const old = createSealer({ primary: 'old', keys })
  const both = createSealer({ primary: 'new', keys })
  const context = { owner: 'owner', keyId: 'key', field: 'secret', version: 1 }
  const secret = encodeUtf8('kls_test_secret')
  const sealed = await old.seal(secret, context)
  expect((await old.seal(secret, context)) !== sealed, 'two seals of one secret share no text')
  expectSame(await both.open(sealed, context), secret, 'opened under a ring that seals with another key')
  expectSame([both.keyIdOf(sealed), both.keyIdOf(await both.seal(secret, context))], ['old', 'new'], 'master keys')
  for (const other of [{ owner: 'Owner' }, { keyId: 'k' }, { field: 'passphrase' }, { version: 2 }])
    await expectCode(() => both.open(sealed, { ...context, ...other }), 'ERR_SEAL_REFUSED', JSON.stringify(other))
  const stranger = createSealer({ primary: 'old', keys: { old: new Uint8Array(32).fill(3) } })
  await expectCode(() => stranger.open(sealed, context), 'ERR_SEAL_REFUSED', 'another master key')
}

/** Every grant of a chain, a diamond and beyond, beside sets of names. */
function latticeHolds(): void {
  const implies: Readonly<Record<string, readonly string[]>> = {
    ...{ read: [], trade: ['read'], deposit: ['read'], margin: ['trade', 'deposit'], withdraw: ['deposit'] },
    ...Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`p${at}`, []])),
  }
  const model = definePermissions<string, never>({ permissions: implies })
  const closure = (names: readonly string[]): readonly string[] =>
    [...new Set(names.flatMap(name => [name, ...closure(implies[name] ?? [])]))].sort()
  const samples = [[], ['read'], ['trade'], ['margin'], ['withdraw', 'trade'], ['p49', 'read'], ['p0', 'p31', 'p49']]
  for (const a of samples)
    for (const b of samples) {
      const [x, y] = [model.parse(a), model.parse(b)]
      const [left, right] = [closure(a), closure(b)]
      const common = left.filter(name => right.includes(name))
      const claim = `${a} and ${b}`
      expectSame(
        model.covers(x, y),
        right.every(name => left.includes(name)),
        `covers: ${claim}`,
      )
      expectSame(closure(model.format(model.join(x, y))), closure([...a, ...b]), `join: ${claim}`)
      expectSame(closure(model.format(model.meet(x, y))), common, `meet: ${claim}`)
    }
}

async function unknownIsRefused(): Promise<void> {
  const { permissions } = standard
  expectSame(permissions.format(permissions.parse(['full'])), ['trade', 'withdraw'], 'full is everything')
  for (const name of ['Read', ' read', '__proto__', 'constructor', ''])
    await expectCode(() => permissions.parse([name]), 'ERR_PERMISSION_UNKNOWN', JSON.stringify(name))
  const [trade, read] = [permissions.parse(['trade']), permissions.parse(['read'])]
  await expectCode(() => permissions.attenuate(trade, read), 'ERR_CEILING_EXCEEDED', 'trade under read')
  expectSame(permissions.covers(permissions.none, read), false, 'nothing covers nothing')
  const all = bitfinex.permissions
  expect(all.covers(all.top, all.parse(all.names)), 'the top covers every permission')
}

async function listsHold(): Promise<void> {
  const list = compileAllowlist(['192.0.2.7', '198.51.100.0/24', '2001:db8::/32', '2001:db9::1'])
  const inside = ['192.0.2.7', '198.51.100.0', '198.51.100.255', '2001:db8::1', '2001:DB8:ffff::', '2001:db9:0::1']
  const outside = [
    ...['192.0.2.8', '198.51.101.0', '2001:db9::2', '::', '0.0.0.0', '010.0.0.1', '192.0.2.07', '192.0.2.7 '],
    ...['', '198.51.100', '2001:db8::1%eth0', '3221225991', undefined],
  ]
  expectSame(
    inside.filter(ip => !list.allows(ip)),
    [],
    'inside and refused',
  )
  expectSame(
    outside.filter(ip => list.allows(ip)),
    [],
    'outside and allowed',
  )
  expect(compileAllowlist(null).allows(undefined), 'no list is no restriction')
  expect(!compileAllowlist([]).allows('192.0.2.7'), 'an empty list admits nobody')
  for (const entry of ['0127.0.0.1', '192.0.2.1/33', '192.0.2.1/24', 'localhost', '::1%lo'])
    await expectCode(() => compileAllowlist([entry]), 'ERR_INPUT_INVALID', entry)
}

const HANDOVER = {
  scheme: 'hmac-v1',
  credentials: { keyId: 'kl_test_1', secret: 'a+b/c=&d%', passphrase: 'p ass'.replace(' ', '-') },
  server: 'https://api.example.com',
  audience: 'api.example.com',
  label: 'Zürich, 東京 🔑',
}

async function handsOver(): Promise<void> {
  const uri = formatCredentials(HANDOVER)
  expect(/^keylattice:v1\?[!-~]+$/.test(uri), 'the URI is visible ASCII')
  expectSame(parseCredentials(uri), HANDOVER, 'what comes back')
  for (const damaged of [uri.replace('v1', 'v2'), `${uri}&secret=x`, uri.replace('=', '%3D'), uri.slice(1)])
    await expectCode(() => parseCredentials(damaged), 'ERR_INPUT_INVALID', 'a damaged URI')
  expect(
    /^<svg [^>]*viewBox="0 0 (\d+) \1"[^>]*><path [^>]+><path [^>]+><\/svg>$/.test(credentialsToSvg(uri)),
    'an SVG',
  )
}

export const ruleChecks: readonly Check[] = [
  { capability: 'sealer', name: 'Wycheproof holds for xchacha20_poly1305, both ways', run: wycheproofAead },
  { capability: 'sealer', name: 'a secret opens where it was sealed, and nowhere else', run: sealsAndOpens },
  { capability: 'permissions', name: 'grants of 55 permissions are what sets of names say', run: latticeHolds },
  { capability: 'permissions', name: 'only exact names mean anything, and no grant grows', run: unknownIsRefused },
  { capability: 'allowlists', name: 'addresses are inside or outside, and one spelling each', run: listsHold },
  { capability: 'credentials', name: 'credentials survive the URI, and a damaged one is refused', run: handsOver },
]
