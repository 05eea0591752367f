/**
 * Rows a second into Postgres: bare COPY, the product, and what people write
 * first, all into the product's own table with its indexes, on one server.
 */
import { Candles, CandleStore, Coverage } from "@tidemark/core"
import { PostgresServer } from "@tidemark/postgres"
import { PostgresStorage } from "@tidemark/storage-postgres"
import { Effect, Redacted, Stream } from "effect"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { Client } from "pg"
import { from as copyFrom } from "pg-copy-streams"
import { BenchError } from "./BenchError.ts"
import * as CopyRows from "./CopyRows.ts"
import * as Noop from "./Noop.ts"
import { median, type Outcome, say, tableOf } from "./Verdict.ts"
import * as Workload from "./Workload.ts"

export interface Options extends Noop.Options {
  readonly candles: number
  readonly upsertCandles: number
  readonly rounds: number
}

const series = { source: "binance", symbol: Workload.symbol, timeframe: "1m" } as const
const seriesId = 1
const at = Date.UTC(2026, 0, 1)
/** What the engine's writer joins at most: 16 pages of Binance. */
const writeRows = 16_000
/** Of what bare COPY does. */
const leastRatio = 0.5
const noopLimitSeconds = 5

interface Bench {
  readonly client: Client
  readonly store: CandleStore.CandleStore["Service"]
}

export type Contestant = "COPY" | "tidemark" | "COPY, staging" | "upsert"

/** What is asked of the server outside of the product. */
const ask = <A>(what: string, run: () => Promise<A>) =>
  Effect.tryPromise({ try: run, catch: (cause) => new BenchError({ detail: `${what}: ${String(cause)}` }) })

/** The candles, in pieces of a write. Made before the clock starts. */
const pieces = (candles: number): ReadonlyArray<Candles.Candles> => {
  const whole = Workload.dataset(Workload.symbol).candles(Workload.range(candles))
  const out: Array<Candles.Candles> = []
  for (let from = 0; from < candles; from += writeRows)
    out.push(Candles.slice(whole, from, Math.min(candles, from + writeRows)))
  return out
}

const copyInto = (client: Client, table: string, batches: Iterable<Candles.Candles>) =>
  pipeline(
    Readable.from(CopyRows.stream(seriesId, batches, at), { objectMode: false, highWaterMark: 2 ** 20 }),
    client.query(copyFrom(`COPY ${table} FROM STDIN (FORMAT binary)`))
  )

const staging = async (client: Client, batches: ReadonlyArray<Candles.Candles>) => {
  await client.query("CREATE TEMP TABLE IF NOT EXISTS staging (LIKE candles)")
  for (const batch of batches) {
    await client.query("BEGIN")
    await copyInto(client, "staging", [batch])
    await client.query("INSERT INTO candles SELECT * FROM staging")
    await client.query("TRUNCATE staging")
    await client.query("COMMIT")
  }
}

const upsertText = `INSERT INTO candles (series_id, open_time, open, high, low, close, volume, quote_volume, trades, ingested_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (series_id, open_time) DO UPDATE SET open = excluded.open,
  high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
  quote_volume = excluded.quote_volume, trades = excluded.trades, ingested_at = excluded.ingested_at`

const upsert = async (client: Client, batches: ReadonlyArray<Candles.Candles>) => {
  const text = (instant: number) => new Date(instant).toISOString().slice(0, -1)
  for (const batch of batches) {
    for (let row = 0; row < Candles.length(batch); row++) {
      if (row % 1_000 === 0) await client.query("BEGIN")
      const { close, high, low, open, openTime, quoteVolume, trades, volume } = batch
      const prices = [open[row], high[row], low[row], close[row], volume[row], quoteVolume?.[row], trades?.[row]]
      const values = [seriesId, text(openTime[row]!), ...prices, text(at)]
      await client.query({ name: "upsert", text: upsertText, values })
      if (row % 1_000 === 999 || row === Candles.length(batch) - 1) await client.query("COMMIT")
    }
  }
}

const write = ({ store }: Bench, batches: ReadonlyArray<Candles.Candles>) =>
  Effect.forEach(
    batches,
    (candles) =>
      store.write([
        {
          series,
          provenance: "observed",
          interval: { from: candles.openTime[0]!, to: candles.openTime.at(-1)! + Workload.minuteMillis },
          candles,
          holes: [],
          countOpens: ({ from, to }) => (to - from) / Workload.minuteMillis,
          at,
          reason: "fetch"
        }
      ]),
    { discard: true }
  )

