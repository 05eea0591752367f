/**
 * Candles a second, from the provider into a store that has millions already.
 *
 * Times are from spawning the process to its end. A second run, of one page,
 * measures start-up; the difference between both gives the steady rate.
 */
import type { Interval } from "@tidemark/core"
import { Emulator } from "@tidemark/emulator"
import { Effect, FileSystem, Path } from "effect"
import * as Child from "./Child.ts"
import * as Contestant from "./Contestant.ts"
import * as Stores from "./Stores.ts"
import { median, mega, type Outcome, say, tableOf } from "./Verdict.ts"
import * as Workload from "./Workload.ts"

export interface Options {
  readonly candles: number
  readonly ccxtCandles: number
  readonly storeRows: number
  readonly rounds: number
}

const pageSize = 1000

export interface Run {
  readonly contestant: Contestant.Contestant["name"]
  readonly round: number
  readonly candles: number
  readonly seconds: number
  /** What a run of one page takes. */
  readonly startSeconds: number
  readonly peakBytes: number
}

/** Candles a second after start-up. */
export const steadyRate = (run: Run): number =>
  (run.candles - pageSize) / Math.max(run.seconds - run.startSeconds, Number.EPSILON)

/** Whether start-up is so much of it that the steady rate is noise. */
export const isTooShort = (run: Run): boolean => run.startSeconds > run.seconds / 2

/** Seconds that so many candles take, by the steady rate where fewer were run. */
export const secondsFor = (run: Run, candles: number): number =>
  candles === run.candles ? run.seconds : run.startSeconds + (candles - pageSize) / steadyRate(run)

export const rate = (run: Run, candles: number): number => candles / secondsFor(run, candles)

/** The same items from another one on, so that each comes first once. */
export const rotate = <A>(items: ReadonlyArray<A>, by: number): ReadonlyArray<A> => {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

const measureAll = Effect.fnUntraced(function* (options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { url } = yield* Emulator
  const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-ingest-" })
  const template = (name: Contestant.Contestant["name"]) => path.join(cwd, `${name}.template`)

  yield* say(`Making stores of ${options.storeRows} rows …`)
  yield* Stores.createProduct(template("tidemark"), options.storeRows)
  for (const { layout, name } of Contestant.all) {
    if (layout.create !== undefined) yield* Stores.derive(template(name), template("tidemark"), layout)
  }

  /** One run on a fresh copy of the store, checked afterwards. */
  const runOnce = Effect.fnUntraced(function* (contestant: Contestant.Contestant, interval: Interval.Interval) {
    const database = path.join(cwd, `${contestant.name}.duckdb`)
    yield* fs.copyFile(template(contestant.name), database)
    const measured = yield* Child.measure(contestant.command({ database, url, interval, cwd }))
    const expected = Workload.fingerprint(Workload.symbol, interval)
    yield* Stores.verify(database, contestant.layout, expected, options.storeRows)
    yield* fs.remove(database)
    return measured
  })

  const runs: Array<Run> = []
  for (let round = 1; round <= options.rounds; round++) {
    for (const contestant of rotate(Contestant.all, round - 1)) {
      const candles = contestant.name === "ccxt" ? options.ccxtCandles : options.candles
      const start = yield* runOnce(contestant, Workload.range(pageSize))
      const full = yield* runOnce(contestant, Workload.range(candles))
      const { peakBytes, seconds } = full
      runs.push({
        contestant: contestant.name,
        round,
        candles,
        seconds,
        startSeconds: start.seconds,
        peakBytes
      })
      yield* say(
        `round ${round} of ${options.rounds}: ${contestant.name}, ${candles} candles in ${seconds.toFixed(2)} s, ${mega(peakBytes).toFixed(0)} MB`
      )
    }
  }
  return runs
}, Effect.scoped)

/** Medians over the rounds; ratios are taken within a round, where all had the same machine. */
export const outcome = (options: Options, runs: ReadonlyArray<Run>): Outcome => {
  const of = (name: Contestant.Contestant["name"]) => runs.filter((run) => run.contestant === name)
  const whole = (run: Run) => rate(run, options.candles)
  const ratio = (a: Contestant.Contestant["name"], b: Contestant.Contestant["name"], figure: (run: Run) => number) =>
    median(of(a).map((run) => figure(run) / figure(of(b).find((other) => other.round === run.round)!)))

  const summary = Contestant.all.map(({ name }) => ({
    contestant: name,
    candles: of(name)[0]!.candles,
    seconds: median(of(name).map((run) => run.seconds)),
    startSeconds: median(of(name).map((run) => run.startSeconds)),
    candlesPerSecond: median(of(name).map(whole)),
    steadyCandlesPerSecond: median(of(name).map(steadyRate)),
    peakMegabytes: mega(median(of(name).map((run) => run.peakBytes))),
    ratioToBare: ratio(name, "bare", whole),
    steadyRatioToBare: ratio(name, "bare", steadyRate)
  }))
  const rows = summary.map((row) => [
    row.contestant,
    String(row.candles),
    row.seconds.toFixed(2),
    row.startSeconds.toFixed(2),
    row.candlesPerSecond.toFixed(0),
    row.steadyCandlesPerSecond.toFixed(0),
    row.peakMegabytes.toFixed(0),
    row.ratioToBare.toFixed(2),
    row.steadyRatioToBare.toFixed(2)
  ])
  const header = [
    "contestant",
    "candles",
    "seconds",
    "start-up s",
    "candles/s",
    "steady/s",
    "peak MB",
    "ratio to bare",
    "steady ratio"
  ]
  const fewer =
    options.ccxtCandles === options.candles
      ? []
      : [
          `ccxt ran ${options.ccxtCandles} candles only; its candles/s is start-up plus its steady rate over ${options.candles}.`
        ]
  const tooShort = [...new Set(runs.filter(isTooShort).map((run) => run.contestant))]
  return {
    json: { options, summary, runs },
    text: [
      `${options.storeRows} rows in the store before; medians of ${options.rounds} rounds.`,
      "",
      tableOf(header, rows),
      "",
      ...fewer,
      ...tooShort.map(
        (name) => `! ${name}: start-up is most of a run, so its steady rate is noise; ask for more candles.`
      ),
      `without start-up: tidemark / bare = ${ratio("tidemark", "bare", steadyRate).toFixed(2)}, tidemark / ccxt = ${ratio("tidemark", "ccxt", steadyRate).toFixed(1)}`
    ],
    targets: [
      { name: "tidemark / bare", value: ratio("tidemark", "bare", whole), bound: "at least", limit: 0.7 },
      { name: "tidemark / ccxt", value: ratio("tidemark", "ccxt", whole), bound: "at least", limit: 3 }
    ]
  }
}

export const run = Effect.fnUntraced(function* (options: Options) {
  const runs = yield* measureAll(options).pipe(Effect.provide(Workload.provider([Workload.dataset(Workload.symbol)])))
  return outcome(options, runs)
})
