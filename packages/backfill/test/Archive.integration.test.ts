/** The bulk archive of a source through the engine: what it lacks or damages, and what becomes of that. */
import { assert, describe } from "@effect/vitest"
import { type Backfill, type Policy, Report } from "@tidemark/backfill"
import { Candles, CandleStore, SourceFile } from "@tidemark/core"
import { type ArchiveDefect, Dataset, Emulator, Fault } from "@tidemark/emulator"
import { Effect, Layer } from "effect"
import { engine, instrument, observed, onEvery, options, policy, series, stored } from "./rig.ts"

const at = (text: string) => Date.parse(`${text}T00:00:00Z`)
const range = { from: at("2023-11-01"), to: at("2024-02-01") }
const dataset = Dataset.cheap({ symbol: "BTCUSDT", interval: "1m", from: range.from, to: at("2024-06-01") })
const truth = dataset.candles(range)
const december = "BTCUSDT-1m-2023-12"

const run = (extra: Partial<Backfill.BackfillOptions> = {}) =>
  observed(options({ targets: [{ instrument: instrument(), timeframe: "1m" }], window: range, ...extra }))

/** Building a file takes the emulator half a second or more, once. */
const world = (
  defects: ReadonlyArray<ArchiveDefect.ArchiveDefect> = [],
  requestDeadlineMillis = 10_000,
  limits: Partial<Policy.Policy> = {}
) =>
  Layer.provideMerge(
    engine({ ...policy, requestDeadlineMillis, ...limits }, "on"),
    Emulator.layer({ datasets: [dataset], archiveDefects: defects })
  )

const requestsTo = (part: string) =>
  Effect.flatMap(Emulator, ({ requests }) =>
    Effect.map(requests, (all) => all.filter(({ path }) => path.includes(part)).length)
  )

const allOf = stored(series(), range)

describe("an archive", () => {
  onEvery((it) => {
    it.effect("is stored whole, with the hash of every file, for hardly a request", () =>
      Effect.gen(function* () {
        const { report } = yield* run()
        const [outcome] = report.outcomes
        assert.strictEqual(outcome!.status, "complete")
        assert.strictEqual(outcome!.files.verified, 3)
        assert.isTrue(Candles.equals(yield* allOf, truth))
        assert.strictEqual(report.planned.requests, 6)
        // What is asked besides is where the market begins.
        assert.strictEqual(yield* requestsTo("/api/v3/klines"), 2)
        const files = yield* (yield* SourceFile.SourceFiles).list("binance")
        assert.strictEqual(files.length, 3)
        assert.isTrue(files.every(({ sha256, status }) => status === "verified" && sha256.length === 64))
        const again = yield* run()
        assert.strictEqual(again.report.outcomes[0]!.requests, 0)
      }).pipe(Effect.provide(world()))
    )

    it.effect("in many small files that are stored together: each is recorded and counted", () =>
      Effect.gen(function* () {
        const days = { from: at("2024-01-02"), to: at("2024-01-21") }
        const { report } = yield* run({ window: days })
        assert.strictEqual(report.outcomes[0]!.files.verified, 19)
        const files = yield* (yield* SourceFile.SourceFiles).list("binance")
        assert.strictEqual(new Set(files.map(({ url }) => url)).size, 19)
        assert.isTrue(Candles.equals(yield* stored(series(), days), dataset.candles(days)))
      }).pipe(Effect.provide(world()))
    )

    it.effect("with a file that is not sound: the file is set aside, its range comes in pages", () =>
      Effect.gen(function* () {
        const { report } = yield* run()
        const [outcome] = report.outcomes
        assert.strictEqual(outcome!.status, "complete")
        assert.isTrue(Candles.equals(yield* allOf, truth))
        assert.strictEqual(outcome!.files.verified, 2)
        const files = yield* (yield* SourceFile.SourceFiles).list("binance")
        const aside = files.filter(({ status }) => status === "quarantined")
        assert.deepStrictEqual(
          aside.map(({ sha256, url }) => ({ sha256, url })),
          outcome!.files.quarantined.map(({ sha256, url }) => ({ sha256, url }))
        )
        assert.include(aside[0]!.url, december)
        assert.include(aside[0]!.detail, "checksum is to be")
      }).pipe(Effect.provide(world([{ _tag: "StaleChecksum", in: december }])))
    )

    it.effect("with days and rows missing: the repair gets them elsewhere", () =>
      Effect.gen(function* () {
        const { report } = yield* run()
        assert.strictEqual(report.outcomes[0]!.status, "complete")
        assert.isTrue(Candles.equals(yield* allOf, truth))
        assert.isAtLeast(report.gapsDetected.length, 2)
        assert.strictEqual(report.gapsFilled.length, report.gapsDetected.length)
      }).pipe(
        Effect.provide(
          world([
            { _tag: "MissingDay", date: "2023-11-09", in: "/monthly/" },
            { _tag: "Partial", rows: 44_000, in: december }
          ])
        )
      )
    )

    it.effect("that is cut short and asked for again takes no candle away: the days say otherwise", () =>
      Effect.gen(function* () {
        yield* run()
        yield* (yield* Emulator).spoilArchive({ _tag: "Partial", rows: 7, in: december })
        const { report } = yield* run({ force: true })
        const [outcome] = report.outcomes
        assert.include(Report.errorOf(outcome!), "answers differently each time")
        assert.strictEqual(outcome!.removed, 0)
        assert.isTrue(Candles.equals(yield* allOf, truth))
      }).pipe(Effect.provide(world()))
    )

    it.effect("that was written anew: what changed is revised and said", () =>
      Effect.gen(function* () {
        yield* run()
        yield* (yield* Emulator).spoilArchive({ _tag: "Rewritten", in: december })
        const { report } = yield* run({ force: true })
        const [outcome] = report.outcomes
        assert.strictEqual(outcome!.changed, 1)
        assert.deepStrictEqual(outcome!.files.rewritten, [
          `data.binance.vision/data/spot/monthly/klines/BTCUSDT/1m/${december}.zip`
        ])
        const [revision] = yield* (yield* CandleStore.CandleStore).revisions(series(), range)
        assert.strictEqual(revision!.openTime, at("2023-12-01"))
        assert.strictEqual((yield* (yield* SourceFile.SourceFiles).list("binance")).length, 3)
        // Once said, it is known.
        const again = yield* run({ force: true })
        assert.deepStrictEqual(again.report.outcomes[0]!.files.rewritten, [])
      }).pipe(Effect.provide(world()))
    )
  })
})

