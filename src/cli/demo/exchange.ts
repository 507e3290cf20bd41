import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PermissionModel } from '../../key.js'
import { type Access, type NodeHandler, protect } from '../../middleware/node.js'
import { definePermissions } from '../../policy/permissions.js'
import { defineRoutes, publicRoute } from '../../policy/routes.js'
import type { Decision } from '../../verify/verdict.js'
import type { Verifier } from '../../verify/verifier.js'

/** A small exchange: what it sells is not for sale, but everything that guards it is the library's. */

export type DemoPermission = 'read' | 'trade' | 'withdraw'

export const permissions: PermissionModel<DemoPermission, 'full'> = /* @__PURE__ */ definePermissions({
  permissions: { read: [], trade: ['read'], withdraw: ['read'] },
  aliases: { full: 'top' },
})

const OPERATIONS: Readonly<Record<string, (ledger: Ledger, access: Access, path: string) => unknown>> = {
  'GET /v1/time': () => ({ serverTime: Date.now() }),
  'GET /v1/balance': ({ balances }) => balances,
  'GET /v1/orders': ({ orders }) => [...orders.values()],
  'POST /v1/orders': placeOrder,
  'DELETE /v1/orders/:id': cancelOrder,
  'POST /v1/withdrawals': () => ({ status: 'accepted' }),
}

interface Ledger {
  readonly balances: Readonly<Record<string, string>>
  readonly orders: Map<number, unknown>
  lastId: number
}

/** What listens on the port. */
export function createExchange(
  verifier: Verifier<DemoPermission>,
  tell: { onDecision(decision: Decision): void; onError(error: unknown): void },
): (req: IncomingMessage, res: ServerResponse) => void {
  const ledger: Ledger = { balances: { BTC: '1.5', EUR: '20000.00' }, orders: new Map(), lastId: 0 }
  const routes = defineRoutes(permissions, {
    'GET /v1/time': publicRoute,
    'GET /v1/balance': 'read',
    'GET /v1/orders': 'read',
    'POST /v1/orders': 'trade',
    'DELETE /v1/orders/:id': 'trade',
    'POST /v1/withdrawals': 'withdraw',
  })
  const handler: NodeHandler = (req, res, access) => {
    const [status, answer] = operate(ledger, access, req.url ?? '')
    res.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(answer)}\n`)
  }
  const guarded = protect({ verifier: verifier as Verifier, routes, ...tell }, handler)
  return (req, res) => void guarded(req, res)
}

function operate(ledger: Ledger, access: Access, path: string): readonly [status: number, answer: unknown] {
  const answer = OPERATIONS[access.route]?.(ledger, access, path)
  return answer === undefined
    ? [422, { error: 'the body is no JSON object, or there is no such order' }]
    : [200, answer]
}

function placeOrder(ledger: Ledger, { body }: Access): unknown {
  const order = objectOf(new TextDecoder().decode(body))
  if (order === undefined) return undefined
  const id = ++ledger.lastId
  ledger.orders.set(id, { ...order, id, status: 'open' })
  return ledger.orders.get(id)
}

function cancelOrder(ledger: Ledger, _access: Access, path: string): unknown {
  const id = Number(path.split('/').at(-1))
  return ledger.orders.delete(id) ? { id, status: 'cancelled' } : undefined
}

function objectOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
