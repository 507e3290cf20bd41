import { sha256 } from '#hash'
import { encodeHex, encodeUtf8 } from '../../src/bytes.js'
import type { WireRequest } from '../../src/http/request.js'
import { bearer } from '../../src/schemes/bearer.js'
import { binance } from '../../src/schemes/binance.js'
import { bitfinex } from '../../src/schemes/bitfinex.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import type { SchemeFixture } from './scheme-laws.js'

/** 2026-01-01T00:00:00Z. */
const NOW = 1_767_225_600_000

const SECRET = 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1234567890aB'

function request(method: string, target: string, body = '', type?: string): WireRequest {
  const headers: Record<string, string> = { host: 'api.example.com' }
  if (type !== undefined) headers['content-type'] = type
  return { method, target, headers, body: encodeUtf8(body) }
}

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

const anyRequests = [
  request('GET', '/v1/balance'),
  request('GET', '/v1/orders?market=BTC-EUR&limit=%3250'),
  request('POST', '/v1/orders?dry-run=true', '{"market":"BTC-EUR","amount":"0.25"}', JSON_TYPE),
  request('DELETE', '/v1/orders/17', '[1]'),
]

/** One for each scheme. Whoever adds a scheme adds its fixture, and all laws hold for it. */
export const schemeFixtures: readonly SchemeFixture[] = [
  {
    name: 'hmac-v1',
    scheme: hmacV1({ audience: 'api.example.com' }),
    keyId: 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s',
    secret: SECRET,
    now: NOW,
    requests: anyRequests,
    elsewhere: hmacV1({ audience: 'api.sandbox.example.com' }),
  },
  {
    name: 'hmac-v1 with headers of its own',
    scheme: hmacV1({ audience: 'api.example.com', headerPrefix: 'X-Acme-' }),
    keyId: 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s',
    secret: SECRET,
    now: NOW,
    requests: anyRequests.slice(0, 2),
    elsewhere: hmacV1({ audience: 'api.example.com.', headerPrefix: 'X-Acme-' }),
  },
  {
    name: 'bearer',
    scheme: bearer(),
    keyId: `bearer_${encodeHex(sha256.digest([SECRET])).slice(0, 40)}`,
    secret: SECRET,
    now: NOW,
    requests: anyRequests,
  },
  {
    name: 'bitfinex',
    scheme: bitfinex(),
    keyId: '7Yv0dVx3mQeKpLr2sTn8uWzAbCdEfGhIjKlMnOpQrSt',
    secret: 'q9Zr3XcVbNm1LkJhGfDsAp0OiUyTrEwQ2x4z6v8b0n',
    now: NOW,
    requests: [
      request('POST', '/v2/auth/r/wallets', '{}', JSON_TYPE),
      request('POST', '/v2/auth/r/orders/tBTCF0:USTF0?limit=5', '[1]', JSON_TYPE),
      request('POST', '/v2/auth/w/order/17', '{"amount":"0.25"}', JSON_TYPE),
      request('GET', '/v2/auth/r/summary'),
    ],
  },
  {
    name: 'binance',
    scheme: binance(),
    keyId: 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A',
    secret: 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j',
    now: NOW,
    requests: [
      request('GET', '/api/v3/account'),
      request('DELETE', '/api/v3/order?symbol=BTCUSDT&orderId=5'),
      request('POST', '/api/v3/order', 'symbol=BTCUSDT&side=BUY&quantity=1', FORM_TYPE),
    ],
    anyCase: true,
  },
]
