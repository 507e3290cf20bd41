import fc from 'fast-check'
import type { Handover } from '../../src/http/credentials-uri.js'

const VISIBLE = Array.from({ length: 0x5e }, (_, at) => String.fromCharCode(0x21 + at))
const LOWER = [...'abcdefghijklmnopqrstuvwxyz0123456789']
const KEY_ID = [...LOWER, ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-']

const textOf = (unit: readonly string[], maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...unit), minLength: 1, maxLength })

const label = fc
  .oneof(fc.string({ unit: 'grapheme', maxLength: 128 }), fc.string({ unit: 'binary', maxLength: 128 }))
  .filter(text => text.length > 0 && text.length <= 128 && !/\p{Cc}/u.test(text))

const host = fc.oneof(
  fc.domain({ size: 'small' }).map(name => name.toLowerCase()),
  fc.ipV4(),
  fc.ipV6().map(address => `[${address}]`),
)
const server = fc
  .tuple(host, fc.option(fc.integer({ min: 0, max: 65_535 })))
  .map(([name, port]) => new URL(port === null ? `https://${name}` : `https://${name}:${port}`).origin)
  .filter(origin => origin.length <= 128)

/** Credentials of every kind that can be handed over. */
export const handovers: fc.Arbitrary<Handover> = fc.record(
  {
    scheme: textOf([...LOWER, '-'], 40),
    credentials: fc.record(
      { keyId: textOf(KEY_ID, 128), secret: textOf(VISIBLE, 128), passphrase: textOf(VISIBLE, 64) },
      { requiredKeys: ['keyId', 'secret'] },
    ),
    server,
    audience: textOf(VISIBLE, 255),
    label,
  },
  { requiredKeys: ['scheme', 'credentials'] },
)

/** Every field at its limit, of the characters that take most room. */
export const largest: Handover = {
  scheme: '-'.repeat(40),
  credentials: { keyId: '_'.repeat(128), secret: '%'.repeat(128), passphrase: '+'.repeat(64) },
  server: `https://${'a.'.repeat(53)}aexample:65535`,
  audience: '/'.repeat(255),
  label: '語'.repeat(128),
}
