/**
 * What nearly every answer begins with: the list of symbols, what is recorded
 * of series and of their gaps. It is read once, and again when somebody has
 * written it. Where that cannot be told, it is read each time.
 */
import { CandleStore, Changes, GapLedger, type StoreError, SymbolStore, SyncLog } from "@tidemark/core"
import { Context, Effect, Layer } from "effect"

/** Of questions of one kind; then all are forgotten. */
const mostQuestions = 1_000

interface Kept<A> {
  readonly count: number
  readonly found: A
}

type Found<A> = Effect.Effect<A, StoreError.StoreError>

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const changes = yield* Changes.Changes
    const candles = yield* CandleStore.CandleStore
    const gaps = yield* GapLedger.GapLedger
    const symbols = yield* SymbolStore.SymbolStore
    const log = yield* SyncLog.SyncLog

    const remembering = <Q, A>(
      topics: (question: Q) => ReadonlyArray<Changes.Topic>,
      read: (question: Q) => Found<A>
    ) => {
      const kept = new Map<string, Kept<A>>()
      return (question: Q): Found<A> =>
        Effect.suspend(() => {
          const about = topics(question)
          const count = changes.count(about)
          if (count === undefined) return read(question)
          const key = JSON.stringify(question)
          const known = kept.get(key)
          if (known?.count === count) return Effect.succeed(known.found)
          return Effect.tap(read(question), (found) =>
            Effect.sync(() => {
              // What was written meanwhile may be half in it.
              if (changes.count(about) !== count) return
              if (kept.size >= mostQuestions) kept.clear()
              kept.set(key, { count, found })
            })
          )
        })
    }
    const one = <A>(topic: Changes.Kind, read: Found<A>): Found<A> =>
      remembering<null, A>(
        () => [topic],
        () => read
      )(null)

    const of = remembering(({ symbols }) => Changes.of("gaps", symbols), gaps.of)
    return Context.make(CandleStore.CandleStore, {
      ...candles,
      recorded: remembering(({ symbols }) => Changes.of("candles", symbols), candles.recorded)
    }).pipe(
      Context.add(GapLedger.GapLedger, {
        ...gaps,
        of,
        list: of({}),
        outages: one("gaps", gaps.outages),
        candidates: one("gaps", gaps.candidates)
      }),
      Context.add(SymbolStore.SymbolStore, {
        ...symbols,
        list: one("symbols", symbols.list),
        calendars: remembering(() => ["symbols"], symbols.calendars)
      }),
      Context.add(SyncLog.SyncLog, { ...log, recent: remembering(() => ["log"], log.recent) })
    )
  })
)
