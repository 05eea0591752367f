/** The `bench` command: what to run, and how much of it. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Api from "./Api.ts"
import * as Archive from "./Archive.ts"
import { BenchError } from "./BenchError.ts"
import * as Budget from "./Budget.ts"
import * as Export from "./Export.ts"
import * as Features from "./Features.ts"
import * as Gamma from "./Gamma.ts"
import * as Help from "./Help.ts"
import * as Ingest from "./Ingest.ts"
import * as Memory from "./Memory.ts"
import * as Noop from "./Noop.ts"
import * as Postgres from "./Postgres.ts"
import * as Quality from "./Quality.ts"
import * as Regime from "./Regime.ts"
import { conclude, type Outcome } from "./Verdict.ts"
import * as Workload from "./Workload.ts"

const whole = (name: string, description: string, absent: number, atMost = 1e9, atLeast = 1) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (value) => value >= atLeast && value <= atMost,
      (value) => `a whole number from ${atLeast} to ${atMost}, not ${value}`
    ),
    Flag.withDescription(`${description} (${absent})`),
    Flag.withDefault(absent)
  )

const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print everything that was measured as JSON"),
  Flag.withDefault(false)
)

const concluding =
  <Options, E, R>(run: (options: Options) => Effect.Effect<Outcome, E, R>) =>
  (input: Options & { readonly json: boolean }) =>
    Effect.flatMap(run(input), (outcome) => conclude(outcome, input.json))

// More than one page, or there is no steady rate.
const ingest = Command.make("ingest", {
  json,
  candles: whole("candles", "Candles to fetch", 1_000_000, Workload.mostCandles, 2000),
  ccxtCandles: whole(
    "ccxt-candles",
    "Candles that ccxt fetches, at most --candles",
    100_000,
    Workload.mostCandles,
    2000
  ),
  storeRows: whole("store-rows", "Rows that are in the store before", 3_000_000, Workload.mostCandles),
  rounds: whole("rounds", "Runs of each contestant", 3)
}).pipe(
  Command.withDescription("Candles a second: a bare loop, ccxt, tidemark"),
  Command.withHandler(
    concluding((input: Ingest.Options) =>
      Ingest.run({ ...input, ccxtCandles: Math.min(input.ccxtCandles, input.candles) })
    )
  )
)

const archive = Command.make("archive", {
  json,
  months: whole("months", "Months of minutes to fetch", 12, 24),
  storeRows: whole("store-rows", "Rows that are in the store before", 1_000_000, Workload.mostCandles),
  rounds: whole("rounds", "Runs of each contestant", 3),
  latencyMillis: whole("latency-ms", "Every answer of the provider comes so much later", 50, 1_000, 0)
}).pipe(
  Command.withDescription("Candles a second from files: a bare loop, tidemark, and tidemark page by page"),
  Command.withHandler(concluding(Archive.run))
)

const budget = Command.make("budget", {
  json,
  windows: whole("windows", "Whole windows to look at, in each scenario", 10, 100),
  limit: whole("limit", "Weight that the provider allows in a window", 600, 1e6, 20),
  windowMillis: whole("window-ms", "Length of a window", 6_000, 60_000, 500),
  lanes: whole("lanes", "Pages asked for at once, by each process", 4, 64)
}).pipe(
  Command.withDescription("How much of a provider's allowance is used, and how often it refuses"),
  Command.withHandler(concluding(Budget.run))
)

const memory = Command.make("memory", {
  json,
  candles: whole("candles", "The smaller number of candles", 1_000_000),
  factor: whole("factor", "How many times as many the larger one is", 5)
}).pipe(
  Command.withDescription("Peak memory of a backfill, and of a larger one"),
  Command.withHandler(concluding(Memory.run))
)

const noop = Command.make("noop", {
  json,
  symbols: whole("symbols", "Symbols, in four timeframes each", 300, 1000),
  days: whole("days", "Days of history", 30, 365),
  repetitions: whole("repetitions", "Timed runs", 5)
}).pipe(
  Command.withDescription("Time of a backfill that has nothing left to do"),
  Command.withHandler(concluding(Noop.run))
)

const postgres = Command.make("postgres", {
  json,
  candles: whole("candles", "Candles to write", 1_000_000, Workload.mostCandles, 2000),
  upsertCandles: whole("upsert-candles", "Candles to write row by row", 20_000, Workload.mostCandles, 2000),
  rounds: whole("rounds", "Runs of each contestant", 3),
  symbols: whole("symbols", "Symbols of the run that has nothing to do, in four timeframes each", 300, 1000),
  days: whole("days", "Days of their history", 30, 365),
  repetitions: whole("repetitions", "Timed runs", 5)
}).pipe(
  Command.withDescription("Rows a second into Postgres: COPY, tidemark, row by row; and a backfill with nothing to do"),
  Command.withHandler(concluding(Postgres.run))
)

const quality = Command.make("quality", {
  json,
  candles: whole("candles", "Candles of the large store", 10_000_000, 1e8, 1_000),
  symbols: whole("symbols", "Symbols that they are of", 20, 1_000),
  matrixSymbols: whole("matrix-symbols", "Symbols of the matrix, in eight timeframes each", 300, 1_000),
  repetitions: whole("repetitions", "Timed runs", 5)
}).pipe(
  Command.withDescription("What is missing of a large store, against a plain count; the coverage matrix"),
  Command.withHandler(concluding(Quality.run))
)

const exporting = Command.make("export", {
  json,
  candles: whole("candles", "Candles to write", 5_000_000, 1e8, 1_000),
  rounds: whole("rounds", "Runs of each contestant", 3)
}).pipe(
  Command.withDescription("Time of an export to Parquet, against a bare COPY; and of the other formats"),
  Command.withHandler(concluding(Export.run))
)

const features = Command.make("features", {
  json,
  candles: whole("candles", "Candles to derive features of", 302_400, 1e8, 1_000),
  rounds: whole("rounds", "Runs of each contestant", 3)
}).pipe(
  Command.withDescription("Time of all features of a history, against reading and writing it as it is"),
  Command.withHandler(concluding(Features.run))
)

const gamma = Command.make("gamma", {
  json,
  contracts: whole("contracts", "Contracts of the chain", 20_000, 1e6, 100),
  rounds: whole("rounds", "Timed runs", 15),
  days: whole("days", "Calendar days of history that are filled with simulated chains", 365, 3_650)
}).pipe(
  Command.withDescription("Time of the gamma snapshot of a large option chain, against the plain loop; and of a year"),
  Command.withHandler(concluding(Gamma.run))
)

const regime = Command.make("regime", {
  json,
  days: whole("days", "Days of the market", 5_040, 20_000, 100),
  symbols: whole("symbols", "Symbols, in 1d, 4h and 1h each", 311, 2_000),
  symbolDays: whole("symbol-days", "Days of each of them", 250, 5_000, 30),
  rounds: whole("rounds", "Runs; with one, caches are cold", 1)
}).pipe(
  Command.withDescription("Time of the market regime of a history, and of the structure regime of many symbols"),
  Command.withHandler(concluding(Regime.run))
)

const api = Command.make("api", {
  json,
  candles: whole("candles", "Candles of the store", 10_000_000, 1e8, 1_000),
  symbols: whole("symbols", "Symbols that they are of", 100, 1_000, 5),
  rate: whole("rate", "Requests a second", 200, 10_000, 10),
  seconds: whole("seconds", "How long each load lasts", 30, 600, 2),
  postgres: Flag.Boolean("postgres").pipe(
    Flag.withDescription("Over Postgres instead of DuckDB"),
    Flag.withDefault(false)
  ),
  writing: Flag.Boolean("writing").pipe(
    Flag.withDescription("Also while a run of the daemon writes into the same store"),
    Flag.withDefault(false)
  )
}).pipe(
  Command.withDescription("How long reads of the HTTP API take with a large store: alone, and while a run writes"),
  Command.withHandler(concluding(Api.run))
)

const help = Command.make("help", { json, repetitions: whole("repetitions", "Timed runs", 10) }).pipe(
  Command.withDescription("Time of `tidemark --help`"),
  Command.withHandler(concluding(Help.run))
)

Command.make("bench").pipe(
  Command.withDescription("Benchmarks of the product that print ratios; each ends with 1 if a target is missed"),
  Command.withSubcommands([
    ingest,
    archive,
    budget,
    memory,
    noop,
    postgres,
    quality,
    exporting,
    features,
    regime,
    gamma,
    api,
    help
  ]),
  Command.run({ version: "0.1.0" }),
  Effect.tapError((error) => (error instanceof BenchError ? Console.error(`bench: ${error.message}`) : Effect.void)),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
