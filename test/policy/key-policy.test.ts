import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError, KeyError } from '../../src/errors.js'
import {
  defineKeyPolicy,
  type LifetimeRequest,
  type RotationRequest,
  resolveExpiry,
  resolveRotationEnd,
  standardKeyPolicy,
} from '../../src/policy/key-policy.js'
import type { KeyPolicy } from '../../src/preset.js'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000
const DAY = 24 * HOUR

const strict = defineKeyPolicy({
  ...standardKeyPolicy,
  defaultLifetimeMs: 30 * DAY,
  minLifetimeMs: HOUR,
  maxLifetimeMs: 90 * DAY,
  maxRotationOverlapMs: DAY,
})
const endless = defineKeyPolicy({ ...strict, defaultLifetimeMs: null, maxLifetimeMs: null })

type Outcome = number | null | { readonly code: string; readonly field: string | undefined }

function outcome(run: () => number | null): Outcome {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    return { code: error.code, field: error.field }
  }
}

const expiry = (request: Partial<LifetimeRequest>, policy: KeyPolicy = strict): Outcome =>
  outcome(() => resolveExpiry(policy, { now: NOW, ...request }))

const rotation = (request: Partial<RotationRequest>, policy: KeyPolicy = strict): Outcome =>
  outcome(() => resolveRotationEnd(policy, { now: NOW, overlapMs: 0, expiresAt: null, ...request }))

const invalid = (field: string): Outcome => ({ code: 'ERR_INPUT_INVALID', field })
const violated = (field: string): Outcome => ({ code: 'ERR_POLICY_VIOLATED', field })

/** Not instants, of which none may be rounded, parsed or taken for "never". */
const NO_INSTANTS = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  -NOW,
  NOW + 0.5,
  2 ** 53,
  8_640_000_000_000_001,
  '',
  '0',
  String(NOW + DAY),
  '2099-12-31',
  '31/12/2099',
  true,
  false,
  {},
  [],
  [NOW + DAY],
  new Date(NOW + DAY),
  BigInt(NOW + DAY),
] as unknown as number[]

