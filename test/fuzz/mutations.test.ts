import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { pathOf, type WireRequest } from '../../src/http/request.js'
import { isMalformed, type Scheme } from '../../src/scheme.js'
import { loadFixtures, type SchemeFixtures } from '../laws/scheme-fixtures.js'
import { schemeIds, vectorIds } from '../schemes/vectors.js'
import { loginOperators } from './login-operators.js'
import { damageAll, foreignTo } from './mutations.js'
import { requestOperators } from './operators.js'

/** Drawn anew in every run and told by whatever fails. */
const seed = Math.floor(Math.random() * 2 ** 31)
const RUNS = 20_000

/** The dialect with a defect: what the search is for. */
async function broken(id: string, defect: (scheme: Scheme) => Partial<Scheme>): Promise<SchemeFixtures> {
  const fixtures = await loadFixtures(id)
  const requests = fixtures.requests.slice(0, 1).map(subject => {
    const scheme = { ...subject.scheme, ...defect(subject.scheme) }
    return { ...subject, scheme, dialect: scheme }
  })
  return { ...fixtures, requests, logins: [] }
}

const lower = (headers: WireRequest['headers']) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value).trim().toLowerCase()]))

describe('A defect', () => {
  it.each<[string, string, (scheme: Scheme) => Partial<Scheme>, RegExp]>([
    [
      'that leaves the query unsigned',
      'okx',
      ({ stringToSign }) => ({
        stringToSign: (request, claim) => stringToSign({ ...request, target: pathOf(request.target) }, claim),
      }),
      /passes with another query/,
    ],
    [
      'that leaves the time unsigned',
      'okx',
      ({ stringToSign }) => ({
        stringToSign: (request, claim) => stringToSign(request, { ...claim, timestamp: '' }),
      }),
      /passes with another timestamp/,
    ],
    [
      'that lets the end of the path be the beginning of the nonce',
      'bitfinex',
      ({ read }) => ({
        read(request) {
          const { headers } = request
          const nonce = String(headers['bfx-nonce'])
          const claim = read({ ...request, headers: { ...headers, 'bfx-nonce': '1'.repeat(16) } })
          return claim === undefined || isMalformed(claim) || !/^\d+$/.test(nonce) ? claim : { ...claim, nonce }
        },
      }),
      /passes with another (nonce|path)/,
    ],
    [
      'that signs a body without the blanks around it',
      'okx',
      ({ stringToSign }) => ({
        stringToSign(request, claim) {
          const body = encodeUtf8(new TextDecoder().decode(request.body).trim())
          return stringToSign({ ...request, body }, claim)
        },
      }),
      /passes with another body/,
    ],
    [
      'that refuses what its signer made, as its key id is lowered',
      'hmac-v1',
      ({ read, stringToSign }) => ({
        read: request => read({ ...request, headers: lower(request.headers) }),
        stringToSign: (request, claim) => stringToSign({ ...request, headers: lower(request.headers) }, claim),
      }),
      /refused as/,
    ],
  ])('is found: %s', async (_, id, defect, found) => {
    const search = damageAll(await broken(id, defect), await loadFixtures(foreignTo(id)), { seed, runs: RUNS })
    await expect(search).rejects.toThrow(found)
  })
})

describe('Damaged requests', () => {
  it('are damaged in more than forty ways', () => {
    expect(Object.keys(requestOperators).length).toBeGreaterThan(40)
    expect(Object.keys(loginOperators).length).toBeGreaterThan(30)
  })

  it.each(schemeIds.filter(id => vectorIds.includes(id)))(
    `of %s do not pass, ${RUNS} times, and others do`,
    async id => {
      const tally = await damageAll(await loadFixtures(id), await loadFixtures(foreignTo(id)), { seed, runs: RUNS })
      expect(tally.mutated).toBeGreaterThanOrEqual(RUNS)
      expect(tally.untouched).toBeGreaterThanOrEqual(RUNS / 10)
      expect(tally.applied.size).toBeGreaterThan(40)
    },
  )
})
