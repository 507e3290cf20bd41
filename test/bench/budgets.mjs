/**
 * The numbers the design promises, beside what was measured. A ratio is to `createHmac` in the same process and round,
 * or to what the budget names, and its median counts; of plain nanoseconds the best round counts, since nothing else
 * tells them from a busy machine. What was skipped is not judged.
 *
 * @returns {readonly { budget: string, limit: number, unit: string, measured: number, met: boolean }[]}
 */
export function judgeBudgets({ node, noble, parts, memory, sizes, scale, redis, throughput, bodies }) {
  const rows = [
    ['verify, allowed', 1, '×', ratio(node, 'verify, allowed')],
    ['verify, allowed, on noble', 2, '×', ratio(noble, 'verify, allowed')],
    ['verify, stale timestamp', 0.1, '×', ratio(node, 'verify, stale timestamp')],
    ['verify, wrong signature', 1, '×', ratio(node, 'verify, wrong signature')],
    ['allowlist of 100,000, IPv4', 300, 'ns', find(parts, 'allowlist of 100,000, inside').minNs],
    ['live nonce in memory', 120, 'bytes', memory.bytesPerNonce],
    ...Object.entries(scale).map(([name, { warm }]) => [
      ...[`verify, 1,000,000 keys in ${name} beside 1,000`, 1.1, '×', warm?.[1].medianRatio],
    ]),
    // At least 0.8 of the throughput is at most 1.25 of the time.
    ...Object.entries(redis).map(([driver, measured]) => [
      ...[`verify, nonces in Redis with ${driver}, beside bare SET NX PX`, 1.25, '×', measured[1]?.medianRatio],
    ]),
    // At least 0.9 of the throughput is at most 1.11 of the time.
    ['node:http, time of a request with protect, beside it without', 1.11, '×', 1 / find(throughput, 'node').ratio],
    ...bodies.map(({ name, heldBytes }) => [`held for a body of 64 MiB, ${name}`, 80 * 1024 ** 2, 'bytes', heldBytes]),
    ['client with hmac-v1, min + gzip', 4000, 'bytes', sizes.client],
    ['server with memory store, min + gzip', 16_000, 'bytes', sizes.server],
  ]
  return rows
    .filter(([, , , measured]) => measured !== undefined)
    .map(([budget, limit, unit, measured]) => ({ budget, limit, unit, measured, met: measured <= limit }))
}

function ratio(measurements, name) {
  return find(measurements, name).medianRatio
}

function find(measurements, name) {
  return measurements.find(measurement => measurement.name === name)
}
