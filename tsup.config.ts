import { spawnSync } from 'node:child_process'
import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/**/*.ts'],
  format: 'esm',
  target: 'es2022',
  outDir: 'dist',
  bundle: false,
  clean: true,
  silent: true,
  // tsup's own declaration bundler does not run on TypeScript 6 and later; tsc emits one .d.ts a file.
  onSuccess: async () => {
    const { status } = spawnSync('npx', ['tsc', '-p', 'tsconfig.json', '--emitDeclarationOnly'], { stdio: 'inherit' })
    if (status !== 0) throw new Error('tsc could not emit the declarations')
  },
})
