/** Up to here pieces are kept as they came, and copied when all are there: twice this much is held for a moment, bytes. */
export const SMALL_BODY_BYTES = 65_536

/** Sees a large body while it arrives. */
export interface Companion {
  add(chunk: Uint8Array): void
  /** All of it is there, as these bytes. */
  end(bytes: Uint8Array): void
}

/** Holds a body while it arrives, and never more of it than the limit. */
export interface Capture {
  /** `false` once the body is larger than the limit; what was held is let go then. */
  add(chunk: Uint8Array): boolean
  /** The whole body, in memory that nobody else has. Once it is asked for, nothing more can be added. */
  bytes(): Uint8Array
}

export interface CaptureOptions {
  /** The length that the sender has announced, within the limit, where it has. */
  readonly announced?: number | undefined
  /** Asked for once the body is large. */
  readonly companion?: (() => Companion | undefined) | undefined
}

/** @param maxBytes the limit, included */
export function createCapture(maxBytes: number, { announced, companion }: CaptureOptions = {}): Capture {
  let pieces: Uint8Array[] = []
  let whole: Uint8Array | undefined
  let beside: Companion | undefined
  let size = 0

  /** Room for `end` bytes, with what is held in front. The system fills it in as it is written to; only who has sent a lot already gets memory for the rest. */
  function grow(end: number): Uint8Array {
    const length = announced !== undefined && announced >= end ? announced : maxBytes
    const room = gather(whole === undefined ? pieces : [whole], length)
    if (whole === undefined) {
      beside = companion?.()
      for (const piece of pieces) beside?.add(piece)
    }
    pieces = []
    return room
  }

  return {
    add(chunk) {
      const end = size + chunk.length
      if (end > maxBytes) {
        pieces = []
        whole = undefined
        beside = undefined
      } else if (end <= SMALL_BODY_BYTES) {
        pieces.push(chunk)
      } else {
        if (whole === undefined || whole.length < end) whole = grow(end)
        whole.set(chunk, size)
        beside?.add(chunk)
      }
      size = end
      return end <= maxBytes
    },
    bytes() {
      const bytes = whole?.subarray(0, size) ?? gather(pieces, size)
      beside?.end(bytes)
      beside = undefined
      return bytes
    },
  }
}

function gather(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const gathered = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    gathered.set(piece, at)
    at += piece.length
  }
  return gathered
}
