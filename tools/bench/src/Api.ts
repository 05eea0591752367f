/**
 * How long reads of the HTTP API take with a large store behind it: alone, and
 * while a run of the daemon writes into the same store.
 *
 * The yardstick is `/health/live` of the same daemon at the same rate, which
 * looks into no database.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Client } from "@tidemark/api/Client"
import type { Timeframe } from "@tidemark/core"
import * as Inputs from "@tidemark/features/Inputs"
import { PostgresServer } from "@tidemark/postgres"
import { MarketUpdate } from "@tidemark/regime/market"
import { StructureUpdate } from "@tidemark/regime/structure"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { PostgresStorage } from "@tidemark/storage-postgres"
import { Effect, FileSystem, Layer, Path, Redacted } from "effect"
import { BenchError } from "./BenchError.ts"
import * as Filled from "./Filled.ts"
import * as Load from "./Load.ts"
import * as Served from "./Served.ts"
import { type Outcome, say, tableOf } from "./Verdict.ts"

export interface Options extends Load.Options {
  readonly candles: number
  readonly symbols: number
  /** Instead of DuckDB. */
  readonly postgres: boolean
  /** Once more while a run writes. */
  readonly writing: boolean
}

const limitMillis = 50

/** Of each symbol. */
const coarse: ReadonlyArray<{ readonly timeframe: Timeframe.Timeframe; readonly rows: number }> = [
  { timeframe: "1d", rows: 1_000 },
  { timeframe: "4h", rows: 1_000 },
  { timeframe: "1h", rows: 1_000 }
]

/** One symbol of so many has minutes too. */
const minutesEvery = 5

/** So many symbols have structure regimes, which take long to derive. */
const structures = 4

const nameOf = (i: number) => `C${String(i).padStart(3, "0")}/USDT`

const piecesOf = ({ candles, symbols }: Options): ReadonlyArray<Filled.Piece> => {
  const others = coarse.reduce((sum, { rows }) => sum + rows, 0) * symbols
  const minutes = Math.max(1, Math.ceil((candles - others) / Math.ceil(symbols / minutesEvery)))
  return Array.from({ length: symbols }, (_, i) => i).flatMap((i): ReadonlyArray<Filled.Piece> => [
    ...(i % minutesEvery === 0 ? [{ symbol: nameOf(i), timeframe: "1m", rows: minutes } as const] : []),
    ...coarse.map((one) => ({ symbol: nameOf(i), ...one }))
  ])
}

const derive = Effect.gen(function* () {
  const inputs = yield* Inputs.of({ choose: () => true, appliedBy: () => Effect.succeed("none" as const) })
  yield* MarketUpdate.run({ inputs: inputs.filter(({ stored }) => stored.series.timeframe === "1d") })
  const some = new Set(Array.from({ length: structures }, (_, i) => nameOf(i)))
  yield* StructureUpdate.run({
    inputs: inputs.filter(({ stored: { series } }) => some.has(series.symbol) && series.timeframe !== "1m")
  })
})

const live: ReadonlyArray<Load.Asked> = [{ name: "/health/live", paths: ["/health/live"], share: 1 }]

const asked = ({ symbols }: Options): ReadonlyArray<Load.Asked> => {
  const ofEach = (path: (symbol: string) => string, count = symbols) =>
    Array.from({ length: count }, (_, i) => path(encodeURIComponent(nameOf(i))))
  const regimes = "/api/v1/regimes"
  return [
    {
      name: "100 hours of candles",
      paths: ofEach((symbol) => `/api/v1/candles?symbol=${symbol}&timeframe=1h&limit=100&source=binance`),
      share: 0.2
    },
    { name: "coverage of a symbol", paths: ofEach((symbol) => `/api/v1/coverage?symbols=${symbol}`), share: 0.2 },
    { name: "coverage of all", paths: ["/api/v1/coverage"], share: 0.05 },
    { name: "gaps of a symbol", paths: ofEach((symbol) => `/api/v1/gaps?symbols=${symbol}`), share: 0.1 },
    { name: "status", paths: ["/api/v1/status"], share: 0.05 },
    { name: "market regime", paths: ofEach((symbol) => `${regimes}/market/current?symbol=${symbol}`), share: 0.2 },
    {
      name: "200 days of it",
      paths: ofEach((symbol) => `${regimes}/market/history?symbol=${symbol}&limit=200`),
      share: 0.1
    },
    {
      name: "structure regime",
      paths: ofEach((symbol) => `${regimes}/structure/current?symbol=${symbol}`, Math.min(structures, symbols)),
      share: 0.1
    }
  ]
}

