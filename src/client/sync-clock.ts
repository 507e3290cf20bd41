import { KeyError } from '../errors.js'
import { expectInteger, readOptions } from '../options.js'
import { isInstant } from '../time.js'
import type { Signer } from './signer.js'

export interface SyncClockOptions {
  readonly signer: Pick<Signer, 'clockOffset'>
  /** Asks the server for its time, epoch ms. */
  readonly readServerTime: () => number | Promise<number>
  /** How often it is asked, 1 to 9. Default 5. */
  readonly samples?: number
}

const WHERE = 'syncClock'

/**
 * Measures how far the signer's clock is from the server's, instead of waiting for a refusal: forgets what was known, and
 * takes the median of new samples. Resolves to the offset, ms.
 *
 * The promise rejects as `readServerTime` does; with `KeyError` `ERR_INPUT_INVALID` where it tells no time; with `ConfigError` `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`,
 * `ERR_OPTION_INVALID`.
 */
export async function syncClock(options: SyncClockOptions): Promise<number> {
  const given = readOptions(WHERE, options, { required: ['signer', 'readServerTime'], optional: ['samples'] })
  const { signer, readServerTime, samples = 5 } = given
  const { clockOffset } = signer
  expectInteger(WHERE, ['samples', samples], { min: 1, max: 9 })
  for (let sample = 0; sample < samples; sample++) {
    const settle = clockOffset.measure()
    const serverTime = await readServerTime()
    if (!isInstant(serverTime))
      throw new KeyError('ERR_INPUT_INVALID', 'the server told no time', { field: 'serverTime' })
    // What was known serves whatever is signed until then.
    if (sample === 0) clockOffset.reset()
    settle(serverTime)
  }
  return clockOffset.offsetMs
}
