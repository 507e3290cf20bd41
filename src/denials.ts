/**
 * THE table: why a request can be refused. Internal codes are exact and go to `onDecision`; wire codes are coarser,
 * so that nobody who does not hold the secret can learn whether a key exists, which part failed, or what state it is in.
 */

/** Exact reason of a refusal, for logs, metrics and tests. */
export type DenialCode =
  | 'malformed_request'
  | 'request_too_large'
  | 'missing_credentials'
  | 'malformed_credentials'
  | 'timestamp_outside_window'
  | 'recv_window_too_large'
  | 'unknown_key'
  | 'key_corrupt'
  | 'wrong_scheme'
  | 'wrong_signature'
  | 'wrong_passphrase'
  | 'key_pending'
  | 'key_suspended'
  | 'owner_frozen'
  | 'key_revoked'
  | 'key_not_yet_valid'
  | 'key_expired'
  | 'ip_not_allowed'
  | 'address_not_allowed'
  | 'account_not_allowed'
  | 'permission_denied'
  | 'route_not_declared'
  | 'replayed'

/** What the caller is told. */
export type WireCode =
  | 'malformed_request'
  | 'request_too_large'
  | 'missing_credentials'
  | 'malformed_credentials'
  | 'timestamp_outside_window'
  | 'recv_window_too_large'
  | 'invalid_credentials'
  | 'key_inactive'
  | 'key_revoked'
  | 'key_expired'
  | 'ip_not_allowed'
  | 'address_not_allowed'
  | 'account_not_allowed'
  | 'permission_denied'
  | 'route_not_declared'
  | 'replayed'

/** What the answer's `detail` says: no more than the wire code does. */
export const WIRE_DETAILS: Readonly<Record<WireCode, string>> = /* @__PURE__ */ Object.freeze({
  malformed_request: 'The request target, the method or a signed header is not in the form this server accepts.',
  request_too_large: 'The request is larger than this server accepts.',
  missing_credentials: 'The request carries no credentials this server knows.',
  malformed_credentials: 'A credential field is missing, repeated or not in its exact format.',
  timestamp_outside_window: 'The timestamp is too old or in the future; serverTime is the clock it was judged by.',
  recv_window_too_large: 'The receive window is larger than this server allows.',
  invalid_credentials: 'The key id, the signature or the passphrase is wrong.',
  key_inactive: 'The key cannot be used at present.',
  key_revoked: 'The key was revoked.',
  key_expired: 'The key has expired.',
  ip_not_allowed: 'The key may not be used from this address.',
  address_not_allowed: 'The key may not withdraw to this address.',
  account_not_allowed: 'The key may not act for this account.',
  permission_denied: 'The key lacks the permission this operation needs.',
  route_not_declared: 'This route is not open to API keys.',
  replayed: 'This request was accepted before; sign every request anew.',
})

export interface Denial {
  /** HTTP status of the answer. */
  readonly status: 400 | 401 | 403 | 413
  /** `code` in the answer's body. */
  readonly wire: WireCode
  /** What it means, for whoever reads the decision log. */
  readonly meaning: string
  /** Whether the signature had been proven when this was decided. */
  readonly proven: boolean
}

export const DENIALS: Readonly<Record<DenialCode, Denial>> = /* @__PURE__ */ Object.freeze({
  malformed_request: /* @__PURE__ */ unproven(
    400,
    'malformed_request',
    'The request target, method or a signed header is not valid HTTP.',
  ),
  request_too_large: /* @__PURE__ */ unproven(
    413,
    'request_too_large',
    'The body or a header is larger than this server accepts.',
  ),
  missing_credentials: /* @__PURE__ */ unproven(
    401,
    'missing_credentials',
    'The request carries no credentials of an enabled scheme.',
  ),
  malformed_credentials: /* @__PURE__ */ unproven(
    401,
    'malformed_credentials',
    'A credential field is absent, repeated or not in its exact format.',
  ),
  timestamp_outside_window: /* @__PURE__ */ unproven(
    401,
    'timestamp_outside_window',
    'The timestamp is too old or in the future by this server’s clock.',
  ),
  recv_window_too_large: /* @__PURE__ */ unproven(
    400,
    'recv_window_too_large',
    'The receive window asked for is above the server’s maximum.',
  ),
  unknown_key: /* @__PURE__ */ unproven(401, 'invalid_credentials', 'No key has this id.'),
  key_corrupt: /* @__PURE__ */ unproven(
    401,
    'invalid_credentials',
    'The stored key cannot be read; the decision carries the error.',
  ),
  wrong_scheme: /* @__PURE__ */ unproven(401, 'invalid_credentials', 'The key belongs to another scheme.'),
  wrong_signature: /* @__PURE__ */ unproven(401, 'invalid_credentials', 'The signature does not match the request.'),
  wrong_passphrase: /* @__PURE__ */ unproven(
    401,
    'invalid_credentials',
    'The signature is right, the passphrase is not.',
  ),
  key_pending: /* @__PURE__ */ proven(401, 'key_inactive', 'The key has not been confirmed yet.'),
  key_suspended: /* @__PURE__ */ proven(401, 'key_inactive', 'The key is suspended.'),
  owner_frozen: /* @__PURE__ */ proven(401, 'key_inactive', 'The owner of the key is frozen.'),
  key_revoked: /* @__PURE__ */ proven(401, 'key_revoked', 'The key was revoked.'),
  key_not_yet_valid: /* @__PURE__ */ proven(401, 'key_inactive', 'The key is not valid yet.'),
  key_expired: /* @__PURE__ */ proven(401, 'key_expired', 'The key has expired.'),
  ip_not_allowed: /* @__PURE__ */ proven(403, 'ip_not_allowed', 'The key may not be used from this address.'),
  address_not_allowed: /* @__PURE__ */ proven(403, 'address_not_allowed', 'The key may not withdraw to this address.'),
  account_not_allowed: /* @__PURE__ */ proven(403, 'account_not_allowed', 'The key may not act for this account.'),
  permission_denied: /* @__PURE__ */ proven(
    403,
    'permission_denied',
    'The key lacks the permission this operation needs.',
  ),
  route_not_declared: /* @__PURE__ */ unproven(
    403,
    'route_not_declared',
    'No permission is declared for this route, so nobody may call it.',
  ),
  replayed: /* @__PURE__ */ proven(
    401,
    'replayed',
    'A request with this nonce was accepted before, or it can no longer be told.',
  ),
})

function unproven(status: Denial['status'], wire: WireCode, meaning: string): Denial {
  return Object.freeze({ status, wire, meaning, proven: false })
}

function proven(status: Denial['status'], wire: WireCode, meaning: string): Denial {
  return Object.freeze({ status, wire, meaning, proven: true })
}