/** Their minutes take a run some minutes. */
const written = Array.from({ length: 16 }, (_, i) => `LOAD${i}/USDT`)

/** Has the daemon write minutes of these symbols while something else is done; fails if it was done sooner. */
const whileWriting = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { runs } = yield* Client
    const payload = {
      symbols: written,
      timeframes: ["1m"],
      source: "synthetic",
      start: "2000-01-01",
      end: "2025-01-01"
    } as const
    const { id } = yield* runs.start({ payload })
    const result = yield* work
    const { status } = yield* runs.cancel({ params: { id } })
    if (status === "running" || status === "cancelled") return result
    return yield* new BenchError({ detail: `the run that wrote meanwhile ended as ${status}` })
  }).pipe(
    Effect.mapError((error) =>
      error instanceof BenchError ? error : new BenchError({ detail: `the daemon refused: ${String(error)}` })
    )
  )

/** Where to store, and what to call it. */
const store = Effect.fnUntraced(function* (cwd: string, { postgres }: Options) {
  if (!postgres) {
    const path = (yield* Path.Path).join(cwd, "large.duckdb")
    return { url: `duckdb:${path}`, stores: (mode: "write" | "update") => DuckDbStorage.layer({ path, mode }) }
  }
  const { database } = yield* PostgresServer.PostgresServer
  const url = yield* database
  return {
    url,
    stores: (mode: "write" | "update") => PostgresStorage.layer({ url: Redacted.make(url), label: "postgres", mode })
  }
})

/** Of the slowest path of each; a time below a millisecond is one. */
const ratio = (a: Load.Phase, b: Load.Phase): string => (Load.p99(a) / Math.max(1, Load.p99(b))).toFixed(1)

const nodeArgs = (process.env["BENCH_NODE_ARGS"] ?? "").split(" ").filter((word) => word !== "")

export const run = Effect.fnUntraced(
  function* (options: Options) {
    const fs = yield* FileSystem.FileSystem
    const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-api-" })
    const { stores, url } = yield* store(cwd, options)
    const pieces = piecesOf(options)
    const candles = pieces.reduce((sum, { rows }) => sum + rows, 0)
    yield* say(`Storing ${candles} candles in ${pieces.length} series, and deriving their regimes …`)
    yield* Effect.provide(Filled.fill(pieces), stores("write"))
    yield* Effect.provide(Effect.andThen(derive, Served.paused), stores("update"))
    const daemon = yield* Served.daemon(cwd, url, nodeArgs)
    const client = Client.layer({ url: daemon.url }).pipe(Layer.provide(NodeHttpClient.layerUndici))
    // Nothing is compiled yet, nor answered before.
    const cold = yield* Load.run("reads, the first time", daemon, asked(options), options)
    const idle = yield* Load.run("health alone", daemon, live, { ...options, seconds: Math.min(10, options.seconds) })
    const reading = yield* Load.run("reads", daemon, asked(options), options)
    const both = options.writing
      ? [
          yield* whileWriting(Load.run("reads while a run writes", daemon, asked(options), options)).pipe(
            Effect.provide(client)
          )
        ]
      : []
    const phases = [cold, idle, reading, ...both]
    const outcome: Outcome = {
      json: { options, candles, series: pieces.length, phases },
      text: [
        `${candles} candles in ${pieces.length} series; ${options.rate} requests/s for ${options.seconds} s, over ${options.postgres ? "Postgres" : "DuckDB"}.`,
        "",
        tableOf(Load.header, phases.flatMap(Load.rows)),
        "",
        `p99 of reads / p99 of /health/live = ${ratio(reading, idle)}`,
        ...both.map((one) => `p99 of reads while a run writes / alone = ${ratio(one, reading)}`)
      ],
      targets: [
        { name: "p99 of reads", value: Load.p99(reading), unit: "ms", bound: "less than", limit: limitMillis },
        ...both.map((one) => ({
          name: "p99 of reads while a run writes",
          value: Load.p99(one),
          unit: "ms",
          bound: "less than" as const,
          limit: limitMillis
        })),
        {
          name: "errors",
          value: phases.reduce((sum, one) => sum + Load.errors(one), 0),
          bound: "at most",
          limit: 0
        }
      ]
    }
    return outcome
  },
  Effect.scoped,
  Effect.provide(PostgresServer.PostgresServer.layerWith({ durable: true }))
)