const contestants = (
  bench: Bench
): Readonly<Record<Contestant, (of: ReadonlyArray<Candles.Candles>) => Effect.Effect<unknown, unknown>>> => ({
  COPY: (batches) => ask("COPY", () => copyInto(bench.client, "candles", batches)),
  tidemark: (batches) => write(bench, batches),
  "COPY, staging": (batches) => ask("COPY, staging", () => staging(bench.client, batches)),
  upsert: (batches) => ask("upsert", () => upsert(bench.client, batches))
})

const summed = ["open", "high", "low", "close", "volume", "quote_volume", "trades"] as const

/** What has to be in the table: all columns, so that nobody saves one. */
const expect = (candles: number): Readonly<Record<string, number>> => {
  const interval = Workload.range(candles)
  const { quoteVolume, trades } = Workload.dataset(Workload.symbol).candles(interval)
  return {
    ...Workload.fingerprint(Workload.symbol, interval),
    quote_volume: Workload.hundredths(quoteVolume!),
    trades: Workload.hundredths(trades!),
    firstSeries: seriesId,
    lastSeries: seriesId,
    firstIngested: at,
    lastIngested: at
  }
}

const millis = (instant: string) => `extract(epoch FROM ${instant})::float8 * 1000`

const foundText = `SELECT count(*)::float8 AS rows, count(DISTINCT open_time)::float8 AS "distinctOpens",
  ${millis("min(open_time)")} AS "firstOpen", ${millis("max(open_time)")} AS "lastOpen",
  min(series_id)::float8 AS "firstSeries", max(series_id)::float8 AS "lastSeries",
  ${millis("min(ingested_at)")} AS "firstIngested", ${millis("max(ingested_at)")} AS "lastIngested",
  ${summed.map((column) => `sum(round(${column} * 100)::int8)::float8 AS ${column}`).join(", ")} FROM candles`

/** Fails unless the table holds the candles, once, with their values, and nothing else. */
const verify = Effect.fnUntraced(function* (
  client: Client,
  contestant: Contestant,
  expected: ReturnType<typeof expect>
) {
  const { rows } = yield* ask("checking", () => client.query<Record<string, number>>(foundText))
  for (const [name, value] of Object.entries(expected)) {
    const found = rows[0]![name]
    if (found !== value) {
      return yield* new BenchError({ detail: `${contestant}: ${name} is ${found} instead of ${value}` })
    }
  }
})

export interface Run {
  readonly contestant: Contestant
  readonly round: number
  readonly seconds: number
  /** Candles a second. */
  readonly rate: number
}

const timed = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const startedAt = performance.now()
  const value = yield* effect
  return { value, seconds: (performance.now() - startedAt) / 1_000 }
})

/** Candles a second of reading all of them back. */
const readBack = Effect.fnUntraced(function* ({ store }: Bench, candles: number) {
  const counting = Stream.runFold(
    store.read(series, Workload.range(candles)),
    () => 0,
    (rows, batch) => rows + Candles.length(batch)
  )
  const { seconds, value } = yield* timed(counting)
  if (value !== candles) return yield* new BenchError({ detail: `${value} of ${candles} candles are read back` })
  return candles / seconds
})

