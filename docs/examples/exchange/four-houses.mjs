/** The four houses, each as its own document describes it: from the request for a key to the end of all keys. */

import { showBitcoinSuisse } from './house-bitcoin-suisse.mjs'
import { showBitexbit } from './house-bitexbit.mjs'
import { showBitfinex } from './house-bitfinex.mjs'
import { showBitpandaPro } from './house-bitpanda-pro.mjs'

const HOUSES = {
  'Bitcoin Suisse: rights that a manager changes': showBitcoinSuisse,
  'Bitpanda Pro: a code and a link': showBitpandaPro,
  'bitexbit: sixteen keys, and where they may withdraw to': showBitexbit,
  'Bitfinex: a link in the same browser, and a QR code': showBitfinex,
}

export async function showHouses({ chapter, show, note }, { directory, fault }) {
  for (const [title, showHouse] of Object.entries(HOUSES)) {
    chapter(title)
    await showHouse({ show, note }, { directory, note, fault })
  }
}
