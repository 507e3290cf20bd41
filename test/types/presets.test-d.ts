import type { Preset, Scheme } from '../../src/index.js'
import { bitexbit } from '../../src/presets/bitexbit.js'
import { bitfinex } from '../../src/presets/bitfinex.js'
import { bitpandaPro } from '../../src/presets/bitpanda-pro.js'
import { standard } from '../../src/presets/standard.js'

// A preset is one whatever its permissions and its scheme are.
const all: readonly Preset[] = [standard, bitpandaPro, bitexbit, bitfinex]

// A scheme is made from what it needs, and from nothing else.
const schemes: readonly Scheme[] = [standard.scheme({ audience: 'api.example.com' }), bitpandaPro.scheme()]
// @ts-expect-error the audience is missing
standard.scheme()
// @ts-expect-error it has no options
bitfinex.scheme({ audience: 'api.example.com' })
// @ts-expect-error it has no options
bitexbit.scheme({})
// @ts-expect-error which options it takes is not known of just any preset
all[0]?.scheme?.({})

// What a form starts with are permissions of the house.
const chosen: readonly ('read' | 'trade' | 'withdraw')[] = standard.defaultPermissions
// @ts-expect-error not one of bitexbit's
bitexbit.defaultPermissions.includes('trade')

export { chosen, schemes }
