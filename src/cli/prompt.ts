/** Asking for a secret: what is typed is not shown. */

const ENTER = new Set(['\r', '\n', '\u0004'])
const BACKSPACE = new Set(['\u007f', '\b'])
const INTERRUPT = '\u0003'

/** `undefined` unless both ends are a terminal: what is piped in is not an answer. */
export async function readHidden(
  question: string,
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
): Promise<string | undefined> {
  if (input.isTTY !== true || output.isTTY !== true) return undefined
  // Before the question: who answers at once would be shown.
  input.setRawMode(true)
  output.write(question)
  try {
    return await readLine(input)
  } finally {
    input.setRawMode(false)
    input.pause()
    output.write('\n')
  }
}

function readLine(input: NodeJS.ReadStream): Promise<string> {
  input.setEncoding('utf8')
  input.resume()
  return new Promise(resolve => {
    let line = ''
    input.on('data', function read(text: string) {
      for (const character of text) {
        if (character === INTERRUPT) interrupt(input)
        if (ENTER.has(character)) {
          input.off('data', read)
          return resolve(line)
        }
        line = BACKSPACE.has(character) ? line.slice(0, -1) : line + character
      }
    })
  })
}

/** In raw mode nobody else turns the key into a signal. */
function interrupt(input: NodeJS.ReadStream): void {
  input.setRawMode(false)
  process.kill(process.pid, 'SIGINT')
}
