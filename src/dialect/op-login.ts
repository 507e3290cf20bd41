import { isField, KEY_ID } from '../http/field.js'
import { memberOf } from '../http/json.js'
import { type Claim, claimOf, type Dialect, type LoginMessage, type Malformed } from '../scheme.js'
import { seconds } from '../time.js'
import { within } from './freshness.js'
import { PASSPHRASE } from './header-credentials.js'
import { textIn } from './member-text.js'
import { base64Tag } from './tag-format.js'

const TAG = /* @__PURE__ */ base64Tag(32)

/**
 * The login `{ op: 'login', args: [{ apiKey, passphrase, timestamp, sign }] }`, which signs the time in seconds and the
 * name of a request that nobody makes. It has one account only: `args` of any other length are refused. Valid for 30 s;
 * a second login of one key within one second is the same message, and refused as a replay.
 *
 * @param verify method and path that are signed, e.g. `GET/users/self/verify`
 */
export function opLogin(verify: string): Dialect<LoginMessage> {
  return {
    freshness: within(30_000, 'tag'),
    read,
    stringToSign: (_, { timestamp }) => [timestamp + verify],
    stamp({ keyId, nowMs, passphrase }) {
      const timestamp = seconds.format(nowMs)
      return claimOf({ keyId, timestampMs: seconds.parse(timestamp), timestamp, passphrase })
    },
    write: (message, { keyId, passphrase, timestamp }, tag) => ({
      ...message,
      op: 'login',
      args: [{ apiKey: keyId, passphrase, timestamp, sign: TAG.format(tag) || undefined }],
    }),
  }
}

function read(message: LoginMessage): Claim | Malformed | undefined {
  const args = memberOf(message, 'args')
  if (textIn(message, 'op') !== 'login' || args === undefined) return undefined
  if (!Array.isArray(args) || args.length !== 1) return { malformed: 'args' }
  const [account] = args
  const keyId = textIn(account, 'apiKey')
  if (!isField(keyId, KEY_ID)) return { malformed: 'apiKey' }
  const passphrase = textIn(account, 'passphrase')
  if (!isField(passphrase, PASSPHRASE)) return { malformed: 'passphrase' }
  const timestamp = textIn(account, 'timestamp')
  const timestampMs = seconds.parse(timestamp)
  if (timestampMs < 0) return { malformed: 'timestamp' }
  const tag = TAG.parse(textIn(account, 'sign'))
  return tag === undefined ? { malformed: 'sign' } : claimOf({ keyId, tag, timestampMs, timestamp, passphrase })
}
