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
const bound = 0.5

interface Bench {
  readonly client: Client
  readonly store: CandleStore.CandleStore["Service"]
}

type Contestant = "COPY" | "COPY, staging" | "tidemark" | "upsert"

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
  COPY: (batches) => Effect.promise(() => copyInto(bench.client, "candles", batches)),
  "COPY, staging": (batches) => Effect.promise(() => staging(bench.client, batches)),
  tidemark: (batches) => write(bench, batches),
  upsert: (batches) => Effect.promise(() => upsert(bench.client, batches))
})

/** Fails unless the table holds the candles, once, with their values. */
const verify = Effect.fnUntraced(function* (client: Client, candles: number) {
  const cents = (column: string) => `sum(round(${column} * 100))::float8 AS ${column}`
  const columns = ["open", "high", "low", "close", "volume"] as const
  const { rows } = yield* Effect.promise(() =>
    client.query<Record<string, number>>(
      `SELECT count(*)::float8 AS rows, count(DISTINCT open_time)::float8 AS "distinctOpens",
        extract(epoch FROM min(open_time))::float8 * 1000 AS "firstOpen",
        extract(epoch FROM max(open_time))::float8 * 1000 AS "lastOpen", ${columns.map(cents).join(", ")} FROM candles`
    )
  )
  const expected = Workload.fingerprint(Workload.symbol, Workload.range(candles))
  for (const [name, value] of Object.entries(expected)) {
    const found = rows[0]![name]
    if (found !== value) return yield* new BenchError({ detail: `${name} is ${found} instead of ${value}` })
  }
})

interface Run {
  readonly contestant: Contestant
  readonly round: number
  readonly rate: number
}

const seconds = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const startedAt = performance.now()
    yield* effect
    return (performance.now() - startedAt) / 1_000
  })

const measure = Effect.fnUntraced(function* (options: Options, url: string) {
  const client = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const connected = new Client({ connectionString: url })
      await connected.connect()
      return connected
    }),
    (connected) => Effect.promise(() => connected.end())
  )
  const store = yield* CandleStore.CandleStore
  const bench: Bench = { client, store }
  const all = pieces(options.candles)
  const few = pieces(options.upsertCandles)
  const runs: Array<Run> = []
  const reads: Array<number> = []
  const names = Object.keys(contestants(bench)) as ReadonlyArray<Contestant>
  for (let round = 1; round <= options.rounds; round++) {
    for (const contestant of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
      yield* Effect.promise(() =>
        client.query("TRUNCATE candles, coverage, series; SELECT setval('series_ids', 1, false)")
      )
      yield* Effect.promise(() => client.query("CHECKPOINT"))
      const candles = contestant === "upsert" ? options.upsertCandles : options.candles
      const taken = yield* seconds(contestants(bench)[contestant](contestant === "upsert" ? few : all))
      yield* verify(client, candles)
      if (contestant === "tidemark") {
        const covered = Coverage.rows(yield* store.coverage(series))
        if (covered !== candles) return yield* new BenchError({ detail: `the ledger knows ${covered} candles` })
        const reading = Stream.runDrain(store.read(series, Workload.range(candles)))
        reads.push(candles / (yield* seconds(reading)))
      }
      runs.push({ contestant, round, rate: candles / taken })
      yield* say(`round ${round} of ${options.rounds}: ${contestant}, ${candles} candles in ${taken.toFixed(2)} s`)
    }
  }
  return { names, runs, reads }
}, Effect.scoped)

const report = (options: Options, { names, reads, runs }: Effect.Success<ReturnType<typeof measure>>): Outcome => {
  const rates = (name: Contestant) => runs.filter((run) => run.contestant === name)
  /** Within a round, where all had the same machine. */
  const ratio = (name: Contestant) =>
    median(rates(name).map((run) => run.rate / rates("COPY").find((other) => other.round === run.round)!.rate))
  const perUpsert = median(
    rates("tidemark").map((run) => run.rate / rates("upsert").find((other) => other.round === run.round)!.rate)
  )
  const summary = names.map((name) => ({
    contestant: name,
    candles: name === "upsert" ? options.upsertCandles : options.candles,
    candlesPerSecond: median(rates(name).map((run) => run.rate)),
    ratioToCopy: ratio(name)
  }))
  return {
    json: { options, summary, runs, readsPerSecond: reads },
    text: [
      tableOf(
        ["into the same table", "candles", "candles/s", "ratio to COPY"],
        summary.map((row) => [
          row.contestant,
          String(row.candles),
          row.candlesPerSecond.toFixed(0),
          row.ratioToCopy.toFixed(3)
        ])
      ),
      "",
      `tidemark / upsert = ${perUpsert.toFixed(1)}; read back: ${median(reads).toFixed(0)} candles/s`
    ],
    targets: [{ name: "tidemark / COPY", value: ratio("tidemark"), bound: "at least", limit: bound }]
  }
}

export const run = Effect.fnUntraced(
  function* (options: Options) {
    const { database } = yield* PostgresServer.PostgresServer
    const url = yield* database
    const connection = { url: Redacted.make(url), label: "postgres", mode: "write" } as const
    const written = yield* measure(options, url).pipe(Effect.provide(PostgresStorage.layer(connection)))
    const writing = report(options, written)
    const noop = yield* Noop.on(options, yield* database, 5)
    return {
      json: { writing: writing.json, noop: noop.json },
      text: [...writing.text, "", ...noop.text],
      targets: [...writing.targets, ...noop.targets]
    } satisfies Outcome
    // What it says is written is on disk.
  },
  Effect.provide(PostgresServer.PostgresServer.layerWith({ durable: true }))
)