describe('the expiry of a key', () => {
  it('is the default life from now, or from the start, where none is asked for', () => {
    expect(expiry({})).toBe(NOW + 30 * DAY)
    expect(expiry({ expiresAt: undefined, notBefore: null })).toBe(NOW + 30 * DAY)
    expect(expiry({ notBefore: NOW + 10 * DAY })).toBe(NOW + 40 * DAY)
    expect(expiry({ notBefore: NOW - 10 * DAY })).toBe(NOW + 30 * DAY)
    expect(expiry({}, endless)).toBeNull()
  })

  it('is never, only where the policy lets a key live for ever', () => {
    expect(expiry({ expiresAt: null }, endless)).toBeNull()
    expect(expiry({ expiresAt: null })).toEqual(violated('expiresAt'))
    expect(expiry({ expiresAt: null }, { ...endless, maxLifetimeMs: DAY * 365 })).toEqual(violated('expiresAt'))
    expect(expiry({ expiresAt: null }, defineKeyPolicy({ ...endless, defaultLifetimeMs: 30 * DAY }))).toBeNull()
  })

  it('lies within the shortest and the longest life, to the millisecond', () => {
    expect(expiry({ expiresAt: NOW + HOUR })).toBe(NOW + HOUR)
    expect(expiry({ expiresAt: NOW + HOUR - 1 })).toEqual(violated('expiresAt'))
    expect(expiry({ expiresAt: NOW + 90 * DAY })).toBe(NOW + 90 * DAY)
    expect(expiry({ expiresAt: NOW + 90 * DAY + 1 })).toEqual(violated('expiresAt'))
    expect(expiry({ expiresAt: NOW + 90 * DAY + 1 }, endless)).toBe(NOW + 90 * DAY + 1)
  })

  it('gives the shortest life from the start on, and the longest from now on', () => {
    const notBefore = NOW + 10 * DAY
    expect(expiry({ notBefore, expiresAt: notBefore + HOUR })).toBe(notBefore + HOUR)
    expect(expiry({ notBefore, expiresAt: notBefore + HOUR - 1 })).toEqual(violated('expiresAt'))
    expect(expiry({ notBefore, expiresAt: NOW + 90 * DAY })).toBe(NOW + 90 * DAY)
    expect(expiry({ notBefore, expiresAt: NOW + 90 * DAY + 1 })).toEqual(violated('expiresAt'))
    expect(expiry({ notBefore: NOW + 60 * DAY })).toBe(NOW + 90 * DAY)
    expect(expiry({ notBefore: NOW + 60 * DAY + 1 })).toEqual(violated('expiresAt'))
  })

  it('lies in the future', () => {
    const any = { ...endless, minLifetimeMs: 0 }
    expect(expiry({ expiresAt: NOW + 1 }, any)).toBe(NOW + 1)
    expect(expiry({ expiresAt: NOW }, any)).toEqual(invalid('expiresAt'))
    expect(expiry({ expiresAt: NOW - 1 }, any)).toEqual(invalid('expiresAt'))
  })

  it('lies after the start', () => {
    const any = { ...endless, minLifetimeMs: 0 }
    const notBefore = NOW + DAY
    expect(expiry({ notBefore, expiresAt: notBefore + 1 }, any)).toBe(notBefore + 1)
    expect(expiry({ notBefore, expiresAt: notBefore }, any)).toEqual(invalid('expiresAt'))
    expect(expiry({ notBefore, expiresAt: notBefore - 1 }, any)).toEqual(invalid('expiresAt'))
  })

  it('is an instant, or it is refused by name', () => {
    for (const wrong of NO_INSTANTS) {
      expect(expiry({ expiresAt: wrong }, endless)).toEqual(invalid('expiresAt'))
      expect(expiry({ notBefore: wrong }, endless)).toEqual(invalid('notBefore'))
      expect(expiry({ now: wrong }, endless)).toEqual(invalid('now'))
    }
    expect(expiry({ expiresAt: NOW + DAY, notBefore: NOW }, endless)).toBe(NOW + DAY)
  })

  it.each([
    ['seconds', (NOW + DAY) / 1000],
    ['seconds', 99_999_999_999],
    ['seconds', 0],
    ['microseconds', (NOW + DAY) * 1000],
    ['microseconds', 100_000_000_000_000],
    ['microseconds', 8_640_000_000_000_000],
  ])('in %s is refused, and the message says so: %i', (unit, wrong) => {
    for (const field of ['expiresAt', 'notBefore'] as const) {
      const run = () => resolveExpiry(endless, { now: NOW, [field]: wrong })
      expect(run).toThrow(`${field} must be in milliseconds; this looks like ${unit}`)
      expect(() => resolveExpiry(endless, { now: 0, expiresAt: 100_000_000_000 })).not.toThrow()
      expect(() => resolveExpiry(endless, { now: NOW, expiresAt: 99_999_999_999_999 })).not.toThrow()
    }
  })

  it('never prints what it was given', () => {
    for (const expiresAt of ['kls_live_canary', 1_234_567_891, NOW - 987_654]) {
      const run = () => resolveExpiry(strict, { now: NOW, expiresAt: expiresAt as number })
      expect(run).toThrow(KeyError)
      expect(run).not.toThrow(String(expiresAt))
    }
  })

  it('always keeps what the policy promises, whatever is asked', () => {
    const time = fc.integer({ min: NOW - 100 * DAY, max: NOW + 200 * DAY })
    const asked = fc.record({ notBefore: fc.option(time), expiresAt: fc.option(time, { nil: undefined }) })
    fc.assert(
      fc.property(asked, request => {
        const found = expiry(request)
        if (typeof found !== 'number') {
          expect(found).toMatchObject({ field: 'expiresAt' })
          return
        }
        expect(found).toBe(request.expiresAt ?? Math.max(NOW, request.notBefore ?? NOW) + 30 * DAY)
        expect(found - NOW).toBeLessThanOrEqual(90 * DAY)
        expect(found - Math.max(NOW, request.notBefore ?? 0)).toBeGreaterThanOrEqual(HOUR)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the end of a rotation', () => {
  it('is as long after now as asked, up to the longest overlap', () => {
    expect(rotation({ overlapMs: 0 })).toBe(NOW)
    expect(rotation({ overlapMs: DAY })).toBe(NOW + DAY)
    expect(rotation({ overlapMs: DAY + 1 })).toEqual(violated('overlapMs'))
    expect(rotation({ overlapMs: 1 }, { ...strict, maxRotationOverlapMs: 0 })).toEqual(violated('overlapMs'))
    expect(rotation({ overlapMs: 0 }, { ...strict, maxRotationOverlapMs: 0 })).toBe(NOW)
  })

  it('never lies after the key’s own', () => {
    expect(rotation({ overlapMs: DAY, expiresAt: NOW + HOUR })).toBe(NOW + HOUR)
    expect(rotation({ overlapMs: HOUR, expiresAt: NOW + DAY })).toBe(NOW + HOUR)
  })

  it('is measured in whole milliseconds', () => {
    for (const wrong of NO_INSTANTS.filter(value => value !== NOW)) {
      expect(rotation({ overlapMs: wrong })).toEqual(invalid('overlapMs'))
      expect(rotation({ now: wrong })).toEqual(invalid('now'))
    }
    expect(rotation({ overlapMs: undefined as unknown as number })).toEqual(invalid('overlapMs'))
    expect(rotation({ overlapMs: HOUR })).toBe(NOW + HOUR)
  })
})

describe('a key policy', () => {
  it('is frozen, and a copy', () => {
    const options = { ...standardKeyPolicy }
    const policy = defineKeyPolicy(options)
    options.keysPerOwner = 1_000
    expect(policy).toEqual(standardKeyPolicy)
    expect(Object.isFrozen(policy)).toBe(true)
  })

  it('of the standard is strict: every limit is set, and a key always expires', () => {
    expect(standardKeyPolicy).toMatchObject({
      keysPerOwner: 16,
      allowlistEntries: 20,
      minIpv4Prefix: 20,
      minIpv6Prefix: 48,
      defaultLifetimeMs: 90 * DAY,
      minLifetimeMs: 60_000,
      maxLifetimeMs: 365 * DAY,
      maxRotationOverlapMs: 3 * DAY,
      confirmationMs: 30 * 60_000,
      sameBrowser: true,
      operations: {
        request: { needs: 'second-factor-and-mail' },
        edit: { needs: 'second-factor' },
        revoke: { needs: 'nothing' },
      },
    })
  })

  it('needs every limit by name', () => {
    for (const name of Object.keys(standardKeyPolicy)) {
      const { [name as keyof KeyPolicy]: _, ...rest } = standardKeyPolicy
      expect(codeOf(rest)).toBe('ERR_OPTION_MISSING')
    }
    expect(codeOf({ ...standardKeyPolicy, keysPerUser: 5 })).toBe('ERR_OPTION_UNKNOWN')
    expect(codeOf({})).toBe('ERR_OPTION_MISSING')
    expect(codeOf(null)).toBe('ERR_OPTION_INVALID')
    expect(codeOf(standardKeyPolicy)).toBeUndefined()
  })

  it.each([
    ['keysPerOwner', [1, 1_000_000, null], [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '16', true, 1_000_001]],
    ['allowlistEntries', [1, 1_000_000, null], [0, -1, 1.5, Number.NaN, '5', [5], 1_000_001]],
    ['minIpv4Prefix', [0, 24, 32], [null, -1, 33, 1.5, Number.NaN, '24']],
    ['minIpv6Prefix', [0, 48, 128], [null, -1, 129, 1.5, Number.NaN, '48']],
    ['defaultLifetimeMs', [60_000, 365 * DAY], [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1']],
    ['minLifetimeMs', [0, 90 * DAY], [null, -1, 1.5, Number.NaN, '1']],
    [
      'maxLifetimeMs',
      [90 * DAY, 36_525 * DAY, null],
      [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 36_525 * DAY + 1],
    ],
    ['maxRotationOverlapMs', [0, DAY], [null, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1']],
  ])('takes for %s any of %j, and none of %j', (name, right, wrong) => {
    for (const value of right) expect(codeOf({ ...standardKeyPolicy, [name]: value })).toBeUndefined()
    for (const value of wrong) {
      const run = () => defineKeyPolicy({ ...standardKeyPolicy, [name]: value } as unknown as KeyPolicy)
      expect(run).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: name }))
    }
  })

  it('has a default life that it would itself allow', () => {
    const lives = (defaultLifetimeMs: number | null, minLifetimeMs: number, maxLifetimeMs: number | null) =>
      codeOf({ ...standardKeyPolicy, defaultLifetimeMs, minLifetimeMs, maxLifetimeMs })
    expect(lives(10, 10, 10)).toBeUndefined()
    expect(lives(null, 10, null)).toBeUndefined()
    expect(lives(10, 5, null)).toBeUndefined()
    expect(lives(11, 5, 10)).toBe('ERR_OPTION_INVALID')
    expect(lives(4, 5, 10)).toBe('ERR_OPTION_INVALID')
    expect(lives(4, 5, null)).toBe('ERR_OPTION_INVALID')
    expect(lives(null, 5, 10)).toBe('ERR_OPTION_INVALID')
    expect(lives(null, 11, 10)).toBe('ERR_OPTION_INVALID')
  })
})

function codeOf(options: object | null): string | undefined {
  try {
    defineKeyPolicy(options as KeyPolicy)
  } catch (error) {
    if (error instanceof ConfigError) return error.code
    throw error
  }
  return undefined
}
