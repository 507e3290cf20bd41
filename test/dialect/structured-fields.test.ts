import { readdirSync, readFileSync } from 'node:fs'
import { parseItem, parseList } from 'structured-headers'
import { expect, it } from 'vitest'
import { parseDictionary, readDictionary, serializeDictionary } from '../../src/dialect/structured-fields.js'
import { describeUnless, vectorsFolder } from '../skips.js'

interface Case {
  readonly name: string
  readonly raw: readonly string[]
  readonly header_type: 'item' | 'list' | 'dictionary'
  readonly must_fail?: boolean
  readonly can_fail?: boolean
  readonly canonical?: readonly string[]
}

const { path, absent } = vectorsFolder('structured-field-tests')
const files = absent === undefined ? readdirSync(path).filter(file => file.endsWith('.json')) : []

/** A decimal without a fraction is written as an integer: the library keeps no difference between 1.0 and 1. */
const DECIMALS = ['single item parameterised dict', 'list item parameterised dictionary']

const parsers = { item: parseItem, list: parseList, dictionary: parseDictionary }

function parses({ header_type, raw }: Case): boolean {
  try {
    return parsers[header_type](raw.join(', ')) !== undefined
  } catch {
    return false
  }
}

describeUnless(absent, 'Structured fields, by the tests of the HTTP working group', () => {
  const cases = (file: string) => JSON.parse(readFileSync(path + file, 'utf8')) as readonly Case[]

  it.each(files)('%s: what is valid is read, what is not is refused', file => {
    const wrong = cases(file).filter(one => !one.can_fail && parses(one) === (one.must_fail === true))
    expect(wrong.map(({ name }) => name)).toEqual([])
  })

  it.each(files)('%s: a dictionary is taken as the standard writes it, and in no other spelling', file => {
    const dictionaries = cases(file).filter(one => one.header_type === 'dictionary' && parses(one))
    const wrong = dictionaries.filter(({ raw, canonical = raw }) => {
      const [text, written] = [raw.join(', '), canonical.join(', ')]
      const isTaken = readDictionary(text) !== undefined
      return isTaken !== (text === written) || serializeDictionary(parseDictionary(text)!) !== written
    })
    expect(wrong.map(({ name }) => name)).toEqual(file === 'param-dict.json' ? DECIMALS : [])
  })
})
