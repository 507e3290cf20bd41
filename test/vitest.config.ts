import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { createSummary } from './summary.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = (file: string) => fileURLToPath(new URL(`../src/crypto/${file}.ts`, import.meta.url))
const onNode = {
  '#hash': source('hash.node'),
  '#key-pairs': source('key-pairs.node'),
  '#mac': source('mac.node'),
}
const elsewhere = {
  '#hash': source('hash.noble'),
  '#key-pairs': source('key-pairs.web'),
  '#mac': source('mac.web'),
}

// The same rules must hold on both platforms' cryptography, so what signs, verifies, seals and hashes runs twice.
const onBothPlatforms = [
  'test/{crypto,schemes,laws,verify}/**/*.test.ts',
  'test/client/{signer,key-pair,fetch,streams}.test.ts',
  'test/keys/{credentials,passphrase,registering,confirmation,manager,leaks}.test.ts',
]
// Long walks over what does not depend on it.
const onNodeAlone = ['test/laws/{lifecycle,ceiling,canaries,permissions*}.test.ts']

export default defineConfig({
  root,
  test: {
    reporters: ['default', createSummary()],
    // One less by default, which on two cores is one.
    maxWorkers: '100%',
    projects: [
      {
        root,
        resolve: { alias: onNode },
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        root,
        resolve: { alias: elsewhere },
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
