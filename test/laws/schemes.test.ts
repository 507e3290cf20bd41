import { describe, expect, it } from 'vitest'
import { DENIALS, type DenialCode } from '../../src/denials.js'
import { schemeIds, vectorIds } from '../schemes/vectors.js'
import { proverOf } from './scheme-case.js'
import { loadFixtures } from './scheme-fixtures.js'
import { courtOf, expectShared, schemeLaws } from './scheme-laws.js'

/** Drawn anew in every run and told by whatever fails; `SEED=<number>` draws the same again. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32))

const loading = await Promise.allSettled(schemeIds.map(id => loadFixtures(id)))
const all = loading.flatMap(loaded => (loaded.status === 'fulfilled' ? [loaded.value] : []))

describe('Every dialect', () => {
  it('has a file of vectors, and every such file its dialect', () => {
    expect(vectorIds).toEqual(schemeIds)
  })

  it.each(schemeIds)('%s can be loaded with its vectors', async id => {
    expect(await loadFixtures(id)).toHaveProperty('id', id)
  })
})

for (const { id, dialect, requests, logins, shared } of all) {
  describe(`${id} keeps the laws of schemes`, () => {
    it('has an id like its file, requests to sign, and logins where it has a login', () => {
      expect(requests.map(({ scheme }) => scheme.id)).toEqual(requests.map(() => id))
      expect(requests.flatMap(({ messages }) => messages).length).toBeGreaterThan(2)
      expect(logins.length > 0).toBe(requests.some(({ scheme }) => scheme.login !== undefined))
      expect(requests.every(({ scheme }) => Object.isFrozen(scheme))).toBe(true)
    })

    it('has a fixture for every kind of key that it takes', async () => {
      const provers = await Promise.all(requests.map(({ scheme, credentials }) => proverOf(scheme, credentials)))
      const taken = requests.flatMap(({ scheme: { proof } }) => [
        ...(proof.kind === 'signature' ? [] : ['']),
        ...(proof.kind === 'bearer' ? [] : (proof.keyPairs?.algorithms ?? [])),
      ])
      expect(new Set(provers.map(({ algorithm }) => algorithm))).toEqual(new Set(taken))
    })

    it('words a refusal by its wire code alone, if it has words of its own', () => {
      if (dialect.answer === undefined) return
      const said = new Map<string, unknown>()
      for (const [denial, { wire }] of Object.entries(DENIALS)) {
        const problem = dialect.answer({ denial: denial as DenialCode, at: 1_767_225_600_000 })
        expect(JSON.parse(problem.body)).toBeTypeOf('object')
        expect(problem.status).toSatisfy((status: number) => status === 200 || (status >= 400 && status < 600))
        expect(said.get(wire) ?? problem).toEqual(problem)
        said.set(wire, problem)
      }
    })

    it('shows two requests for whatever is covered in part', () => {
      const said = requests.flatMap(({ scheme }) => Object.keys(scheme.partial ?? {}))
      expect(new Set(shared.map(({ component }) => component))).toEqual(new Set(said))
    })

    for (const subject of [...requests, ...logins]) {
      const kind = logins.some(login => login === subject) ? 'a login' : 'requests'
      describe(`${kind} of ${subject.name}`, () => {
        it.each(schemeLaws)('$name', async law => {
          await law.run((await courtOf(subject as (typeof requests)[number], seed)) as never)
        })
      })
    }

    for (const subject of shared) {
      it(`A string is shared by two requests that differ in ${subject.name}`, async () => {
        await expectShared(await courtOf(subject, seed), subject)
      })
    }
  })
}
