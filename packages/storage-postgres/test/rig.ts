/** Pages of candles, and stores on a server that tests may break. */
import { Candles, CandleStore, type Series, type StoreError } from "@tidemark/core"
import { Operation, type Storage } from "@tidemark/storage"
import { PostgresStorage } from "@tidemark/storage-postgres"
import { Duration, Effect, Redacted } from "effect"

const minute = 60_000
const start = Date.UTC(2020, 0, 1)

export const series = (symbol = "BTC/USDT"): Series.Series => ({ source: "test", symbol, timeframe: "1m" })

/** So many minutes from minute `from` on, whose prices tell which they are. */
export const page = (from: number, count: number, options: Partial<CandleStore.PageWrite> = {}) => {
  const candles = Candles.allocate(count)
  for (let i = 0; i < count; i++) {
    candles.openTime[i] = start + (from + i) * minute
    for (const column of [candles.open, candles.high, candles.low, candles.close]) column[i] = 1 + from + i
    candles.volume[i] = 1
  }
  const page: CandleStore.PageWrite = {
    series: series(),
    provenance: "observed",
    interval: { from: start + from * minute, to: start + (from + count) * minute },
    candles,
    holes: [],
    countOpens: (interval) => (interval.to - interval.from) / minute,
    at: start,
    reason: "test",
    ...options
  }
  return page
}

/** Little patience: what does not come back in three seconds is gone. */
export const using =
  (url: string, mode: Storage.Mode = "write") =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(
      Effect.provide(PostgresStorage.layer({ url: Redacted.make(url), label: "the database", mode })),
      Effect.provideService(Operation.Patience, Duration.seconds(3))
    )

export const write = (...pages: ReadonlyArray<CandleStore.PageWrite>) =>
  Effect.flatMap(CandleStore.CandleStore, (store) => store.write(pages))

/** The rows of each fetched run, as the ledger counts them; the table has the same number in all. */
export const fetched = (of: Series.Series = series()) =>
  Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    const stored = (yield* store.list).find((entry) => entry.series.symbol === of.symbol)
    const runs = (yield* store.coverage(of)).fetched.map(({ rows }) => rows)
    const counted = runs.reduce((sum, rows) => sum + rows, 0)
    return (stored?.rows ?? 0) === counted ? runs : { runs, rows: stored?.rows }
  })

/** Why it failed. */
export const reasonOf = <A, R>(effect: Effect.Effect<A, StoreError.StoreError, R>) => Effect.flip(effect)

/** The same URL with another part. */
export const changed = (url: string, change: Partial<Pick<URL, "username" | "password" | "pathname" | "port">>) =>
  Object.assign(new URL(url), change).href
