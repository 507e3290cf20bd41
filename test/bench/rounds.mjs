/**
 * Times tasks in turns (A B C, A B C, …), so that a slow moment of the machine meets all of them, and reports each as
 * a ratio to the reference of the same round. What a task works on is made outside the timed part.
 */

/**
 * @typedef {object} Task
 * @property {string} name
 * @property {number} [batch] calls a round
 * @property {(batch: number) => unknown} prepare makes the round's inputs; its memory is swept before the timing
 * @property {(inputs: any) => unknown} run makes all calls of the round; may return a promise
 */

/** Few enough that what they work on is still near, as a request is that was just parsed; about half a millisecond. */
const BATCH = 200

/**
 * @param {readonly Task[]} tasks the first is the reference
 * @param {{ rounds: number, warmups: number }} times
 */
export async function compare(tasks, { rounds, warmups }) {
  const times = new Map(tasks.map(task => [task.name, []]))
  for (let round = -warmups; round < rounds; round++) {
    for (const task of tasks) {
      const ns = await time(task)
      if (round >= 0) times.get(task.name).push(ns)
    }
  }
  const reference = times.get(tasks[0].name)
  return tasks.map(({ name }) => {
    const own = times.get(name)
    return {
      name,
      minNs: Math.min(...own),
      medianNs: median(own),
      minRatio: Math.min(...own) / Math.min(...reference),
      medianRatio: median(own.map((ns, round) => ns / reference[round])),
    }
  })
}

/** Nanoseconds a call. */
async function time({ batch = BATCH, prepare, run }) {
  const inputs = await prepare(batch)
  // Twice: what a round works on leaves the young generation, so that the timed part sweeps only what it makes.
  globalThis.gc({ type: 'minor' })
  globalThis.gc({ type: 'minor' })
  const start = process.hrtime.bigint()
  const running = run(inputs)
  if (running instanceof Promise) await running
  return Number(process.hrtime.bigint() - start) / batch
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
