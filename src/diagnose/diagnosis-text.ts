import type { Diagnosis } from './diagnosis.js'
import type { Mistake } from './mistakes.js'
import { countOf, visibleText } from './visible.js'

/** A diagnosis as a person reads it. */
export function diagnosisText(diagnosis: Omit<Diagnosis, 'text'>): string {
  const { mistakes, alternatives, tried, explanation } = diagnosis
  const lines = [
    headline(diagnosis),
    ...mistakes.flatMap(mistakeLines),
    ...alternatives.map(other => `It could as well be: ${other.map(nameOf).join(' and ')}.`),
    `Tried: ${countOf(tried.attempts, 'combination')}${tried.complete ? '' : ', until the limit'}.`,
    ...(diagnosis.matches ? [] : [`Mistakes tried: ${tried.codes.join(', ')}.`, NOT_TRIED]),
    '',
    'What has to be signed for this request:',
    explanation.text,
  ]
  return lines.join('\n')
}

const NOT_TRIED =
  'Not found that way: another secret, a body whose members were in another order, and three mistakes at once.'

function headline({ ok, matches, mistakes }: Omit<Diagnosis, 'text'>): string {
  if (ok) return 'The request is signed rightly.'
  if (!matches) return 'Nothing that was tried makes the signature match.'
  const count = countOf(mistakes.length, 'mistake')
  return `The signature is one that these credentials make, with ${count}:`
}

function mistakeLines({ code, field, message, fix }: Mistake): readonly string[] {
  return [`  ${code} (${visibleText(field)})`, `    ${visibleText(message)}`, `    ${fix}`]
}

function nameOf({ code, field }: Mistake): string {
  return `${code} (${visibleText(field)})`
}
