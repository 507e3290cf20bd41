import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { createSummary } from './summary.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const hash = (platform: 'node' | 'noble') =>
  fileURLToPath(new URL(`../src/crypto/hash.${platform}.ts`, import.meta.url))

// The same rules must hold on both platform hashes, so what signs and verifies runs twice.
const onBothPlatforms = ['test/{crypto,schemes,laws,verify,client,keys}/**/*.test.ts']
// Long walks over what does not depend on the hash.
const onNodeAlone = ['test/laws/{lifecycle,ceiling,canaries}.test.ts']

export default defineConfig({
  root,
  test: {
    reporters: ['default', createSummary()],
    projects: [
      {
        root,
        resolve: { alias: { '#hash': hash('node') } },
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        root,
        resolve: { alias: { '#hash': hash('noble') } },
        test: {
          name: 'noble',
          include: onBothPlatforms,
          exclude: onNodeAlone,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
