/** Finds out whether messages were missed. */
export interface Gaps {
  /** A message of this number has come; NaN = it has none, so somebody else sent it. */
  hear(number: number): void
  /** So many messages had been sent when the server was asked. To be told now and then. */
  compare(sent: number): void
  /** The connection broke, or may have: something was missed for all anybody knows. */
  doubt(): void
}

/**
 * Drivers subscribe again after a lost connection, each in its own way, and not all of them say so. Counting finds what
 * was missed, whatever the reason.
 *
 * @param sent messages sent by the time somebody listens
 * @param onMissed told that messages may have been missed
 */
export function createGaps(sent: number, onMissed: () => void): Gaps {
  /** The highest number heard. */
  let heard = sent
  /** What had been sent one comparison ago: by now it must have come. */
  let due = sent
  let isDoubtful = false

  return {
    hear(number: number): void {
      // Written so that NaN is a gap.
      if (!(number <= heard + 1)) onMissed()
      if (number > heard) heard = number
    },
    compare(counted: number): void {
      // A server that has forgotten messages has lost its memory, or is another.
      const isBehind = heard < due || counted < due
      due = counted
      if (!isBehind && !isDoubtful) return
      heard = counted
      isDoubtful = false
      onMissed()
    },
    doubt(): void {
      isDoubtful = true
    },
  }
}
