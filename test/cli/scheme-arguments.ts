import type { VectorFixture } from '../schemes/vectors.js'

/** Arguments that set up a scheme as a fixture does. */
export function optionsOf(id: string, { options = {} }: VectorFixture): readonly string[] {
  const settings = Object.entries(options).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return ['--scheme', id, ...settings.flatMap(pair => ['--scheme-option', pair])]
}
