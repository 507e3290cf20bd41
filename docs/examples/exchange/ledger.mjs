/** A little ledger, in the memory of this process: balances, and limit orders on one market, BTC/USD. */

/** Amounts are whole numbers of 0.00000001. */
const SCALE = 100_000_000n
const DECIMAL = /^(\d{1,9})(?:\.(\d{1,8}))?$/

/** What the ledger refuses: `insufficient_balance`, `order_not_found` or `invalid_order`. */
export class LedgerError extends Error {
  constructor(code) {
    super(code)
    this.code = code
  }
}

/** @param faulty keeps what a cancelled order had reserved, to show that the demo would notice */
export function createLedger(faulty = false) {
  const accounts = new Map()
  const orders = new Map()

  function account(owner, asset) {
    const key = `${owner} ${asset}`
    if (!accounts.has(key)) accounts.set(key, { free: 0n, reserved: 0n })
    return accounts.get(key)
  }

  return {
    deposit(owner, asset, amount) {
      account(owner, asset).free += parseAmount(amount)
    },
    balances(owner) {
      return ['BTC', 'USD'].map(asset => {
        const { free, reserved } = account(owner, asset)
        return { asset, free: format(free), reserved: format(reserved), total: format(free + reserved) }
      })
    },
    /** Reserves what the order may cost. */
    place(owner, { side, amount, price }) {
      if (side !== 'buy' && side !== 'sell') throw new LedgerError('invalid_order')
      const asset = side === 'buy' ? 'USD' : 'BTC'
      const cost = side === 'buy' ? (parseAmount(amount) * parseAmount(price)) / SCALE : parseAmount(amount)
      const held = account(owner, asset)
      if (cost === 0n || parseAmount(price) === 0n) throw new LedgerError('invalid_order')
      if (held.free < cost) throw new LedgerError('insufficient_balance')
      held.free -= cost
      held.reserved += cost
      const order = { id: 1001 + orders.size, owner, side, amount, price, asset, cost, status: 'open' }
      orders.set(order.id, order)
      return order
    },
    /** Frees what the order had reserved. Somebody else's order is no order. */
    cancel(owner, id) {
      const order = orders.get(id)
      if (order?.owner !== owner || order.status !== 'open') throw new LedgerError('order_not_found')
      const held = account(owner, order.asset)
      held.reserved -= order.cost
      if (!faulty) held.free += order.cost
      order.status = 'cancelled'
      return order
    },
  }
}

function parseAmount(text) {
  const [, whole, fraction = ''] = DECIMAL.exec(text) ?? []
  if (whole === undefined) throw new LedgerError('invalid_order')
  return BigInt(whole) * SCALE + BigInt(fraction.padEnd(8, '0'))
}

function format(amount) {
  const fraction = String(amount % SCALE)
    .padStart(8, '0')
    .replace(/0+$/, '')
  return fraction === '' ? `${amount / SCALE}` : `${amount / SCALE}.${fraction}`
}
