/** Prints what was shown, one line each, and counts what was not as expected. */
export function createTranscript() {
  let surprises = 0
  let notes = []
  const print = (mark, title, text) => {
    console.log(`  ${mark} ${title.padEnd(46)} ${text}`)
    for (const line of notes.join('\n').split('\n')) if (line !== '') console.log(`    ${line}`)
    notes = []
  }
  return {
    surprises: () => surprises,
    chapter(title) {
      console.log(`\n${title}`)
    },
    /** Something to print below the line that it belongs to. */
    note(text) {
      notes.push(text)
    },
    /** Runs `act`, which returns what to print, or throws. */
    async show(title, act) {
      try {
        print('✓', title, await act())
      } catch (error) {
        surprises++
        print('✗', title, error.message)
      }
    },
  }
}

/** Checks status and, for a refusal, code of an answer. */
export async function expectAnswer(response, expected) {
  const answer = await response.json()
  const actual = response.ok ? `${response.status}` : `${response.status} ${answer.code}`
  if (actual !== expected) throw new Error(`expected ${expected}, got ${actual}`)
  if (response.ok) return actual
  return answer.code === 'timestamp_outside_window'
    ? `${actual}: the server’s time is ${new Date(answer.serverTime).toISOString()}`
    : `${actual}: ${answer.detail}`
}

/** Checks that two values are the same JSON. */
export function expectSame(actual, expected) {
  if (JSON.stringify(actual) === JSON.stringify(expected)) return
  throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
}

/** Checks that a promise rejects with an error of this class, by name. */
export async function expectRejection(promise, name) {
  const error = await promise.then(
    () => undefined,
    reason => reason,
  )
  if (error === undefined) throw new Error(`expected ${name}, but it was let through`)
  if (error.constructor.name !== name)
    throw new Error(`expected ${name}, got ${error.constructor.name}: ${error.message}`)
  return `${name}: ${error.message}`
}

/** Checks that an operation on keys is refused, with this code. */
export async function expectRefusal(promise, code) {
  const error = await promise.then(
    () => undefined,
    reason => reason,
  )
  if (error === undefined) throw new Error(`expected ${code}, but it was let through`)
  if (error.code !== code) throw new Error(`expected ${code}, got ${error.code ?? error.name}: ${error.message}`)
  return `${code}: ${error.message}`
}
