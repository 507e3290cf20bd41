import { spawn } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROOT, requireBuild } from '../package/dist.js'
import { HOUSE_LINES, KEPT_BY_LAX_HOUSES, MISSED_BY_LAX_HOUSES } from './house-lines.js'

interface Run {
  readonly exitCode: number | null
  /** Titles of the lines that were as they should be. */
  readonly shown: readonly string[]
  /** Titles of the others. */
  readonly failed: readonly string[]
  readonly text: string
}

/** Lets the demo reach this machine only. */
const LOOPBACK_ONLY = `
  import { Socket } from 'node:net'
  const { connect } = Socket.prototype
  Socket.prototype.connect = function (...args) {
    const options = [args[0]].flat()[0]
    if (options?.host !== '127.0.0.1') throw new Error('the demo must not need a network')
    return connect.apply(this, args)
  }`

/** @param parts of the demo; none = all */
function runDemo(fault?: string, ...parts: readonly string[]): Promise<Run> {
  const preload = `data:text/javascript,${encodeURIComponent(LOOPBACK_ONLY)}`
  const { DEMO_FAULT: _, ...env } = process.env
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', preload, 'docs/examples/exchange/demo.mjs', ...parts], {
      cwd: ROOT,
      env: { ...env, ...(fault === undefined ? {} : { DEMO_FAULT: fault }) },
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (text += chunk))
    child.once('error', reject)
    child.once('close', exitCode => resolve({ exitCode, text, shown: titles(text, '✓'), failed: titles(text, '✗') }))
  })
}

/** Titles, each under the title of its chapter. */
function titles(text: string, mark: string): readonly string[] {
  let chapter = ''
  const found: string[] = []
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) chapter = line
    if (line.startsWith(`  ${mark} `)) found.push(`${chapter}: ${line.slice(4, 50).trim()}`)
  }
  return found
}

/** Checks that a text holds these lines, all of them as they should be. */
function expectLines(text: string, lines: Readonly<Record<string, string>>): void {
  for (const [title, reason] of Object.entries(lines)) {
    expect(text).toMatch(new RegExp(`^  ✓ ${title} +${reason}`, 'm'))
  }
}

function chapterOf({ text }: Run, title: string): string {
  const [, after = ''] = text.split(`${title}\n`)
  return after.split('\n\n')[0] ?? ''
}

const LINES: Readonly<Record<string, string>> = {
  'a signed call': '200',
  'the same bytes again': '401 replayed',
  'a body altered on the way': '401 invalid_credentials',
  'no key at all': '401 missing_credentials',
  'a route nobody declared': '403 route_not_declared',
  'a key that may read, trading': '403 permission_denied',
  'a key for 203.0.113.7, from 127.0.0.1': '403 ip_not_allowed',
  'a clock a minute slow': '401 timestamp_outside_window: the server’s time is 20',
  'the same clock, set by that answer': '200',
  'a key after it is revoked': '401 key_revoked',
  'an hour later, a key that has expired': '401 key_expired',
  'a rotated key: its old secret, in the overlap': '200',
  'a rotated key: its new secret, in the overlap': '200',
  'a rotated key: its old secret': '401 invalid_credentials',
  'a rotated key: its new secret': '200',
}

const BOT_LINES: Readonly<Record<string, string>> = {
  fetchBalance: '50000 USD free',
  'createOrder: buy 0.5 BTC at 20000': 'order 100\\d is open and reserves 10000 USD',
  'createOrder: buy 100 BTC at 20000': 'InsufficientFunds',
  cancelOrder: 'order 100\\d is cancelled and reserves nothing',
  'a key that may read: fetchBalance': '50000 USD free',
  'a key that may read: createOrder': 'PermissionDenied',
  'a wrong secret: fetchBalance': 'AuthenticationError',
  'a revoked key, after a restart: fetchBalance': 'AuthenticationError',
}

