import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundleSizesPage, weighAll } from './bundle-sizes.js'
import { ROOT, requireBuild } from './dist.js'

requireBuild()

const schemes = readdirSync(join(ROOT, 'src/schemes')).map(file => file.replace(/\.ts$/, ''))

describe('The generated page', () => {
  it('of bundle sizes is in step with the bundles', async () => {
    const page = bundleSizesPage(await weighAll(schemes.toSorted()))
    await expect(page).toMatchFileSnapshot(join(ROOT, 'docs/reference/bundle-sizes.md'))
  })

  it('of bundle sizes would not notice a few bytes, and would notice a hundred', () => {
    const pageOf = (bytes: number) => {
      return bundleSizesPage({ signers: [{ name: 'x', bytes: [bytes] }], fetches: [], servers: [] })
    }
    expect(pageOf(3910)).toBe(pageOf(3930))
    expect(pageOf(3910)).not.toBe(pageOf(4010))
  })
})
