/** A phone with an authenticator app (RFC 6238), and the check that a house makes of its codes. */

import { Secret, TOTP } from 'otpauth'

const PERIOD_MS = 30_000

export function createPhone(owner, clock) {
  const totp = new TOTP({ issuer: 'Demo', label: owner, secret: new Secret({ size: 20 }) })
  const shown = new Set()
  /** The code before and the one after pass too, since clocks differ. That none passes twice is the library's doing. */
  const accepts = code => totp.validate({ token: code, timestamp: clock(), window: 1 }) !== null

  return {
    accepts,
    /** The next code; one waits for it, since the one before was used. */
    code() {
      let code
      do {
        clock.advance(PERIOD_MS)
        code = totp.generate({ timestamp: clock() })
      } while (shown.has(code))
      shown.add(code)
      return code
    },
    /** A code that is not this phone's. */
    wrongCode() {
      for (let n = 0; ; n++) {
        const code = String(n).padStart(6, '0')
        if (!shown.has(code) && !accepts(code)) return code
      }
    },
  }
}
