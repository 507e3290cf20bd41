import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { missingTests } from './complete.js'
import { filesUnder, ROOT } from './dist.js'

const ours = (path: string) => /\.(ts|json)$/.test(path) && !path.includes('node_modules/')
const read = (path: string) => readFileSync(join(ROOT, 'test', path), 'utf8')

describe('Every implementation', () => {
  it('of a contract has its tests, and every scheme the vectors that its tests are made from', () => {
    const tests = filesUnder(join(ROOT, 'test')).filter(ours)
    const texts = Object.fromEntries(tests.map(path => [path, read(path)]))
    expect(missingTests(filesUnder(join(ROOT, 'src')), texts)).toEqual([])
  })

  const tests = {
    'vectors/schemes/kraken.json': '{}',
    'stores/redis.test.ts': "import { createRedisStore } from '../../src/stores/redis.js'",
  }

  it('passes with everything in its place', () => {
    const source = ['schemes/kraken.ts', 'stores/redis.ts', 'stores/redis/keys.ts', 'crypto/random.ts', 'key.ts']
    expect(missingTests(source, tests)).toEqual([])
  })

  it.each([
    ['a scheme without vectors', 'schemes/okx.ts', 1],
    ['a store without a test', 'stores/mysql.ts', 1],
    ['a preset without a test', 'presets/okx.ts', 1],
    ['middleware without a test', 'middleware/hono.ts', 1],
  ])('would be found out: %s', (_what, path, count) => {
    expect(missingTests([path], tests)).toHaveLength(count)
  })
})
