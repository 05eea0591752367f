/** How long candles are kept: what `prune` takes away, and that everything else knows why it is not there. */
import { assert } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Adjustment, Candles, CorporateAction, Interval } from "@tidemark/core"
import { Dataset, Equity } from "@tidemark/emulator"
import { Clock, Effect } from "effect"
import { fresh, onEvery } from "./databases.ts"
import { put, refuses } from "./refusal.ts"
import { assertSound } from "./soundness.ts"
import { parse, provider, query, type ReportJson, type Row, run } from "./tidemark.ts"

/** Two dozen processes a test, on a machine that may be busy. */
const seconds = 240_000
const hour = 3_600_000
const day = 24 * hour
const days = 40

interface PruneJson {
  readonly summary: Row & { readonly rows: number; readonly exit_code: number }
  readonly series: ReadonlyArray<
    Row & { readonly rows: number; readonly stays: Row; readonly needs: ReadonlyArray<{ readonly words: string }> }
  >
}

interface GapJson extends Row {
  readonly evidence: ReadonlyArray<string>
}

const retention = (settings: object) => ({ "tidemark.json": JSON.stringify({ retention: settings }) })

/** Forty days of hours, days and weeks up to now, and a command over them. */
const world = Effect.fnUntraced(function* (settings: object = { "1h": "10 days" }) {
  const now = yield* Clock.currentTimeMillis
  const today = Math.floor(now / day) * day
  const start = today - days * day
  const dataset = (symbol: string, interval: "1h" | "1d", from: number) =>
    Dataset.cheap({ symbol, interval, from, to: today + day })
  const emulator = yield* provider({
    datasets: ["BTCUSDT", "ETHUSDT"].flatMap((symbol) => [
      dataset(symbol, "1h", start - 20 * day),
      dataset(symbol, "1d", start - 20 * day)
    ])
  })
  const { cwd, database } = yield* fresh()
  yield* put(cwd, retention(settings))
  const env = { DATABASE_URL: database.url, BINANCE_BASE_URL: emulator.url }
  const tidemark = (...args: ReadonlyArray<string>) => run(args, { cwd, env })
  const at = (daysAfterStart: number) => new Date(start + daysAfterStart * day).toISOString().slice(0, 10)
  const backfill = (from: number, to: number, ...args: ReadonlyArray<string>) =>
    tidemark("backfill", "--symbols=BTC/USDT", "--source=binance", `--start=${at(from)}`, `--end=${at(to)}`, ...args)
  return {
    at,
    ask: (sql: string) => query(sql, { cwd, env }),
    backfill,
    cwd,
    database,
    emulator,
    tidemark,
    keep: (settings: object) => put(cwd, retention(settings))
  }
})

/** What there is after ten days: 30 of 40 days have gone. */
const gone = 30 * 24

