/** Holds a body while it arrives, and never more of it than the limit. */
export interface Capture {
  /** `false` once the body is larger than the limit; what was held is let go then. */
  add(chunk: Uint8Array): boolean
  /** The whole body, in memory of its own. */
  bytes(): Uint8Array
}

/** @param maxBytes the limit, included */
export function createCapture(maxBytes: number): Capture {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    add(chunk) {
      size += chunk.length
      if (size <= maxBytes) chunks.push(chunk)
      else chunks.length = 0
      return size <= maxBytes
    },
    bytes() {
      const whole = new Uint8Array(size)
      let at = 0
      for (const chunk of chunks) {
        whole.set(chunk, at)
        at += chunk.length
      }
      return whole
    },
  }
}
