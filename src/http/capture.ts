/** Holds a body while it arrives, and never more of it than the limit. */
export interface Capture {
  /** `false` once the body is larger than the limit; what was held is let go then. */
  add(chunk: Uint8Array): boolean
  /** The whole body, in memory that nobody else has. Once it is asked for, nothing more can be added. */
  bytes(): Uint8Array
}

/** Up to here pieces are kept as they came, and copied when all are there: twice this much is held for a moment, bytes. */
const PIECES_BYTES = 65_536

/**
 * @param maxBytes the limit, included
 * @param announced the length that the sender has announced, within the limit, where it has
 */
export function createCapture(maxBytes: number, announced?: number): Capture {
  let pieces: Uint8Array[] = []
  let whole: Uint8Array | undefined
  let size = 0

  /** Room for `end` bytes, with what is held in front. The system fills it in as it is written to; only who has sent a lot already gets memory for the rest. */
  function grow(end: number): Uint8Array {
    const length = announced !== undefined && announced >= end ? announced : maxBytes
    const room = gather(whole === undefined ? pieces : [whole], length)
    pieces = []
    return room
  }

  return {
    add(chunk) {
      const end = size + chunk.length
      if (end > maxBytes) {
        pieces = []
        whole = undefined
      } else if (end <= PIECES_BYTES) {
        pieces.push(chunk)
      } else {
        if (whole === undefined || whole.length < end) whole = grow(end)
        whole.set(chunk, size)
      }
      size = end
      return end <= maxBytes
    },
    bytes: () => whole?.subarray(0, size) ?? gather(pieces, size),
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
