/** Counts the work of a search, in bytes of what is read and made, so that no input makes it long. */
export interface Meter {
  readonly maxBytes: number
  bytes: number
}

export function createMeter(maxBytes: number): Meter {
  return { maxBytes, bytes: 0 }
}

export function isExhausted({ maxBytes, bytes }: Meter): boolean {
  return bytes >= maxBytes
}