describe("an archive that cannot be used", () => {
  onEvery((it) => {
    const all = { path: "/data/" }
    const files = { path: "/data/", after: 1 }
    const faults: ReadonlyArray<readonly [string, Fault.Fault]> = [
      ["a 503", Fault.ServerError({ status: 503, match: all, times: Infinity })],
      ["a 403", Fault.ServerError({ status: 403, match: all, times: Infinity })],
      ["a 429 for an hour", Fault.RateLimited({ match: all, times: Infinity, retryAfterSeconds: 3_600 })],
      ["silence", Fault.Stall({ after: "nothing", match: all, times: Infinity })],
      ["a file that stalls", Fault.Stall({ after: 5_000, match: files, times: Infinity })],
      ["a file cut short", Fault.Truncate({ match: files, times: Infinity })],
      ["a reset", Fault.Reset({ match: all, times: Infinity })],
      ["a redirect", Fault.Redirect({ match: all, times: Infinity })],
      ["a web page in place of everything", Fault.Html({ match: all, times: Infinity })],
      ["bodies of nothing", Fault.EmptyBody({ match: all, times: Infinity })]
    ]
    for (const [name, fault] of faults) {
      it.effect(`costs nothing but time: ${name}`, () =>
        Effect.gen(function* () {
          yield* (yield* Emulator).inject(fault)
          const { report } = yield* run()
          assert.strictEqual(report.outcomes[0]!.status, "complete")
          assert.isTrue(Candles.equals(yield* allOf, truth))
          assert.strictEqual(report.outcomes[0]!.files.verified, 0)
        }).pipe(Effect.provide(world([], 700)))
      )
    }

    for (const [name, limits, fault] of [
      ["files larger than any should be", { mostFileBytes: 20_000 }, []],
      [
        "files that come for ever, a little at a time",
        { fileDeadlineMillis: 400 },
        [Fault.Trickle({ millis: 250, match: { path: "/data/" }, times: Infinity })]
      ]
    ] as const) {
      it.effect(`costs nothing but time: ${name}`, () =>
        Effect.gen(function* () {
          yield* (yield* Emulator).inject(...fault)
          const { report } = yield* run()
          assert.strictEqual(report.outcomes[0]!.status, "complete")
          assert.strictEqual(report.outcomes[0]!.files.verified, 0)
          assert.isTrue(Candles.equals(yield* allOf, truth))
        }).pipe(Effect.provide(world([], 700, limits)))
      )
    }

    it.effect("a file may take longer than a page as long as it goes on coming", () =>
      Effect.gen(function* () {
        yield* (yield* Emulator).inject(Fault.Trickle({ millis: 250, match: { path: "/data/", after: 3 } }))
        const { report } = yield* run()
        assert.strictEqual(report.outcomes[0]!.files.verified, 3)
        assert.isTrue(Candles.equals(yield* allOf, truth))
      }).pipe(Effect.provide(world([], 700)))
    )
  })
})