onEvery("retention", (it) => {
  it.effect(
    "a dry run tells what would go and changes nothing; the real one takes that, once, and all know why it is not there",
    () =>
      Effect.gen(function* () {
        const { ask, at, backfill, database, emulator, tidemark } = yield* world()
        const filled = yield* backfill(0, days, "--timeframes=1h,1d")
        assert.strictEqual(filled.code, 0, filled.stderr)
        assert.match(
          filled.stdout,
          /1h: .* is older than the 10 days that 1h is kept: the next prune would take it away/
        )
        // Half of it was revised since.
        yield* database.execute(
          `INSERT INTO revisions SELECT series_id, open_time, ingested_at, ingested_at + INTERVAL '1 second', 'test',
             open, high, low, close, volume, quote_volume, trades, open, high, low, close, volume, quote_volume, trades
           FROM candles WHERE series_id = (SELECT series_id FROM series WHERE timeframe = '1h')`
        )
        yield* tidemark("quality", "check")
        const before = yield* database.contents
        const dry = yield* tidemark("prune", "--dry-run")
        assert.strictEqual(dry.code, 0, dry.stderr)
        assert.match(
          dry.stdout,
          new RegExp(
            `binance BTC/USDT 1h +10 days +${at(0)}T00:00Z +${at(30)}T00:00Z +${gone} +${at(30)}T00:00Z .* 240 +would go`
          )
        )
        assert.include(dry.stdout, "720 candles of 1 series would go. Nothing was changed.")
        assert.deepStrictEqual(yield* database.contents, before)

        const pruned = yield* tidemark("prune", "--json")
        assert.strictEqual(pruned.code, 0, pruned.stderr)
        const { series, summary } = parse<PruneJson>(pruned)
        assert.deepInclude(summary, { dry_run: false, pruned: 1, rows: gone, revisions: gone, exit_code: 0 })
        assert.deepInclude(series[0], {
          timeframe: "1h",
          keeps: "10 days",
          status: "pruned",
          from: `${at(0)}T00:00Z`,
          to: `${at(30)}T00:00Z`,
          rows: gone,
          stays: { from: `${at(30)}T00:00Z`, to: `${at(days)}T00:00Z`, rows: 240 }
        })
        yield* assertSound(database, "pruned")
        const [counted] = yield* ask(
          "SELECT candles::INTEGER AS candles, missing::INTEGER AS missing, pruned::INTEGER AS pruned FROM historical_data_range WHERE timeframe = '1h'"
        )
        assert.deepStrictEqual(counted, { candles: 240, missing: 0, pruned: gone })
        const [revised] = yield* ask("SELECT count(*)::INTEGER AS left_over FROM candle_revisions")
        assert.deepStrictEqual(revised, { left_over: 240 })
        // As of a time before it was pruned, too.
        const asOf = yield* tidemark("export", "--timeframes=1h", "--as-of=2099-01-01", "--format=csv")
        assert.lengthOf(asOf.stdout.trim().split("\n"), 1 + 240)

        const again = yield* tidemark("prune")
        assert.deepStrictEqual([again.code, again.stdout.trim()], [0, "2 series: nothing is older than it is kept"])

        const asked = yield* emulator.requestCount
        const refill = yield* backfill(0, days, "--timeframes=1h,1d", "--json")
        assert.strictEqual(refill.code, 0, refill.stderr)
        assert.deepInclude(parse<ReportJson>(refill).summary, { complete: 2, requests: 0, inserted: 0, missing: 0 })
        const forced = yield* backfill(0, 10, "--timeframes=1h", "--force", "--json")
        assert.deepInclude(parse<ReportJson>(forced).summary, { inserted: 0, requests: 0, exit_code: 0 })
        yield* tidemark("gaps", "fill")
        assert.strictEqual(yield* emulator.requestCount, asked)

        const [recorded, ...others] = yield* ask("SELECT cause, evidence FROM data_gaps")
        assert.deepStrictEqual(others, [])
        assert.strictEqual(recorded!["cause"], "retention-limit")
        assert.include(String(recorded!["evidence"]), "older than the 10 days that 1h is kept")
        const [gap] = parse<ReadonlyArray<GapJson>>(yield* tidemark("gaps", "list", "--json"))
        assert.deepInclude(gap, {
          cause: "retention-limit",
          missing: gone,
          from: `${at(0)}T00:00Z`,
          to: `${at(30)}T00:00Z`
        })
        assert.match(gap!.evidence.join(), /^pruned on \d{4}-\d\d-\d\d: older than the 10 days that 1h is kept$/)
        assert.match(
          String(gap!["next_action"]),
          /^nothing; to have it again, raise "retention" of 1h, or of BTC\/USDT 1h, in tidemark.json, then: tidemark backfill --symbols BTC\/USDT --timeframes 1h /
        )
        for (const command of [
          ["verify"],
          ["verify", "--timeframes=1h", `--start=${at(0)}`, `--end=${at(10)}`],
          ["quality", "check"],
          ["coverage"],
          ["gaps", "list", "--cause=unfetched,unexplained"]
        ]) {
          const ended = yield* tidemark(...command)
          assert.strictEqual(ended.code, 0, `${command.join(" ")}: ${ended.stdout}`)
        }
        const quality = yield* ask(
          "SELECT min(completeness) AS least, sum(missing)::INTEGER AS missing FROM data_quality"
        )
        assert.deepStrictEqual(quality, [{ least: 1, missing: 0 }])
        const status = parse<{ readonly details: ReadonlyArray<Row> }>(yield* tidemark("status", "--json"))
        assert.deepStrictEqual(
          status.details.map(({ completeness, unexplained }) => [completeness, unexplained]),
          [
            [1, 0],
            [1, 0]
          ]
        )
        assert.include(
          (yield* tidemark("coverage")).stdout,
          `binance BTC/USDT 1h: 720 candles from ${at(0)}T00:00Z to ${at(30)}T00:00Z pruned`
        )
        const nothing = yield* tidemark("export", "--timeframes=1h", `--start=${at(0)}`)
        assert.strictEqual(nothing.code, 1)
        assert.include(nothing.stderr, `720 of 960 candles were pruned (${at(0)}T00:00Z → ${at(30)}T00:00Z)`)
      }),
    seconds
  )

  it.effect(
    "kept longer, the part that is kept now is missing again and fetched again; the rest stays pruned",
    () =>
      Effect.gen(function* () {
        const { at, backfill, database, keep, tidemark } = yield* world()
        yield* backfill(0, days, "--timeframes=1h,1d")
        yield* tidemark("prune")
        yield* keep({ symbols: { "BTC/USDT": { "1h": "25 days" } } })
        const gaps = parse<ReadonlyArray<GapJson>>(yield* tidemark("gaps", "list", "--json"))
        assert.deepStrictEqual(
          gaps.map(({ cause, from, to }) => [cause, from, to]),
          [
            ["retention-limit", `${at(0)}T00:00Z`, `${at(15)}T00:00Z`],
            ["unfetched", `${at(15)}T00:00Z`, `${at(30)}T00:00Z`]
          ]
        )
        assert.strictEqual((yield* tidemark("verify")).code, 3)
        assert.match((yield* tidemark("coverage")).stdout, /BTC\/USDT +1h .* 240 +0 +360$/m)
        const filled = yield* backfill(0, days, "--timeframes=1h,1d", "--json")
        assert.strictEqual(filled.code, 0, filled.stderr)
        assert.deepInclude(parse<ReportJson>(filled).summary, { inserted: 15 * 24, changed: 0, complete: 2 })
        assert.strictEqual((yield* tidemark("verify")).code, 0)
        yield* assertSound(database, "fetched again")
        // And an older range that never was there can be had, as long as nobody prunes.
        const older = yield* backfill(-10, 0, "--timeframes=1h")
        assert.strictEqual(older.code, 0, older.stderr)
        assert.match(older.stdout, /older than the 25 days that 1h is kept: the next prune would take it away/)
        assert.strictEqual((yield* tidemark("verify")).code, 0)
        yield* keep({ "1h": "10 days" })
        const pruned = parse<PruneJson>(yield* tidemark("prune", "--timeframes=1h", "--even-if-needed", "--json"))
        assert.deepInclude(pruned.summary, { rows: (10 + 15) * 24, pruned: 1 })
        assert.strictEqual((yield* tidemark("verify")).code, 0)
        const left = parse<ReadonlyArray<GapJson>>(yield* tidemark("gaps", "list", "--json"))
        assert.deepStrictEqual(
          left.map(({ cause, from, to }) => [cause, from, to]),
          [["retention-limit", `${at(-10)}T00:00Z`, `${at(30)}T00:00Z`]]
        )
      }),
    seconds
  )

  it.effect(
    "what is the last of its kind stays unless somebody says that it may go",
    () =>
      Effect.gen(function* () {
        const { at, backfill, database, tidemark } = yield* world()
        yield* backfill(0, days, "--timeframes=1h")
        const words = `1h of BTC/USDT from ${at(0)}T00:00Z to ${at(30)}T00:00Z is all there is; no coarser timeframe is stored of it`
        for (const args of [["--dry-run"], []]) {
          const before = yield* database.contents
          const ended = yield* tidemark("prune", ...args)
          assert.strictEqual(ended.code, args.length === 0 ? 3 : 0)
          assert.include(ended.stdout, words)
          assert.include(ended.stdout, "NEEDED, stays")
          assert.include(ended.stdout, "--even-if-needed")
          assert.deepStrictEqual(yield* database.contents, before)
        }
        const consented = yield* tidemark("prune", "--even-if-needed")
        assert.strictEqual(consented.code, 0, consented.stderr)
        assert.include(consented.stdout, `${words}; taken away all the same`)
      }),
    seconds
  )

  it.effect(
    "days stay that adjusting kept weeks needs closes of; gone all the same, the weeks cannot be adjusted",
    () =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const date = (instant: number) => new Date(instant).toISOString().slice(0, 10)
        // A Wednesday some fifty days ago: no week ends the day before.
        const past = Math.floor(now / day) * day - 50 * day
        const exDate = date(past - ((new Date(past).getUTCDay() + 4) % 7) * day)
        const dividend = new CorporateAction.Dividend({ exDate, amount: 0.25, currency: "USD" })
        const emulator = yield* provider({
          datasets: [],
          equities: [Equity.synthetic({ symbol: "AAPL", actions: [dividend] })]
        })
        const { cwd, database } = yield* fresh()
        const env = {
          DATABASE_URL: database.url,
          POLYGON_BASE_URL: emulator.url,
          POLYGON_API_KEY: "a-key",
          POLYGON_PLAN: "paid"
        }
        const tidemark = (...args: ReadonlyArray<string>) => run(args, { cwd, env })
        const since = `--start=${date(past - 50 * day)}`
        const filled = yield* tidemark("backfill", "--symbols=AAPL", "--source=polygon", since, "--timeframes=1d,1w")
        assert.strictEqual(filled.code, 0, filled.stdout)
        yield* tidemark("actions", "fetch", "--symbols=AAPL", "--source=polygon", since)
        const adjusted = tidemark("export", "--symbols=AAPL", "--timeframes=1w", "--adjust=all")
        assert.strictEqual((yield* adjusted).code, 0)
        yield* put(cwd, retention({ "1d": "30 days" }))
        const needed = yield* tidemark("prune")
        assert.strictEqual(needed.code, 3)
        const before = Adjustment.sessionsAt(Calendars.get("XNYS"), exDate)!.previous.date
        assert.include(
          needed.stdout,
          `adjusting polygon AAPL 1w for dividends needs the close of ${before}, which only its 1d has`
        )
        assert.strictEqual((yield* adjusted).code, 0)
        assert.strictEqual((yield* tidemark("prune", "--even-if-needed")).code, 0)
        const failed = yield* adjusted
        assert.strictEqual(failed.code, 1)
        assert.include(failed.stderr, `needs the close of ${before}, which is not stored`)
      }),
    seconds
  )

  it.effect(
    "a series that fails costs the others nothing, and a name that nothing is stored of is no success",
    () =>
      Effect.gen(function* () {
        const { at, backfill, database, keep, tidemark } = yield* world()
        yield* backfill(0, days, "--timeframes=1h,1d")
        yield* tidemark(
          "backfill",
          "--symbols=ETH/USDT",
          "--source=binance",
          "--timeframes=1h,1d",
          `--start=${at(0)}`,
          `--end=${at(days)}`
        )
        yield* database.execute("UPDATE series SET source = 'nosuch' WHERE symbol = 'BTC/USDT'")
        const ended = yield* tidemark("prune", "--json")
        assert.strictEqual(ended.code, 1)
        assert.include(ended.stderr, 'tidemark: nosuch BTC/USDT 1h: There is no source "nosuch"')
        const { series, summary } = parse<PruneJson>(ended)
        assert.deepInclude(summary, { failed: 1, pruned: 1, rows: gone })
        assert.deepStrictEqual(
          series.map(({ status, symbol, timeframe }) => `${String(symbol)} ${String(timeframe)} ${String(status)}`),
          ["BTC/USDT 1h failed", "BTC/USDT 1d kept", "ETH/USDT 1h pruned", "ETH/USDT 1d kept"]
        )
        yield* assertSound(database, "one failed")
        const typo = yield* tidemark("prune", "--symbols=ETH/USDT,NOPE")
        assert.deepStrictEqual([typo.code, typo.stderr.includes("NOPE is not stored")], [3, true])
        yield* keep({ "1h": "10 days", symbols: { "ETH/USTD": { "1h": "forever" }, "ETH/USDT": { "1h": "10 days" } } })
        const misspelled = yield* tidemark("prune", "--symbols=ETH/USDT", "--json")
        assert.strictEqual(misspelled.code, 0, misspelled.stderr)
        assert.include(misspelled.stderr, '"retention" in the configuration names ETH/USTD, of which nothing is stored')
        assert.deepStrictEqual(parse<{ readonly unknown_symbols: unknown }>(misspelled).unknown_symbols, ["ETH/USTD"])
      }),
    seconds
  )

  it.effect(
    "an outage that was inferred goes on to explain what is kept longer, when the candles that showed it are gone",
    () =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const start = Math.floor(now / day) * day - days * day
        const hole = { from: start + 5 * day, to: start + 5 * day + 3 * hour }
        // Nobody knows why this one is there, so outages are looked for again.
        const own = { from: start + 20 * day, to: start + 20 * day + hour }
        const lacking = (symbol: string) => {
          const extent = { from: start, to: start + days * day }
          const pattern = Dataset.cheap({ symbol, interval: "1h", ...extent })
          return Dataset.generated({
            symbol,
            interval: "1h",
            extent,
            candles: (asked) =>
              Candles.concat(
                Interval.difference([asked], symbol === "XRPUSDT" ? [hole, own] : [hole]).map((part) =>
                  Candles.within(pattern.candles(asked), part)
                )
              )
          })
        }
        const emulator = yield* provider({ datasets: ["BTC", "ETH", "SOL", "XRP"].map((one) => lacking(`${one}USDT`)) })
        const { cwd, database } = yield* fresh()
        yield* put(cwd, retention({ "1h": "10 days", symbols: { "XRP/USDT": { "1h": "forever" } } }))
        const env = { DATABASE_URL: database.url, BINANCE_BASE_URL: emulator.url }
        const tidemark = (...args: ReadonlyArray<string>) => run(args, { cwd, env })
        const backfill = (symbols: string) =>
          tidemark(
            "backfill",
            `--symbols=${symbols}`,
            "--source=binance",
            "--timeframes=1h",
            `--start=${new Date(start).toISOString()}`,
            `--end=${new Date(start + days * day).toISOString()}`
          )
        yield* backfill("BTC/USDT,ETH/USDT,SOL/USDT")
        const pruned = yield* tidemark("prune", "--even-if-needed")
        assert.strictEqual(pruned.code, 0, pruned.stdout)
        // One witness alone, from now on.
        const last = yield* backfill("XRP/USDT")
        assert.strictEqual(last.code, 3, last.stdout)
        const gaps = parse<ReadonlyArray<GapJson>>(yield* tidemark("gaps", "list", "--symbols=XRP/USDT", "--json"))
        assert.deepStrictEqual(
          gaps.map(({ cause, missing }) => [cause, missing]),
          [
            ["outage", 3],
            ["unexplained", 1]
          ]
        )
      }),
    seconds
  )

  it.effect(
    "a certificate explains what was pruned since, and still notices what was changed",
    () =>
      Effect.gen(function* () {
        // Where the cut goes through the middle of a month, whatever day it is.
        const now = yield* Clock.currentTimeMillis
        const term = Array.from({ length: 31 }, (_, i) => i + 10).find(
          (some) => new Date(now - some * day).getUTCDate() === 15
        )!
        const { at, backfill, database, tidemark } = yield* world({ "1h": `${term} days` })
        yield* backfill(-20, days, "--timeframes=1h,1d")
        yield* tidemark("verify", "--lock=before.json")
        const old = ["--timeframes=1h", `--start=${at(-20)}`, `--end=${at(-18)}`]
        yield* tidemark("verify", ...old, "--lock=old.json")
        yield* tidemark("prune")
        const explained = yield* tidemark("verify", "--against=before.json")
        assert.strictEqual(explained.code, 3, explained.stdout)
        assert.match(
          explained.stdout,
          /binance BTC\/USDT 1h .*: NOT COMPARABLE: pruned on \d{4}-\d\d-\d\d in part, and/
        )
        assert.include(
          explained.stdout,
          "2 series: what can be compared is the same as certified; 1 range is not comparable any more"
        )
        const compared = parse<{ readonly same: boolean; readonly not_comparable: ReadonlyArray<Row> }>(
          yield* tidemark("verify", "--against=before.json", "--json")
        )
        assert.deepStrictEqual([compared.same, compared.not_comparable.length], [false, 1])
        // All of what is certified here is gone, for a reason.
        assert.match(
          (yield* tidemark("verify", "--against=old.json")).stdout,
          /pruned on .*\n1 series: what was not pruned/
        )
        assert.strictEqual((yield* tidemark("verify", "--against=old.json")).code, 0)
        yield* tidemark("verify", "--lock=after.json")
        assert.include((yield* tidemark("verify", "--against=after.json")).stdout, "2 series: the same as certified")
        yield* database.execute(`UPDATE candles SET close = close + 1 WHERE open_time = TIMESTAMP '${at(39)} 00:00:00'`)
        const changed = yield* tidemark("verify", "--against=after.json")
        assert.strictEqual(changed.code, 3, changed.stdout)
        // Of a series of which nothing is left, everything is explained.
        yield* database.execute(
          "UPDATE candles SET close = close - 1 WHERE open_time = TIMESTAMP '" + at(39) + " 00:00:00'"
        )
        const all = yield* tidemark(
          "verify",
          "--symbols=BTC/USDT",
          "--timeframes=1h",
          `--start=${at(0)}`,
          `--end=${at(30)}`,
          "--lock=gone.json"
        )
        assert.strictEqual(all.code, 0, all.stdout)
      }),
    seconds
  )

  it.effect(
    "a series of which all is too old goes as a whole, and comes again",
    () =>
      Effect.gen(function* () {
        const { at, backfill, database, keep, tidemark } = yield* world()
        yield* backfill(0, 20, "--timeframes=1h,1d")
        yield* tidemark("prune")
        for (const command of [["verify"], ["quality", "check"], ["coverage"], ["status"], ["gaps", "list"]]) {
          const ended = yield* tidemark(...command)
          assert.strictEqual(ended.code, 0, `${command.join(" ")}: ${ended.stdout}${ended.stderr}`)
        }
        const exported = yield* tidemark("export", "--symbols=BTC/USDT", "--timeframes=1h")
        assert.include(exported.stderr, "all of BTC/USDT 1h was pruned; to have it again")
        yield* keep({ "1h": "forever" })
        const filled = yield* tidemark("gaps", "fill", "--json")
        assert.deepInclude(parse<ReportJson>(filled).summary, { inserted: 20 * 24, exit_code: 0 })
        assert.strictEqual((yield* tidemark("verify", `--start=${at(0)}`)).code, 0)
        yield* assertSound(database, "come again")
      }),
    seconds
  )
})

const wrong = (name: string, settings: object, ...says: ReadonlyArray<string>) => ({
  name,
  args: ["prune", "--dry-run"],
  files: retention(settings),
  code: 2 as const,
  says: ["tidemark.json is wrong", ...says]
})

refuses([
  wrong("a term that is none says what would be", { "1m": "6 moons" }, "retention.1m", '"12 months"', '"forever"'),
  wrong("a number is no term", { "1m": 6 }, "retention.1m", '"90 days"'),
  wrong("a timeframe that there is not", { "2m": "6 months" }, "retention.2m", "1m, 3m, 5m"),
  wrong("a term of a symbol", { symbols: { "BTC/USDT": { "1m": "0 days" } } }, "BTC/USDT.1m", '"forever"'),
  wrong("a symbol that is none", { symbols: { "btc usdt": { "1m": "1 day" } } }, "btc usdt", "BTC/USDT"),
  {
    name: "a timeframe of the command that there is not",
    args: ["prune", "--timeframes=7m"],
    code: 2,
    says: ['There is no timeframe "7m"']
  }
])
