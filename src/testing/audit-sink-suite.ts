import type { AuditEntry, AuditSink } from '../store.js'
import {
  checkEqual,
  HOSTILE_TEXTS,
  inParallel,
  type SuiteCase,
  UNSTORABLE_TEXTS,
  unlessRefused,
  vandalise,
} from './suite.js'

/** An audit sink, and a way to see what it holds: sinks themselves are write-only. */
export interface ReadableAuditSink {
  readonly sink: AuditSink
  /** Everything appended, oldest first. */
  read(): readonly AuditEntry[] | PromiseLike<readonly AuditEntry[]>
}

/** What makes an empty audit sink. */
export type MakeAuditSink = () => ReadableAuditSink | PromiseLike<ReadableAuditSink>

function entry(changes: Partial<AuditEntry> = {}): AuditEntry {
  return { at: 1000, event: 'key.created', owner: 'owner-1', keyId: 'key', detail: '{}', ...changes }
}

/** What must hold of every `AuditSink`. */
export const auditSinkSuite: readonly SuiteCase<MakeAuditSink>[] = [
  {
    name: 'Entries come back as they were appended, in that order',
    run: async make => {
      const { sink, read } = await make()
      const entries = [
        entry(),
        entry({ at: 0, owner: null, keyId: null }),
        entry({ at: 8_640_000_000_000_000, event: 'key.revoked' }),
        entry({ at: 500, detail: '{ "a" : 1.0 }' }),
        entry(),
      ]
      for (const each of entries) await sink.append(each)
      checkEqual(await read(), entries, 'every entry is there, also an equal one, in the order of appending')
    },
  },
  {
    name: 'No entry is lost of 100 appended in parallel',
    run: async make => {
      const { sink, read } = await make()
      await inParallel(100, i => sink.append(entry({ at: i })))
      const instants = (await read()).map(({ at }) => at).sort((a, b) => a - b)
      checkEqual(
        instants,
        Array.from({ length: 100 }, (_, i) => i),
        'each is there once',
      )
    },
  },
  {
    name: 'Hostile and large text comes back character by character',
    run: async make => {
      const { sink, read } = await make()
      const entries = HOSTILE_TEXTS.map(text =>
        entry({ event: text, owner: text, keyId: text, detail: JSON.stringify(text) }),
      )
      entries.push(entry({ detail: JSON.stringify('é🔑'.repeat(30_000)) }))
      for (const each of entries) await sink.append(each)
      checkEqual(await read(), entries, 'every entry is equal')
    },
  },
  {
    name: 'What a caller does to an entry, before or after, does not reach the sink',
    run: async make => {
      const { sink, read } = await make()
      const given = { ...entry() }
      await sink.append(given)
      vandalise(given)
      const seen = await read()
      for (const each of seen) vandalise(each)
      vandalise(seen)
      checkEqual(await read(), [entry()], 'the entry is unchanged')
    },
  },
  {
    name: 'Text the sink cannot hold is refused, or comes back whole',
    run: async make => {
      const { sink, read } = await make()
      const kept: AuditEntry[] = []
      for (const text of UNSTORABLE_TEXTS) {
        for (const field of ['event', 'owner', 'keyId', 'detail']) {
          const given = entry({ [field]: text })
          const append = async () => {
            await sink.append(given)
            kept.push(given)
          }
          await unlessRefused(append)
        }
      }
      checkEqual(await read(), kept, 'what was not refused is equal')
    },
  },
  {
    name: 'An empty text is not the same as none',
    run: async make => {
      const { sink, read } = await make()
      const entries = [entry({ owner: '', keyId: null }), entry({ owner: null, keyId: '' })]
      for (const each of entries) await sink.append(each)
      checkEqual(await read(), entries, 'each entry is equal')
    },
  },
]
