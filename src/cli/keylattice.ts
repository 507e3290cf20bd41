#!/usr/bin/env node
import { main } from './main.js'
import { createTerminal } from './terminal.js'

/** The command. Whoever reads our output may stop reading (`| head`), which is no failure of ours. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: { readonly code?: string }) => process.exit(error.code === 'EPIPE' ? 0 : 3))
}
process.exitCode = await main(process.argv.slice(2), createTerminal(process))
