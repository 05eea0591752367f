/** What a user knows of what is stored, and can prove: gaps, their causes, certificates. */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Fault } from "@tidemark/emulator"
import type { Certificate } from "@tidemark/quality"
import { Effect } from "effect"
import { fresh, onEvery } from "./databases.ts"
import * as Market from "./market.ts"
import { parse, provider, query, type ReportJson, type Row, run, spawn, until } from "./tidemark.ts"

/** A dozen processes a test, on a machine that may be busy. */
const seconds = 180_000
const hole = [40, 41, 42]
const range = ["--timeframes=1h", "--source=binance", "--start=2024-01-01", "--end=2024-01-05"]
const symbols = ["BTC", "ETH", "SOL", "XRP"]

const market = (symbol: string, options: Partial<Parameters<typeof Market.hourly>[0]> = {}) =>
  Market.hourly({ symbol: `${symbol}USDT`, rows: 96, without: hole, ...options })

const world = Effect.fnUntraced(function* (datasets = symbols.map((symbol) => market(symbol))) {
  const emulator = yield* provider({ datasets })
  const { cwd, database } = yield* fresh()
  const env = { DATABASE_URL: database.url, BINANCE_BASE_URL: emulator.url }
  const tidemark = (...args: ReadonlyArray<string>) => run(args, { cwd, env })
  const ask = (sql: string) => query(sql, { cwd, env })
  return { cwd, database, emulator, env, tidemark, ask }
})

