/**
 * The numbers the design promises, beside what was measured. A ratio is to `createHmac` in the same process and round,
 * and its median counts; of plain nanoseconds the best round counts, since nothing else tells them from a busy machine.
 *
 * @returns {readonly { budget: string, limit: number, unit: string, measured: number, met: boolean }[]}
 */
export function judgeBudgets({ node, noble, parts, memory, sizes }) {
  const rows = [
    ['verify, allowed', 1, '×', ratio(node, 'verify, allowed')],
    ['verify, allowed, on noble', 2, '×', ratio(noble, 'verify, allowed')],
    ['verify, stale timestamp', 0.1, '×', ratio(node, 'verify, stale timestamp')],
    ['verify, wrong signature', 1, '×', ratio(node, 'verify, wrong signature')],
    ['allowlist of 100,000, IPv4', 300, 'ns', find(parts, 'allowlist of 100,000, inside').minNs],
    ['live nonce in memory', 120, 'bytes', memory.bytesPerNonce],
    ['client with hmac-v1, min + gzip', 4000, 'bytes', sizes.client],
    ['server with memory store, min + gzip', 16_000, 'bytes', sizes.server],
  ]
  return rows.map(([budget, limit, unit, measured]) => ({ budget, limit, unit, measured, met: measured <= limit }))
}

function ratio(measurements, name) {
  return find(measurements, name).medianRatio
}

function find(measurements, name) {
  return measurements.find(measurement => measurement.name === name)
}
