import { CAPTURED_NOTE } from '../captured/captured.js'
import { readCaptured } from '../captured/read.js'
import type { Command } from '../command.js'
import { AT_OPTION, readAt } from '../instant.js'
import { plain } from '../plain.js'
import { loadScheme, SCHEME_OPTIONS } from '../schemes.js'

export const explain: Command = {
  name: 'explain',
  summary: 'shows the string to sign of a request, part by part',
  arguments: '[<file>]',
  positionals: { min: 0, max: 1 },
  notes: [
    CAPTURED_NOTE,
    'It needs no secret. A request that is not signed yet is explained as a client would sign it.',
  ],
  options: {
    ...SCHEME_OPTIONS,
    'key-id': { type: 'string', short: 'k', value: 'ID', says: 'the key id, for a request that is not signed yet' },
    at: { ...AT_OPTION, says: 'the time to show, for a request that is not signed yet; default now' },
    'recv-window': {
      type: 'string',
      value: 'MS',
      says: 'the receive window to show, for a request that is not signed yet',
    },
    'key-pair': { type: 'boolean', says: 'the key is a key pair, where the scheme has both' },
  },
  examples: [
    { says: 'a request from a log', line: 'keylattice explain --scheme bitfinex request.http' },
    { says: 'a curl command', line: 'keylattice explain --audience api.example.com < command.sh' },
  ],
  async run(given, terminal) {
    const { request, url } = await readCaptured(given, terminal)
    const scheme = await loadScheme(given, { url, hasKeyPair: given.flag('key-pair') })
    const keyId = given.text('key-id') ?? terminal.env['KEYLATTICE_KEY_ID']
    const module = await import('../../diagnose/index.js')
    const { text, ...explanation } = await module.explain(request, {
      scheme,
      ...(keyId !== undefined && { keyId }),
      now: readAt(given),
      ...(given.text('recv-window') !== undefined && { recvWindowMs: given.integer('recv-window', 0) }),
    })
    return { text, json: plain(explanation) }
  },
}
