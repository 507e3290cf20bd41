import type { WithdrawalAddress } from '../key.js'

/** Addresses compare exactly, as the host normalised them: upper and lower case can be two places. */
export function isSameAddress(a: WithdrawalAddress, b: WithdrawalAddress): boolean {
  return a.asset === b.asset && a.network === b.network && a.address === b.address && a.memo === b.memo
}