const measure = Effect.fnUntraced(function* (options: Options, url: string) {
  const client = new Client({ connectionString: url })
  yield* Effect.acquireRelease(
    ask("connecting", () => client.connect()),
    () => Effect.promise(() => client.end())
  )
  const bench: Bench = { client, store: yield* CandleStore.CandleStore }
  const writers = contestants(bench)
  const names = Object.keys(writers) as ReadonlyArray<Contestant>
  const work = (candles: number) => ({ candles, batches: pieces(candles), expected: expect(candles) })
  const whole = work(options.candles)
  const few = work(options.upsertCandles)

  /** One run into an empty table, checked afterwards; gives its seconds. */
  const runOnce = Effect.fnUntraced(function* (contestant: Contestant, { batches, candles, expected }: typeof whole) {
    const empty = "TRUNCATE candles, coverage, series; SELECT setval('series_ids', 1, false)"
    yield* ask("emptying", () => client.query(empty))
    // Nobody pays for what the one before has left to write.
    yield* ask("a checkpoint", () => client.query("CHECKPOINT"))
    const { seconds } = yield* timed(writers[contestant](batches))
    yield* verify(client, contestant, expected)
    if (contestant === "tidemark") {
      const covered = Coverage.rows(yield* bench.store.coverage(series))
      if (covered !== candles) return yield* new BenchError({ detail: `the ledger knows ${covered} candles` })
    }
    return seconds
  })

  const runs: Array<Run> = []
  const reads: Array<number> = []
  // Round 0 does not count: in it the server makes the files of its log, and code is compiled.
  yield* say("Warming up …")
  for (let round = 0; round <= options.rounds; round++) {
    // COPY and tidemark stay neighbours, in turns: whatever else the machine does, it does to both.
    for (const contestant of round % 2 === 1 ? names : names.toReversed()) {
      const amount = contestant === "upsert" ? few : whole
      const { candles } = amount
      const seconds = yield* runOnce(contestant, amount)
      const read = contestant === "tidemark" ? [yield* readBack(bench, candles)] : []
      if (round === 0) continue
      reads.push(...read)
      runs.push({ contestant, round, seconds, rate: candles / seconds })
      yield* say(`round ${round} of ${options.rounds}: ${contestant}, ${candles} candles in ${seconds.toFixed(2)} s`)
    }
  }
  return { names, runs, reads }
}, Effect.scoped)

export interface Measured {
  readonly names: ReadonlyArray<Contestant>
  readonly runs: ReadonlyArray<Run>
  /** Candles a second. */
  readonly reads: ReadonlyArray<number>
}

/** Medians over the rounds; ratios are taken within a round, where all had the same machine. */
export const outcome = (options: Options, { names, reads, runs }: Measured): Outcome => {
  const of = (name: Contestant) => runs.filter((run) => run.contestant === name)
  const ratios = (a: Contestant, b: Contestant) =>
    of(a).map((run) => run.rate / of(b).find((other) => other.round === run.round)!.rate)
  const summary = names.map((name) => {
    const toCopy = ratios(name, "COPY")
    return {
      contestant: name,
      candles: name === "upsert" ? options.upsertCandles : options.candles,
      seconds: median(of(name).map((run) => run.seconds)),
      candlesPerSecond: median(of(name).map((run) => run.rate)),
      ratioToCopy: median(toCopy),
      lowestRatio: Math.min(...toCopy),
      highestRatio: Math.max(...toCopy)
    }
  })
  return {
    json: { options, summary, runs, readsPerSecond: reads },
    text: [
      `${options.rounds} rounds into one table; medians, ratios within a round.`,
      "",
      tableOf(
        ["contestant", "candles", "seconds", "candles/s", "ratio to COPY", "lowest", "highest"],
        summary.map((row) => [
          row.contestant,
          String(row.candles),
          row.seconds.toFixed(2),
          row.candlesPerSecond.toFixed(0),
          ...[row.ratioToCopy, row.lowestRatio, row.highestRatio].map((ratio) => ratio.toFixed(3))
        ])
      ),
      "",
      `tidemark / upsert = ${median(ratios("tidemark", "upsert")).toFixed(1)}; read back: ${median(reads).toFixed(0)} candles/s`
    ],
    targets: [
      { name: "tidemark / COPY", value: median(ratios("tidemark", "COPY")), bound: "at least", limit: leastRatio }
    ]
  }
}

export const run = Effect.fnUntraced(
  function* (options: Options) {
    const { database } = yield* PostgresServer.PostgresServer
    const url = yield* database
    const connection = { url: Redacted.make(url), label: "postgres", mode: "write" } as const
    const written = yield* measure(options, url).pipe(Effect.provide(PostgresStorage.layer(connection)))
    const writing = outcome(options, written)
    const noop = yield* Noop.on(options, yield* database, noopLimitSeconds)
    return {
      json: { writing: writing.json, noop: noop.json },
      text: [...writing.text, "", ...noop.text],
      targets: [...writing.targets, ...noop.targets]
    } satisfies Outcome
    // What it says is written is on disk.
  },
  Effect.provide(PostgresServer.PostgresServer.layerWith({ durable: true }))
)
