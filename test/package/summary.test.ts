import { createServer } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SerializedError, TestCase, TestModule } from 'vitest/node'
import { absentBuiltin, absentService, vectorsFolder } from '../skips.js'
import { countTests, skippedLines } from '../summary.js'

type Result = ReturnType<TestCase['result']>

const passed = test({ state: 'passed', errors: undefined })
const failed = test({ state: 'failed', errors: [] })

function test(result: Partial<Result>): TestCase {
  return { result: () => result } as unknown as TestCase
}

function skipped(note: string | undefined): TestCase {
  return test({ state: 'skipped', errors: undefined, note } as Partial<Result>)
}

function moduleOf(
  tests: readonly TestCase[],
  own: readonly SerializedError[] = [],
  suite: readonly SerializedError[] = [],
): TestModule {
  const children = { allTests: () => tests, allSuites: () => [{ errors: () => suite }] }
  return { children, errors: () => own } as unknown as TestModule
}

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('The summary of a run', () => {
  it('has one line for each reason to skip', () => {
    const lines = skippedLines([skipped('no Redis'), passed, skipped('no Redis'), skipped(undefined), failed])
    expect(lines).toEqual(['SKIPPED: 2 tests: no Redis', 'SKIPPED: 1 test: no reason given'])
  })

  it('has no line when nothing was skipped', () => {
    expect(skippedLines([passed, failed])).toEqual([])
  })

  it('counts each test once', () => {
    const modules = [moduleOf([passed, passed, failed]), moduleOf([skipped('x')])]
    expect(countTests(modules, [])).toEqual({ passed: 2, failed: 1, skipped: 1 })
  })

  it('counts a file that cannot be loaded, a suite whose hook throws and a stray error as failures', () => {
    const error: SerializedError = { message: 'broken', name: 'Error' }
    const modules = [moduleOf([], [error]), moduleOf([skipped('hook')], [], [error])]
    expect(countTests(modules, [error])).toEqual({ passed: 0, failed: 3, skipped: 1 })
  })
})

describe('What a machine lacks', () => {
  it('is named: a folder of vectors', () => {
    expect(vectorsFolder('nobody-has-this').absent).toContain('nobody-has-this')
  })

  it('is named: a part of the platform', () => {
    expect(absentBuiltin('node:nothing')).toContain('node:nothing')
    expect(absentBuiltin('node:crypto')).toBeUndefined()
  })

  it('is named: a server, unless one listens', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    vi.stubEnv('KEYLATTICE_REQUIRE_SERVICES', undefined)
    expect(await absentService('Something', port)).toBeUndefined()
    await new Promise(resolve => server.close(resolve))
    expect(await absentService('Something', port)).toBe(`no Something on 127.0.0.1:${port}`)
    vi.stubEnv('KEYLATTICE_REQUIRE_SERVICES', '1')
    await expect(absentService('Something', port)).rejects.toThrow('requires one')
  })
})
