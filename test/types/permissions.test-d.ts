import type { Grant, PermissionModel } from '../../src/key.js'
import { definePermissions } from '../../src/policy/permissions.js'
import type { Preset } from '../../src/preset.js'
import { type BitexbitPermission, bitexbit } from '../../src/presets/bitexbit.js'
import { bitfinex } from '../../src/presets/bitfinex.js'
import { bitpandaPro } from '../../src/presets/bitpanda-pro.js'
import { standard } from '../../src/presets/standard.js'

/** Compiles only if the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Same<A, B>): void => {}

const model = definePermissions({
  permissions: { read: [], trade: ['read'], withdraw: ['read'] },
  aliases: { full: 'top', desk: ['trade'] },
})

// Names and aliases are literal types, and an absent table of aliases is none.
same<typeof model, PermissionModel<'read' | 'trade' | 'withdraw', 'full' | 'desk'>>(true)
const plain = definePermissions({ permissions: { read: [] } })
same<typeof plain, PermissionModel<'read', never>>(true)
same<ReturnType<typeof model.format>, readonly ('read' | 'trade' | 'withdraw')[]>(true)

// A name written in code is checked; a stored one is text.
model.grant()
model.grant('read', 'full')
// @ts-expect-error misspelt permission
model.grant('trdae')
// @ts-expect-error misspelt alias
model.grant('fulll')
// @ts-expect-error an alias of another model
plain.grant('full')
// @ts-expect-error a stored name is not known to the compiler
model.grant('read' as string)
model.parse(JSON.parse('[]') as string[])
// @ts-expect-error a name is not a list
model.parse('read')

// What a definition may say.
// @ts-expect-error implies what is not defined
definePermissions({ permissions: { read: [], trade: ['raed'] } })
// @ts-expect-error an alias of what is not defined
definePermissions({ permissions: { read: [] }, aliases: { full: ['raed'] } })
// @ts-expect-error an alias of an alias
definePermissions({ permissions: { read: [] }, aliases: { full: 'top', all: ['full'] } })
// @ts-expect-error everything is 'top'
definePermissions({ permissions: { read: [] }, aliases: { full: 'all' } })
// @ts-expect-error an exclusion of what is not defined
definePermissions({ permissions: { order: [], cancel: [] }, exclusions: [['order', 'cancle']] })
// @ts-expect-error an exclusion of three
definePermissions({ permissions: { a: [], b: [], c: [] }, exclusions: [['a', 'b', 'c']] })
// @ts-expect-error an option it does not have
definePermissions({ permissions: { read: [] }, exclusion: [] })
// @ts-expect-error no permissions
definePermissions({ aliases: {} })
definePermissions({ permissions: { order: [], cancel: [] }, exclusions: [['order', 'cancel']] })

// A grant is made by a model and by nothing else.
const grant: Grant = model.grant('read')
model.covers(grant, model.top)
// @ts-expect-error names are not a grant
model.covers(['read'], model.top)
// @ts-expect-error bits are not a grant
model.covers({ low: 1, high: 0 }, model.top)
// @ts-expect-error a grant does not show its inside
grant.low

// Presets carry their names, and every model and preset fits where any will do.
same<BitexbitPermission, 'read-only' | 'can-trade' | 'can-withdraw'>(true)
same<typeof bitexbit.permissions, PermissionModel<BitexbitPermission, 'full-access'>>(true)
bitexbit.permissions.grant('can-trade', 'full-access')
// @ts-expect-error bitexbit has no such permission
bitexbit.permissions.grant('trade')
bitfinex.permissions.grant('orders:write', 'withdraw:write')
// @ts-expect-error nothing to read about withdrawals
bitfinex.permissions.grant('withdraw:read')
// @ts-expect-error Bitpanda Pro has no alias for everything
bitpandaPro.permissions.grant('full')
const anyModel: PermissionModel = model
const presets: readonly Preset[] = [standard, bitexbit, bitfinex, bitpandaPro]
// @ts-expect-error a model of fewer names is not one of more
const wrong: PermissionModel<'read', never> = anyModel

export { presets, wrong }
