/**
 * Candles a second from the bulk archive: a bare loop, tidemark, and tidemark
 * over the REST interface, of the same months of minutes.
 *
 * Times are from spawning the process to its end, and the targets are of whole
 * processes. A second run, of one page, measures start-up. The emulator packs
 * its files before anything is measured.
 *
 * Every answer comes 50 ms late unless told otherwise, which is near for a
 * provider: what a page costs is mostly the way there and back, and loopback
 * has none.
 */
import { Emulator } from "@tidemark/emulator"
import { DateTime, Effect, FileSystem, Path } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { BenchError } from "./BenchError.ts"
import * as Child from "./Child.ts"
import * as Contestant from "./Contestant.ts"
import * as Stores from "./Stores.ts"
import { rotate } from "./Ingest.ts"
import { median, mega, type Outcome, say, tableOf } from "./Verdict.ts"
import * as Workload from "./Workload.ts"

export interface Options {
  readonly months: number
  readonly storeRows: number
  readonly rounds: number
  /** Every answer of the provider comes so much later. */
  readonly latencyMillis: number
}

const names = ["bare", "archive", "rest"] as const
type Name = (typeof names)[number]

export interface Run {
  readonly contestant: Name
  readonly round: number
  readonly candles: number
  readonly seconds: number
  /** What a run of one page takes; of nothing, for the bare loop. */
  readonly startSeconds: number
  readonly peakBytes: number
}

const first = DateTime.makeUnsafe("2023-01-01T00:00:00Z")
const monthAt = (index: number) => DateTime.add(first, { months: index })
const nameOf = (month: DateTime.DateTime) => DateTime.formatIso(month).slice(0, 7)

const rangeOf = (months: number) => ({
  from: DateTime.toEpochMillis(first),
  to: DateTime.toEpochMillis(monthAt(months))
})
const monthsOf = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => nameOf(monthAt(i)))

const layoutOf = (name: Name): Stores.Layout => (name === "bare" ? Stores.plain : Stores.product)

const rate = (run: Run): number => run.candles / run.seconds
const steadyRate = (run: Run): number => run.candles / Math.max(run.seconds - run.startSeconds, Number.EPSILON)

/** Has the emulator pack every file, so that nobody waits for that. */
const warm = Effect.fnUntraced(function* (url: string, months: number) {
  const client = yield* HttpClient.HttpClient
  for (const month of monthsOf(months)) {
    const path = `/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-${month}.zip`
    for (const each of [path, `${path}.CHECKSUM`]) {
      const response = yield* client.get(`${url}${each}`)
      yield* response.arrayBuffer
      if (response.status !== 200) return yield* new BenchError({ detail: `${each} answers ${response.status}` })
    }
  }
})

const commandOf = (
  name: Name,
  job: { readonly database: string; readonly url: string; readonly cwd: string },
  months: number
): Child.Command => {
  if (name === "bare") {
    return { name, cwd: job.cwd, args: [Child.script("bareArchive.ts"), job.database, job.url, ...monthsOf(months)] }
  }
  // One page is what start-up takes; nothing of that comes from a file.
  const interval = months === 0 ? Workload.pageFrom(rangeOf(1).from) : rangeOf(months)
  const command = Contestant.backfill({ ...job, interval }, [Workload.symbol])
  return { ...command, env: { ...command.env, BINANCE_ARCHIVE: name === "archive" ? "on" : "off" } }
}

