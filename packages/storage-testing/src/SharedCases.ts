/** What every storage keeps besides candles and actions: the files they came from, and budgets. */
import { assert, type Vitest } from "@effect/vitest"
import { Allowance, Candles, CandleStore, RequestBudgets, type Series, SourceFile } from "@tidemark/core"
import { Query } from "@tidemark/storage"
import { Effect } from "effect"

let names = 0
const fresh = () => `shared-${names++}`

const interval = { from: 1_704_067_200_000, to: 1_704_153_600_000 }

const file = (url: string, extra: Partial<SourceFile.SourceFile> = {}): SourceFile.SourceFile => ({
  url,
  interval,
  sha256: "a".repeat(64),
  bytes: 2_400_000_000,
  status: "verified",
  ...extra
})

/** Writes a page without candles that comes from these files. */
const write = (source: string, at: number, ...files: ReadonlyArray<SourceFile.SourceFile>) =>
  Effect.gen(function* () {
    const series: Series.Series = { source, symbol: "BTC/USDT", timeframe: "1m" }
    const [result] = yield* (yield* CandleStore.CandleStore).write([
      {
        series,
        provenance: "observed",
        interval,
        candles: Candles.empty,
        holes: [],
        countOpens: () => 0,
        at,
        reason: "test",
        files
      }
    ])
    return result!.rewritten ?? []
  })

const list = (source: string) => Effect.flatMap(SourceFile.SourceFiles, (store) => store.list(source))

type Stores = CandleStore.CandleStore | SourceFile.SourceFiles | RequestBudgets.RequestBudgets | Query.Query

export const cases = (it: Vitest.MethodsNonLive<Stores>): void => {
  it.effect("F01 a file is recorded with the rows that came from it, once for each content that it had", () =>
    Effect.gen(function* () {
      const source = fresh()
      const [one, other] = [file(`${source}/1.zip`), file(`${source}/2.zip`, { status: "quarantined", detail: "odd" })]
      assert.deepStrictEqual(yield* write(source, 1_000, one, other), [])
      assert.deepStrictEqual(yield* write(source, 2_000, one, other), [])
      const series = { source, symbol: "BTC/USDT", timeframe: "1m" } as const
      assert.deepStrictEqual(yield* list(source), [
        { ...one, series, fetchedAt: 1_000 },
        { ...other, series, fetchedAt: 1_000 }
      ])
    })
  )

  it.effect("F02 a sound file with other bytes than before is told, and both contents stay known", () =>
    Effect.gen(function* () {
      const source = fresh()
      const url = `${source}/1.zip`
      yield* write(source, 1_000, file(url))
      const changed = file(url, { sha256: "b".repeat(64) })
      assert.deepStrictEqual(yield* write(source, 2_000, changed), [url])
      assert.deepStrictEqual(yield* write(source, 3_000, changed), [])
      const [newest, ...rest] = yield* list(source)
      assert.deepStrictEqual([newest!.sha256, newest!.fetchedAt, rest.length], [changed.sha256, 2_000, 0])
      const rows = yield* Effect.flatMap(Query.Query, (query) =>
        query.run(`SELECT sha256 FROM source_files WHERE url = '${url}' ORDER BY fetched_at`)
      )
      assert.deepStrictEqual(
        rows.map((row) => String(row["sha256"])[0]),
        ["a", "b"]
      )
    })
  )

  it.effect("F03 a file that was set aside and is sound later was never taken, so nothing was rewritten", () =>
    Effect.gen(function* () {
      const source = fresh()
      const url = `${source}/1.zip`
      yield* write(source, 1_000, file(url, { status: "quarantined", detail: "odd" }))
      assert.deepStrictEqual(yield* write(source, 2_000, file(url, { sha256: "b".repeat(64) })), [])
      assert.deepStrictEqual(
        (yield* list(source)).map(({ status }) => status),
        ["verified"]
      )
    })
  )

  it.effect("B01 no step on a budget is lost, however many take one at once", () =>
    Effect.gen(function* () {
      const { update } = yield* RequestBudgets.RequestBudgets
      const key = fresh()
      const seen = yield* Effect.forEach(
        Array.from({ length: 60 }, (_, i) => i),
        () => update(key, (allowance) => [allowance.used, { ...allowance, used: allowance.used + 1 }] as const),
        { concurrency: 12 }
      )
      assert.deepStrictEqual(
        seen.toSorted((a, b) => a - b),
        seen.map((_, i) => i)
      )
    })
  )

  it.effect("B03 whoever asks sees all budgets, and who was shut out", () =>
    Effect.gen(function* () {
      const { list, update } = yield* RequestBudgets.RequestBudgets
      const key = fresh()
      assert.isFalse((yield* list).has(key))
      const set = (step: (allowance: Allowance.Allowance) => Allowance.Allowance) =>
        update(key, (allowance) => [undefined, step(allowance)] as const)
      yield* set((allowance) => Allowance.ban(Allowance.pause(allowance, 9_000), true))
      assert.deepInclude((yield* list).get(key), { pausedUntil: 9_000, banned: true })
      yield* set((allowance) => Allowance.ban(allowance, false))
      assert.deepStrictEqual((yield* list).get(key), Allowance.pause(Allowance.untouched, 9_000))
    })
  )

  it.effect("B02 a budget comes back as it was left, each by its own name", () =>
    Effect.gen(function* () {
      const { update } = yield* RequestBudgets.RequestBudgets
      const [mine, other] = [fresh(), fresh()]
      const left: Allowance.Allowance = {
        window: 1_704_067_200_000,
        used: 5_999.5,
        spent: [
          [1_704_067_200_001, 2],
          [1_704_067_200_002, 0.25]
        ],
        pausedUntil: 1_704_067_260_000
      }
      yield* update(mine, () => [undefined, left])
      const now = (key: string) => update(key, (allowance) => [allowance, allowance] as const)
      assert.deepStrictEqual(yield* now(mine), left)
      assert.deepStrictEqual(yield* now(other), Allowance.untouched)
    })
  )
}
