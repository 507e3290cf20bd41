/** The documents that the scenarios walk, as sentences, and what the titles of a scenario quote of them. */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Absent } from '../../skips.js'

const documentPath = (id: string) => fileURLToPath(new URL(`../../../../shared/seeds/${id}.txt`, import.meta.url))

/** Why a document cannot be read here. They lie beside the project and are never copied into it. */
export function absentDocument(id: string): Absent {
  return existsSync(documentPath(id)) ? undefined : `../shared/seeds/${id}.txt is not there`
}

export function readDocument(id: string): string {
  return plain(readFileSync(documentPath(id), 'utf8'))
}

/** What the titles of a scenario quote, in the order in which they stand; an ellipsis parts what is not one piece. */
export function readQuotes(id: string): readonly string[] {
  const source = readFileSync(new URL(`./${id}.test.ts`, import.meta.url), 'utf8').replaceAll("\\'", "'")
  const quoted = source.matchAll(/“((?:[^“”$]|“[^“”]*”)*)”|words:\s*'([^']*)'/g)
  return [...quoted].flatMap(([, title, words]) => plain(title ?? words ?? '').split(' … '))
}

/** Where each quote stands, looked for from the beginning of the one before; -1 where it does not follow. */
export function placesOf(quotes: readonly string[], document: string): readonly number[] {
  let from = 0
  return quotes.map(quote => {
    const at = document.indexOf(quote, from)
    if (at >= 0) from = at
    return at
  })
}

/** Sentences that no quote touches. */
export function unquoted(document: string, quotes: readonly string[]): readonly string[] {
  const spans = placesOf(quotes, document).map((at, index) => ({ at, length: quotes[index]?.length ?? 0 }))
  let end = 0
  return document
    .split(/(?<=[.!?:])\s|\n/)
    .map(text => {
      const at = document.indexOf(text, end)
      end = at + text.length
      return { text: text.trim(), at }
    })
    .filter(({ text }) => /[a-z]/i.test(text))
    .filter(
      ({ text, at }) => !spans.some(span => span.at >= 0 && span.at < at + text.length && at < span.at + span.length),
    )
    .map(({ text }) => text)
}

/** Without marks of its format, and with one blank for several. */
function plain(text: string): string {
  return text
    .replaceAll('`', '')
    .replaceAll(/!\[[^\]]*\]\([^)]*\)/g, '')
    .replaceAll(/[ \t]+/g, ' ')
}