onEvery("trust", (it) => {
  it.effect(
    "what one symbol lacks is unexplained; what three of a venue lack at once is an outage, for the next one too",
    () =>
      Effect.gen(function* () {
        const { ask, emulator, tidemark } = yield* world()
        const alone = yield* tidemark("backfill", "--symbols=BTC/USDT", ...range)
        assert.strictEqual(alone.code, 3)
        const refused = yield* tidemark("verify", "--symbols=BTC/USDT", "--timeframes=1h")
        assert.strictEqual(refused.code, 3)
        assert.include(refused.stdout, "2024-01-02T16:00Z → 2024-01-02T19:00Z: 3 candles missing, unexplained")
        assert.deepStrictEqual(
          (yield* ask("SELECT symbol, cause FROM data_gaps")).map((row) => [row["symbol"], row["cause"]]),
          [["BTC/USDT", "unexplained"]]
        )
        yield* tidemark("backfill", "--symbols=ETH/USDT,SOL/USDT", ...range)
        const before = yield* emulator.requestCount
        const next = yield* tidemark("backfill", "--symbols=XRP/USDT", "--json", ...range)
        assert.strictEqual(next.code, 0, next.stdout)
        // One page, and the ping that finds the source there: the hole is asked for no second time.
        assert.strictEqual(parse<ReportJson>(next).summary.requests, 1)
        assert.isAtMost((yield* emulator.requestCount) - before, 3)
        // The first one is explained with it, in the table too.
        const causes = yield* ask("SELECT DISTINCT cause FROM data_gaps")
        assert.deepStrictEqual(causes, [{ cause: "outage" }])
        const verified = yield* tidemark("verify", "--timeframes=1h")
        assert.strictEqual(verified.code, 0, verified.stdout)
        assert.include(verified.stdout, "4 series verified: nothing is missing without a cause")
        const [gap] = parse<ReadonlyArray<Row & { readonly evidence: ReadonlyArray<string> }>>(
          yield* tidemark("gaps", "list", "--symbols=BTC/USDT", "--json")
        )
        assert.deepInclude(gap, { cause: "outage", missing: 3 })
        assert.match(gap!.evidence.join(), /asked 3 times.*[34] of [34] symbols of binance have no candle then/)
        assert.deepStrictEqual(yield* ask("SELECT venue, origin FROM venue_outages"), [
          { venue: "binance", origin: "inferred" }
        ])
      }),
    seconds
  )

  it.effect(
    "what was asked for and never answered is missing, with the reason, until it is answered",
    () =>
      Effect.gen(function* () {
        const { cwd, database, env, tidemark } = yield* world([market("BTC", { without: [] })])
        const first = ["--timeframes=1h", "--source=binance", "--start=2024-01-01", "--end=2024-01-03"]
        assert.strictEqual((yield* tidemark("backfill", "--symbols=BTC/USDT", ...first)).code, 0)
        const down = yield* provider({
          datasets: [market("BTC")],
          faults: [Fault.ServerError({ status: 500, match: { path: "/api/v3/klines" }, times: Infinity })]
        })
        const failed = yield* run(["backfill", "--symbols=BTC/USDT", ...range], {
          cwd,
          env: { ...env, BINANCE_BASE_URL: down.url }
        })
        assert.strictEqual(failed.code, 1)
        const listed = yield* tidemark("gaps", "list")
        assert.include(
          listed.stdout,
          "BTC/USDT 1h 2024-01-03T00:00Z → 2024-01-05T00:00Z: 48 candles missing, source-failure"
        )
        assert.match(listed.stdout, /answered 500/)
        assert.lengthOf(listed.stdout.match(/2024-01-03T00:00Z → 2024-01-05T00:00Z/g)!, 1, listed.stdout)
        assert.strictEqual((yield* tidemark("verify")).code, 3)
        // Killed before the first answer: what was asked for is known all the same.
        yield* Effect.scoped(
          Effect.gen(function* () {
            const silent = yield* provider({
              datasets: [market("SOL")],
              faults: [Fault.Stall({ after: "nothing", times: Infinity, match: { path: "/api/v3/klines" } })]
            })
            const running = yield* spawn(["backfill", "--symbols=SOL/USDT", ...range], {
              cwd,
              env: { ...env, BINANCE_BASE_URL: silent.url }
            })
            const asked = Effect.map(
              silent.requests,
              (all) => all.filter(({ path }) => path.endsWith("/klines")).length
            )
            yield* until(asked, (count) => count > 0)
            yield* running.kill("SIGKILL")
            yield* running.ended
          })
        )
        yield* until(database.holders, (holders) => holders === 0)
        assert.include(
          (yield* tidemark("gaps", "list", "--symbols=SOL/USDT")).stdout,
          "SOL/USDT 1h 2024-01-01T00:00Z → 2024-01-05T00:00Z: 96 candles missing, unfetched"
        )
        const mended = yield* provider({
          datasets: ["BTC", "SOL"].map((symbol) => market(symbol, { without: [] }))
        })
        const filled = yield* run(["gaps", "fill"], { cwd, env: { ...env, BINANCE_BASE_URL: mended.url } })
        assert.strictEqual(filled.code, 0, filled.stderr)
        assert.include((yield* tidemark("gaps", "list")).stdout, "2 series: nothing is missing")
        assert.strictEqual((yield* tidemark("verify")).code, 0)
      }),
    seconds
  )

  it.effect(
    "gaps fill asks for the hole alone, and nothing else of what is there",
    () =>
      Effect.gen(function* () {
        const { cwd, env, tidemark } = yield* world()
        yield* tidemark("backfill", "--symbols=BTC/USDT", ...range)
        const mended = yield* provider({ datasets: [market("BTC", { without: [] })] })
        const fill = (...args: ReadonlyArray<string>) =>
          run(["gaps", "fill", ...args], { cwd, env: { ...env, BINANCE_BASE_URL: mended.url } })
        const filled = yield* fill("--json")
        assert.strictEqual(filled.code, 0, filled.stderr)
        assert.deepInclude(parse<ReportJson>(filled).summary, { inserted: 3, changed: 0 })
        const asked = (yield* mended.requests).filter(({ path }) => path.endsWith("/klines"))
        assert.deepStrictEqual(
          asked.map(({ query }) => [Number(query.get("startTime")), Number(query.get("endTime"))]),
          [[Market.start + 40 * 3_600_000, Market.start + 43 * 3_600_000 - 1]]
        )
        assert.strictEqual((yield* tidemark("verify")).code, 0)
        const nothing = yield* fill()
        assert.deepStrictEqual([nothing.code, nothing.stdout.trim()], [0, "Nothing is missing that has no cause"])
        const none = yield* tidemark("gaps", "list")
        assert.include(none.stdout, "1 series: nothing is missing")
      }),
    seconds
  )

  it.effect(
    "a certificate tells later whether anything has changed, what, and when; the old value can be read",
    () =>
      Effect.gen(function* () {
        const { ask, cwd, database, env, tidemark } = yield* world([market("BTC", { without: [] })])
        yield* tidemark("backfill", "--symbols=BTC/USDT", ...range)
        const locked = yield* tidemark("verify", "--symbols=BTC/USDT", "--timeframes=1h", "--lock=btc.json")
        assert.strictEqual(locked.code, 0, locked.stderr)
        const text = yield* Effect.promise(() => readFile(join(cwd, "btc.json"), "utf8"))
        const [certified] = (JSON.parse(text) as Certificate.Certificate).series
        assert.deepInclude(certified, { expected: 96, rows: 96, provenance: "observed", source: "binance" })
        assert.lengthOf(certified!.ranges, 1)
        const same = yield* tidemark("verify", "--against=btc.json")
        assert.deepStrictEqual([same.code, same.stdout.trim()], [0, "1 series: the same as certified"])

        const revised = yield* provider({ datasets: [market("BTC", { without: [], volumes: { 7: 500 } })] })
        const [{ now }] = (yield* ask("SELECT max(ingested_at) AS now FROM market_data")) as [{ now: string }]
        const again = ["backfill", "--symbols=BTC/USDT", "--force", ...range]
        yield* run(again, { cwd, env: { ...env, BINANCE_BASE_URL: revised.url } })
        const differs = yield* tidemark("verify", "--against=btc.json")
        assert.strictEqual(differs.code, 3)
        assert.include(
          differs.stdout,
          "binance BTC/USDT 1h 2024-01-01T00:00Z → 2024-01-05T00:00Z: 96 rows, other values"
        )
        assert.match(differs.stdout, /2024-01-01T07:00Z revised at .* \(force\)/)
        const seventh = [
          "export",
          "--symbols=BTC/USDT",
          "--start=2024-01-01T07:00Z",
          "--end=2024-01-01T08:00Z",
          "--json"
        ]
        const volume = (ended: Effect.Success<ReturnType<typeof tidemark>>) =>
          parse<ReadonlyArray<Row>>(ended)[0]!["volume"]
        assert.strictEqual(volume(yield* tidemark(...seventh)), 500)
        const then = new Date(`${now.replace(" ", "T").replace(/Z?$/, "Z")}`).getTime() + 1
        assert.strictEqual(volume(yield* tidemark(...seventh, `--as-of=${new Date(then).toISOString()}`)), 8)

        // Something else than a source.
        yield* database.execute("DELETE FROM candles WHERE open_time = TIMESTAMP '2024-01-03 00:00:00'")
        const damaged = yield* tidemark("verify", "--against=btc.json")
        assert.include(damaged.stdout, "96 rows, now 95")
        const unsound = yield* tidemark("verify")
        assert.strictEqual(unsound.code, 3)
        assert.include(unsound.stdout, "2024-01-03T00:00Z → 2024-01-03T01:00Z: the rows are not what was stored")
        yield* Effect.promise(() => writeFile(join(cwd, "no.json"), "{}"))
        const wrong = yield* tidemark("verify", "--against=no.json")
        assert.deepStrictEqual([wrong.code, wrong.stderr.includes("no.json is no certificate")], [2, true])
        yield* Effect.promise(() => writeFile(join(cwd, "edited.json"), text.replace('"rows": 96', '"rows": 95')))
        const edited = yield* tidemark("verify", "--against=edited.json")
        assert.deepStrictEqual([edited.code, edited.stdout], [2, ""])
        assert.include(edited.stderr, "edited.json was changed after it was written")
        const nobody = yield* tidemark("verify", "--symbols=BTC/USDT,DOGE/USDT", "--timeframes=1h")
        assert.strictEqual(nobody.code, 3)
        assert.include(nobody.stdout, "DOGE/USDT 1h is not stored")
      }),
    seconds
  )

  it.effect(
    "a check tells each month and each candle that looks wrong, until somebody says that it is right",
    () =>
      Effect.gen(function* () {
        const { ask, database, tidemark } = yield* world([market("BTC")])
        yield* tidemark("backfill", "--symbols=BTC/USDT", ...range)
        yield* database.execute(
          "UPDATE candles SET high = 5000 WHERE open_time = TIMESTAMP '2024-01-03 10:00:00'",
          "UPDATE candles SET low = 500 WHERE open_time = TIMESTAMP '2024-01-04 10:00:00'"
        )
        const checked = yield* tidemark("quality", "check")
        assert.strictEqual(checked.code, 3)
        assert.match(checked.stdout, /binance BTC\/USDT 1h +93 +96.87 % +0 +0 +3 +1 of 1 +2/)
        assert.include(checked.stdout, "price-spike")
        const [month] = yield* ask("SELECT expected, actual, missing, has_gaps, has_anomalies FROM data_quality")
        assert.deepStrictEqual(
          {
            ...month,
            expected: Number(month!["expected"]),
            actual: Number(month!["actual"]),
            missing: Number(month!["missing"])
          },
          { expected: 96, actual: 93, missing: 3, has_gaps: true, has_anomalies: true }
        )
        const found = parse<ReadonlyArray<Row>>(yield* tidemark("quality", "list", "--json"))
        assert.deepStrictEqual(
          found.map(({ from, kind, severity }) => [from, kind, severity]),
          [
            ["2024-01-03T10:00Z", "price-spike", "warning"],
            ["2024-01-04T10:00Z", "ohlc-order", "error"]
          ]
        )
        const right = (start: string, end: string) =>
          tidemark(
            "quality",
            "acknowledge",
            "--symbol=BTC/USDT",
            "--timeframe=1h",
            "--source=binance",
            `--start=${start}`,
            `--end=${end}`,
            "--note=a real wick"
          )
        assert.strictEqual((yield* right("2024-01-02", "2024-01-03")).code, 3)
        assert.strictEqual((yield* right("2024-01-03", "2024-01-04")).code, 0)
        yield* tidemark("quality", "check")
        const left = yield* tidemark("quality", "list")
        assert.notInclude(left.stdout, "price-spike")
        assert.include(left.stdout, "ohlc-order")
        assert.include((yield* tidemark("quality", "list", "--all")).stdout, "price-spike")
      }),
    seconds
  )

  it.effect(
    "candles are compared with what shorter ones add up to, and with another source",
    () =>
      Effect.gen(function* () {
        const { database, tidemark } = yield* world([market("BTC", { without: [] })])
        const synthetic = ["backfill", "--symbols=BTC/USDT", "--start=2024-01-01", "--end=2024-01-05"]
        yield* tidemark(...synthetic, "--timeframes=1m,1h,1d", "--source=synthetic")
        const finer = yield* tidemark("quality", "compare", "--finer=1m")
        assert.strictEqual(finer.code, 0, finer.stdout)
        assert.match(finer.stdout, /synthetic BTC\/USDT 1h +its 1m +96 +0 +0 +0/)
        yield* database.execute(
          `UPDATE candles SET close = close * 1.01, high = high * 1.01 WHERE open_time = TIMESTAMP '2024-01-02 05:00:00'
           AND series_id = (SELECT series_id FROM series WHERE timeframe = '1h')`
        )
        const differs = yield* tidemark("quality", "compare", "--timeframes=1h", "--finer=1m")
        assert.strictEqual(differs.code, 3)
        assert.match(differs.stdout, /2024-01-02T05:00Z +(high|close)/)
        // Another market altogether.
        yield* tidemark("backfill", "--symbols=BTC/USDT", ...range)
        const other = yield* tidemark("quality", "compare", "--source=binance", "--with=synthetic", "--json")
        assert.strictEqual(other.code, 3)
        const [result] = parse<ReadonlyArray<Row & { readonly differences: ReadonlyArray<Row> }>>(other)
        assert.deepInclude(result, { compared: 96, with: "synthetic", only_here: 0, only_there: 0 })
        assert.lengthOf(result!.differences, 96)
        const nothing = yield* tidemark("quality", "compare")
        assert.deepStrictEqual([nothing.code, nothing.stderr.includes("--with SOURCE")], [2, true])
      }),
    seconds
  )

  it.effect(
    "the status names what failed first, and the page shows every month, gap and finding",
    () =>
      Effect.gen(function* () {
        const { cwd, env, tidemark } = yield* world([market("BTC")])
        yield* tidemark("migrate")
        assert.include((yield* tidemark("status")).stdout, "Nothing is stored yet")
        yield* tidemark("backfill", "--symbols=BTC/USDT", ...range)
        const away = { cwd, env: { ...env, BINANCE_BASE_URL: "http://127.0.0.1:9" } }
        yield* run(
          ["backfill", "--symbols=BTC/USDT", ...range.slice(0, 2), "--start=2023-12-31", "--end=2024-01-05"],
          away
        )
        const status = yield* tidemark("status")
        assert.match(status.stdout, /^1 series, 93 candles; last sync \d+ min ago$/m)
        assert.match(status.stdout, /2 runs, \d+ requests \(6 retries\), 1 of 2 series failed \(50.00 %\)/)
        assert.match(status.stdout, /^binance +1 +93 +\d+ min ago +2 +\d+ +6 +50.00 % +BTC\/USDT 1h: failed$/m)
        // The day that the second run asked for in vain is missing too.
        assert.match(status.stdout, /binance BTC\/USDT 1h +93 +77.50 % +0 +24 +3 .*failed/)
        assert.match((yield* tidemark("verify")).stdout, /binance BTC\/USDT 1h .* 93 +0 +0 +24 +3 +NOT VERIFIED/)
        const json = parse<Row & { readonly details: ReadonlyArray<Row> }>(yield* tidemark("status", "--json"))
        assert.deepInclude(json.details[0]!, { unfetched: 0, source_failure: 24, unexplained: 3 })
        assert.deepInclude(json, { series: 1, candles: 93, runs: 2, failed: 1, error_rate: 0.5, retries: 6 })

        const written = yield* tidemark("quality", "report", "--html=report.html")
        assert.strictEqual(written.code, 0, written.stderr)
        const page = yield* Effect.promise(() => readFile(join(cwd, "report.html"), "utf8"))
        assert.include(page, '<td class="poor" title="2024-01: 93 of 96 candles, 3 unexplained">96.8</td>')
        assert.include(page, "<td>unexplained</td>")
        assert.notMatch(page, /<script|http/)
      }),
    seconds
  )

  it.effect(
    "verify notices a row that is gone while another is moved, which no count does",
    () =>
      Effect.gen(function* () {
        const { database, tidemark } = yield* world([market("BTC", { without: [] })])
        yield* tidemark("backfill", "--symbols=BTC/USDT", ...range)
        yield* database.execute(
          `UPDATE candles SET open_time = TIMESTAMP '2024-01-03 10:00:30' WHERE open_time = TIMESTAMP '2024-01-03 10:00:00'`
        )
        const moved = yield* tidemark("verify")
        assert.strictEqual(moved.code, 3)
        assert.include(moved.stdout, "2024-01-03T10:00Z → 2024-01-03T11:00Z: the rows are not what was stored")
        assert.notInclude(moved.stdout, "2024-01-02")
      }),
    seconds
  )

  it.effect(
    "a share's history that ends while the market is closed is verified; a row that is gone is named, and nothing else",
    () =>
      Effect.gen(function* () {
        const { database, tidemark } = yield* world()
        // A Saturday.
        const until = ["--start=2024-05-01", "--end=2024-06-15T12:22Z"]
        yield* tidemark("backfill", "--symbols=AAPL", "--timeframes=1h,1d", "--source=synthetic", ...until)
        const whole = yield* tidemark("verify")
        assert.strictEqual(whole.code, 0, whole.stdout)
        yield* database.execute("DELETE FROM candles WHERE open_time = TIMESTAMP '2024-06-03 13:30:00'")
        const damaged = yield* tidemark("verify", "--json", "--lock=bad.json")
        assert.strictEqual(damaged.code, 3)
        const { series } = parse<{ readonly series: ReadonlyArray<Row> }>(damaged)
        assert.deepStrictEqual(
          series.map(({ damaged, timeframe }) => [timeframe, damaged]),
          [
            ["1h", [{ from: "2024-06-03T13:30Z", to: "2024-06-03T14:30Z" }]],
            ["1d", [{ from: "2024-06-03T13:30Z", to: "2024-06-03T20:00Z" }]]
          ]
        )
        // What was not sound when it was certified is not made so by being the same.
        const against = yield* tidemark("verify", "--against=bad.json")
        assert.strictEqual(against.code, 3)
        assert.include(against.stdout, "2 series: the same as certified")
        assert.include(against.stdout, "not verified when they were certified: synthetic AAPL 1h, synthetic AAPL 1d")
        const other = yield* tidemark("verify", "--against=bad.json", "--symbols=MSFT")
        assert.deepStrictEqual([other.code, other.stderr.includes("Nothing of MSFT is in the certificate")], [2, true])
        yield* tidemark("backfill", "--symbols=AAPL", "--timeframes=1h,1d", "--source=synthetic", ...until)
        assert.strictEqual((yield* tidemark("verify")).code, 0)
      }),
    seconds
  )

  it.effect(
    "a name that nothing is stored of is no success of any command",
    () =>
      Effect.gen(function* () {
        const { tidemark } = yield* world([market("BTC", { without: [] })])
        yield* tidemark("backfill", "--symbols=BTC/USDT", ...range)
        for (const command of [["coverage"], ["gaps", "list"], ["gaps", "fill"], ["quality", "check"], ["verify"]]) {
          const typo = yield* tidemark(...command, "--symbols=BTC/USDT,NOPE")
          assert.strictEqual(typo.code, 3, command.join(" "))
          assert.include(`${typo.stdout}${typo.stderr}`, "NOPE")
        }
      }),
    seconds
  )
})