const measureAll = Effect.fnUntraced(function* (options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { requestCount, requests, url } = yield* Emulator
  const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-archive-" })
  const template = (layout: Stores.Layout) =>
    path.join(cwd, layout === Stores.plain ? "plain.template" : "product.template")
  yield* say(`Packing ${options.months} months and making stores of ${options.storeRows} rows …`)
  yield* warm(url, options.months)
  yield* Stores.createProduct(template(Stores.product), options.storeRows)
  yield* Stores.derive(template(Stores.plain), template(Stores.product), Stores.plain)

  const interval = rangeOf(options.months)
  const expected = Workload.fingerprint(Workload.symbol, interval)
  /** Of what the first run left. */
  let left: string | undefined

  const runOnce = Effect.fnUntraced(function* (name: Name, months: number) {
    const database = path.join(cwd, `${name}.duckdb`)
    const layout = layoutOf(name)
    yield* fs.copyFile(template(layout), database)
    const before = yield* requestCount
    const measured = yield* Child.measure(commandOf(name, { database, url, cwd }, months))
    if (months > 0) {
      // Ours goes on page by page without its archive; that would be another contestant.
      const made = (yield* requests).slice(before - (yield* requestCount))
      const files = made.filter((request) => request.path.endsWith(".zip")).length
      if (files !== (name === "rest" ? 0 : months)) {
        return yield* new BenchError({ detail: `${name} asked for ${files} files of ${months} months` })
      }
      yield* Stores.verify(database, layout, expected, options.storeRows)
      const hash = yield* Stores.hash(database, layout)
      left ??= hash
      if (hash !== left) return yield* new BenchError({ detail: `${name} left other rows than the run before` })
    }
    yield* fs.remove(database)
    return measured
  })

  const runs: Array<Run> = []
  for (let round = 1; round <= options.rounds; round++) {
    for (const contestant of rotate(names, round - 1)) {
      const start = yield* runOnce(contestant, 0)
      const { peakBytes, seconds } = yield* runOnce(contestant, options.months)
      runs.push({ contestant, round, candles: expected.rows, seconds, startSeconds: start.seconds, peakBytes })
      yield* say(
        `round ${round} of ${options.rounds}: ${contestant}, ${expected.rows} candles in ${seconds.toFixed(2)} s, ${mega(peakBytes).toFixed(0)} MB`
      )
    }
  }
  return runs
}, Effect.scoped)

/** Medians over the rounds; ratios are taken within a round, where all had the same machine. */
const outcome = (options: Options, runs: ReadonlyArray<Run>): Outcome => {
  const of = (name: Name) => runs.filter((run) => run.contestant === name)
  const ratio = (a: Name, b: Name, figure: (run: Run) => number) =>
    median(of(a).map((run) => figure(run) / figure(of(b).find((other) => other.round === run.round)!)))
  const summary = names.map((name) => ({
    contestant: name,
    candles: of(name)[0]!.candles,
    seconds: median(of(name).map((run) => run.seconds)),
    startSeconds: median(of(name).map((run) => run.startSeconds)),
    candlesPerSecond: median(of(name).map(rate)),
    steadyCandlesPerSecond: median(of(name).map(steadyRate)),
    peakMegabytes: mega(median(of(name).map((run) => run.peakBytes)))
  }))
  const rows = summary.map((row) => [
    row.contestant,
    row.seconds.toFixed(2),
    row.startSeconds.toFixed(2),
    row.candlesPerSecond.toFixed(0),
    row.steadyCandlesPerSecond.toFixed(0),
    row.peakMegabytes.toFixed(0)
  ])
  return {
    json: { options, summary, runs },
    text: [
      `${options.months} months, ${summary[0]!.candles} candles; ${options.storeRows} rows in the store before; ` +
        `answers ${options.latencyMillis} ms late; medians of ${options.rounds} rounds.`,
      "",
      tableOf(["contestant", "seconds", "start-up s", "candles/s", "steady/s", "peak MB"], rows),
      "",
      "all runs left the same rows, bit for bit.",
      `bare / rest = ${ratio("bare", "rest", rate).toFixed(2)}`,
      `without start-up: archive / rest = ${ratio("archive", "rest", steadyRate).toFixed(2)}, archive / bare = ${ratio("archive", "bare", steadyRate).toFixed(2)}`
    ],
    targets: [
      { name: "archive / rest", value: ratio("archive", "rest", rate), bound: "at least", limit: 4 },
      { name: "archive / bare", value: ratio("archive", "bare", rate), bound: "at least", limit: 0.6 }
    ]
  }
}

export const run = Effect.fnUntraced(function* (options: Options) {
  const provider = Workload.provider([Workload.dataset(Workload.symbol)], options.latencyMillis)
  const runs = yield* measureAll(options).pipe(Effect.provide(provider), Effect.provide(FetchHttpClient.layer))
  return outcome(options, runs)
})
