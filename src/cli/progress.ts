import type { Terminal } from './terminal.js'

export interface Progress {
  /** @param total `undefined` while nobody knows */
  show(done: number, total: number | undefined): void
}

const WIDTH = 30
/** How often a line is written where nobody watches, ms. */
const LINE_MS = 10_000

/** A bar where somebody watches; else a line now and then, which a log can keep. */
export function createProgress(terminal: Terminal, what: string): Progress {
  let saidAt = Date.now()
  return {
    show(done, total) {
      if (terminal.isWatched) return terminal.progress(`${bar(done, total)} ${count(done, total)} ${what}`)
      if (Date.now() - saidAt < LINE_MS) return
      saidAt = Date.now()
      terminal.note(`${count(done, total)} ${what}`)
    },
  }
}

function bar(done: number, total: number | undefined): string {
  const share = total === undefined || total === 0 ? 0 : Math.min(done / total, 1)
  const filled = Math.round(share * WIDTH)
  return `[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %`
}

function count(done: number, total: number | undefined): string {
  return total === undefined ? String(done) : `${done} of ${total}`
}
