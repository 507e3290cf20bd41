import { describe, it } from 'vitest'
import { schemeFixtures } from './scheme-fixtures.js'
import { proofJudge, schemeLaws } from './scheme-laws.js'

describe.each(schemeFixtures)('The laws of schemes, by the proof alone: $name', fixture => {
  it.each(schemeLaws)('$name', async law => {
    await law.run(fixture, proofJudge(fixture))
  })
})
