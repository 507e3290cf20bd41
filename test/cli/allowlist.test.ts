import { describe, expect, it } from 'vitest'
import { requireBuild } from '../package/dist.js'
import { keylattice } from './keylattice.js'

requireBuild()

const check = (args: readonly string[], stdin = '') => keylattice(['allowlist', 'check', ...args], { stdin })

describe('allowlist check', () => {
  it.each([
    [['-a', '203.0.113.0/24', '203.0.113.7'], 'allowed  203.0.113.7  in 203.0.113.0/24'],
    [['-a', '203.0.113.0/24', '-a', '203.0.113.7', '203.0.113.7'], 'in 203.0.113.0/24, 203.0.113.7'],
    [['-a', '203.0.113.7', '::ffff:203.0.113.7'], 'allowed  ::ffff:203.0.113.7'],
    [['-a', '2001:db8::/32', '2001:DB8:0::1'], 'allowed  2001:DB8:0::1'],
  ])('lets through: %j', async (args, line) => {
    const ran = await check(args)
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(ran.stdout).toContain(line)
  })

  it.each([
    [['-a', '203.0.113.0/24', '203.0.114.7'], 'in none of the 1 entries of IPv4'],
    [['-a', '203.0.113.0/24', '::1'], 'no entry is of IPv6'],
    [['-a', '203.0.113.0/24', '203.0.113.07'], 'not an address'],
    [['-a', '203.0.113.0/24', '203.0.113.7:443'], 'not an address'],
  ])('refuses, and says why: %j', async (args, why) => {
    const ran = await check(args)
    expect(ran).toMatchObject({ status: 1, stderr: '' })
    expect(ran.stdout).toContain(`refused  ${args.at(-1)}  `)
    expect(ran.stdout).toContain(why)
  })

  it('is no as soon as one address is refused', async () => {
    expect(await check(['--json', '-a', '10.0.0.1', '10.0.0.1', '10.0.0.2'])).toMatchObject({ status: 1 })
  })

  it('reads lists of lines and of JSON, of which the empty one lets nobody through', async () => {
    expect(await check(['--file', '-', '10.0.0.2'], '# office\n10.0.0.1 # door\n\n10.0.0.2\r\n')).toMatchObject({
      status: 0,
    })
    expect(await check(['--file', '-', '10.0.0.2'], '["10.0.0.1", "10.0.0.2"]')).toMatchObject({ status: 0 })
    const empty = await check(['--file', '-', '10.0.0.2'], '[]')
    expect(empty).toMatchObject({ status: 1 })
    expect(empty.stdout).toContain('the list is empty')
  })

  it.each([
    [['-a', '10.0.0.1/8', '10.0.0.1'], 'ipAllowlist[0] has host bits set; the network is 10.0.0.0/8'],
    [['-a', '10.0.0.1', '-a', 'fe80::1%eth0', '10.0.0.1'], 'ipAllowlist[1]'],
    [['10.0.0.1'], 'give the list'],
    [['-a', '10.0.0.1'], 'needs an argument more'],
  ])('names what no key could have: %j', async (args, why) => {
    const ran = await check(args)
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toContain(why)
  })

  it('refuses a list that is not one', async () => {
    expect(await check(['--file', '-', '10.0.0.1'], '[1]')).toMatchObject({ status: 2 })
    expect(await check(['--file', 'missing', '10.0.0.1'])).toMatchObject({ status: 3 })
  })
})