describe('The demo', () => {
  let good: Run
  let open: Run
  let shut: Run
  let idle: Run
  let leaky: Run
  let lax: Run

  beforeAll(async () => {
    requireBuild()
    ;[good, open, shut, idle, leaky, lax] = await Promise.all([
      runDemo(),
      runDemo('accept-everything'),
      runDemo('refuse-everything'),
      runDemo('refuse-operations', 'houses'),
      runDemo('keep-reserved', 'exchange'),
      runDemo('lax-houses', 'houses'),
    ])
  })

  it('shows everything it promises, and ends well', () => {
    expect(good.text).not.toContain('✗')
    expect(good.exitCode).toBe(0)
    expectLines(good.text, LINES)
  })

  it.each(['bitfinex', 'binance'])(
    'lets an unmodified ccxt trade as %s, and refuses it in that house’s words',
    house => {
      expectLines(chapterOf(good, `ccxt, unmodified, as ${house}`), BOT_LINES)
    },
  )

  it.each(Object.entries(HOUSE_LINES))('walks %s, from the request to the end of all keys', (house, lines) => {
    expectLines(chapterOf(good, house), lines)
  })

  it('prints a mail as one line, below what made the house send it', () => {
    const mail =
      /^ {2}✓ asked for: .*\n {4}✉ to gale: open https:\/\/bitfinex\.example\/confirm#…\w{6} by \d\d:\d\d UTC to request “phone app”$/m
    expect(good.text).toMatch(mail)
  })

  it('prints credentials as text and as a QR code, where the house does, and nowhere else', () => {
    expect(good.text).toMatch(
      /^ {4}keylattice:v1\?scheme=bitfinex&keyId=demo_test_\w+&secret=demos_test_\w+&server=http/m,
    )
    // Two blank lines above a code, and two below.
    expect(good.text.match(/^ {4}\u001b\[[\d;]+m +\u001b\[0m$/gm)).toHaveLength(4)
    expect(good.text.match(/demos_test_\w+/g)).toHaveLength(1)
  })

  it('ends badly when the exchange accepts everything: every refusal is missed', () => {
    expect(open.exitCode).toBe(1)
    expect(open.failed).toContain('Requests signed with hmac-v1: the same bytes again')
    expect(open.failed).toContain('ccxt, unmodified, as binance: a revoked key, after a restart: fetchBalance')
    expect(open.shown).toContain('Requests signed with hmac-v1: a signed call')
  })

  it('ends badly when the exchange refuses everything: every success is missed', () => {
    expect(shut.exitCode).toBe(1)
    expect(shut.failed).toContain('Requests signed with hmac-v1: a signed call')
    expect(shut.failed).toContain('ccxt, unmodified, as bitfinex: cancelOrder')
    expect(shut.shown).toContain('Requests signed with hmac-v1: a route nobody declared')
  })

  it('ends badly when the ledger keeps what a cancelled order had reserved', () => {
    expect(leaky.exitCode).toBe(1)
    expect(leaky.failed).toContain('ccxt, unmodified, as bitfinex: cancelOrder')
    expect(leaky.failed).toContain('ccxt, unmodified, as binance: cancelOrder')
  })

  it('ends badly when the houses have no limits, and their second factor says yes to anything', () => {
    expect(lax.exitCode).toBe(1)
    expect(lax.failed).toEqual(expect.arrayContaining([...MISSED_BY_LAX_HOUSES]))
    expect(lax.shown).toEqual(expect.arrayContaining([...KEPT_BY_LAX_HOUSES]))
  })

  it('ends badly when the houses refuse every operation', () => {
    expect(idle.exitCode).toBe(1)
    expect(idle.failed).toContain(
      'Bitfinex: a link in the same browser, and a QR code: the link, confirmed in the same browser',
    )
    expect(idle.shown).toContain('Bitcoin Suisse: rights that a manager changes: its rights, changed by the owner')
  })

  it('has no line that could not fail, and no two of one name', () => {
    expect(good.shown.length).toBeGreaterThan(130)
    expect(new Set(good.shown).size).toBe(good.shown.length)
    const couldFail = new Set([...open.failed, ...shut.failed, ...idle.failed])
    expect(good.shown.filter(title => !couldFail.has(title))).toEqual([])
  })
})
