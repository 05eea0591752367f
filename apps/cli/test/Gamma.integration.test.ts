/** Options gamma as users meet it: a year from nothing, a chain of a provider or of a file, pictures, and what is refused. */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Equity } from "@tidemark/emulator"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Effect, Random } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { type Database, Databases, fresh, onEvery } from "./databases.ts"
import { killed } from "./kills.ts"
import { folder, type Options, parse, provider, query, type Row, run } from "./tidemark.ts"

const seconds = 240_000

interface BackfillJson {
  readonly slots: number
  readonly sessions: number
  readonly inserted: number
  readonly replaced: number
  readonly kept: number
  readonly provenance: Readonly<Record<string, number>>
  readonly planned: Readonly<Record<string, number>>
  readonly signals: Readonly<Record<string, number>>
}

const backfilled = Effect.fnUntraced(function* (options: Options, ...flags: ReadonlyArray<string>) {
  const ended = yield* run(["gamma", "backfill", "--symbol=SPY", "--json", "--quiet", ...flags], options)
  assert.strictEqual(ended.code, 0, ended.stderr)
  return parse<BackfillJson>(ended)
})

const candles = (start: string, end: string) => [
  "backfill",
  "--symbols=SPY",
  "--source=synthetic",
  "--timeframes=5m,15m,1h,4h,1d",
  `--start=${start}`,
  `--end=${end}`,
  "--quiet"
]

const filled = {
  gex_history: "symbol, timestamp, source, method, provenance, net_gex, gross_gex, maker_state, flip",
  gamma_history: "symbol, timestamp, source, method, call_wall, put_wall, max_pain, expected_move, kept, conventions",
  regime_signals:
    "symbol, timestamp, source, method, pattern, direction, confidence, price, due_at, outcome, outcome_price, move",
  option_chains: "symbol, timestamp, source, spot, contracts"
}

/** What a backfill fills, without when it did. */
const contents = Effect.fnUntraced(function* (database: Database) {
  const { fingerprint } = yield* Databases
  return yield* Effect.forEach(Object.entries(filled), ([table, columns]) =>
    database.select(`SELECT count(*)::INTEGER AS rows, ${fingerprint(columns)} AS fingerprint FROM ${table}`)
  )
})

onEvery("gamma histories", (it) => {
  it.effect(
    "have four rows a session in each of two tables, a day a session and a signal a row, and all of them agree",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* fresh()
        assert.strictEqual((yield* run(candles("2024-01-02", "2024-07-01"), options)).code, 0)
        const range = ["--start=2024-04-01", "--end=2024-06-01"]
        const planned = yield* run(["gamma", "backfill", "--symbol=SPY", "--dry-run", ...range], options)
        assert.match(planned.stdout, /176 snapshots of 44 sessions: 176 of simulated chains .* Nothing was made/)
        const first = yield* backfilled(options, ...range)
        assert.deepInclude(first, { slots: 176, sessions: 44, inserted: 176, provenance: { synthetic: 176 } })
        const [counts] = yield* database.select(
          "SELECT (SELECT count(*) FROM gex_history)::INTEGER AS gex, (SELECT count(*) FROM gamma_history)::INTEGER AS gamma, " +
            "(SELECT count(*) FROM gamma_daily_summary)::INTEGER AS days, (SELECT count(*) FROM regime_signals)::INTEGER AS signals, " +
            "(SELECT count(*) FROM option_chains)::INTEGER AS chains"
        )
        assert.deepStrictEqual(counts, { gex: 176, gamma: 176, days: 44, signals: 176, chains: 176 })
        const [odd] = yield* database.select(
          "SELECT count(*)::INTEGER AS rows FROM gex_history AS g " +
            "LEFT JOIN gamma_history AS h ON h.symbol = g.symbol AND h.timestamp = g.timestamp AND h.source = g.source AND h.method = g.method " +
            "LEFT JOIN regime_signals AS s ON s.symbol = g.symbol AND s.timestamp = g.timestamp AND s.source = g.source AND s.method = g.method " +
            "WHERE h.net_gex IS NULL OR h.net_gex <> g.net_gex OR s.price IS NULL OR s.price <> g.spot " +
            "OR abs(g.call_gex + g.put_gex - g.net_gex) > 1e-6 * g.gross_gex OR g.provenance <> 'synthetic' OR s.provenance <> 'synthetic' " +
            "OR (g.maker_state = 'long_gamma') <> (g.net_gex > 0)"
        )
        assert.deepStrictEqual(odd, { rows: 0 })
        const [days] = yield* database.select(
          "SELECT count(*)::INTEGER AS rows FROM gamma_daily_summary AS d " +
            "JOIN gex_history AS o ON o.session = d.session AND o.timestamp = d.open_at " +
            "JOIN gex_history AS c ON c.session = d.session AND c.timestamp = d.close_at " +
            "WHERE d.snapshots = 4 AND d.open_gex = o.net_gex AND d.close_gex = c.net_gex AND d.close_price = c.spot " +
            "AND abs(d.change - (c.net_gex - o.net_gex)) < 1"
        )
        assert.deepStrictEqual(days, { rows: 44 })
        const [outcomes] = yield* database.select(
          "SELECT count(*)::INTEGER AS told FROM regime_signals WHERE outcome <> 'pending' AND due_at < '2024-07-01'"
        )
        assert.isAbove(outcomes!["told"] as number, 150)
        const again = yield* backfilled(options, ...range)
        assert.deepInclude(again, { inserted: 0, replaced: 0, kept: 0 })
        assert.deepInclude(again.planned, { kept: 176 })
        const forced = yield* backfilled(options, ...range, "--force")
        assert.deepInclude(forced, { inserted: 0, replaced: 176, signals: first.signals })
      }),
    seconds
  )

  it.effect(
    "killed at 4 moments end as if nothing had happened",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* fresh()
        assert.strictEqual((yield* run(candles("2024-01-02", "2024-07-01"), options)).code, 0)
        const plain = yield* database.remember
        const range = ["--start=2024-03-01", "--end=2024-06-01"]
        yield* backfilled(options, ...range)
        const reference = yield* contents(database)
        yield* plain
        yield* killed({
          args: ["gamma", "backfill", "--symbol=SPY", "--quiet", ...range],
          database,
          options,
          kills: 4,
          writes: [1, 2, 3, 5, 8],
          contents: contents(database),
          reference,
          begin: plain
        })
        yield* backfilled(options, ...range)
        assert.deepStrictEqual(yield* contents(database), reference)
      }).pipe(Random.withSeed("gamma")),
    seconds
  )
})

/** A table of chains: of SPY at the close of these days, of a few contracts each. */
const chainsOf = (days: ReadonlyArray<string>, more: ReadonlyArray<string> = []) =>
  [
    "quote_time,underlying,underlying_price,expiry,strike,type,open_interest,implied_volatility,root",
    ...days.flatMap((day, i) => [
      `${day} 20:00,SPY,${500 + i},2024-07-19,500,call,${100 + i},0.15,SPY`,
      `${day} 20:00,QQQ,${400 + i},2024-07-19,400,call,100,0.15,QQQ`,
      `${day} 20:00,SPY,${500 + i},2024-07-19,490,put,200,0.16,SPY`
    ]),
    ...more
  ].join("\n")

const june = ["2024-06-05", "2024-06-03", "2024-06-06", "2024-06-04"]

onEvery("imports of several moments", (it) => {
  it.effect(
    "killed at 3 moments end as if nothing had happened",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* fresh()
        const whole = Effect.map(
          database.select(
            "SELECT count(*)::INTEGER AS rows FROM gex_history AS g LEFT JOIN option_chains AS c " +
              "ON c.symbol = g.symbol AND c.timestamp = g.timestamp AND c.source = g.source " +
              "LEFT JOIN regime_signals AS s ON s.symbol = g.symbol AND s.timestamp = g.timestamp " +
              "WHERE c.contracts IS DISTINCT FROM 2 OR (g.hours = 'session') <> (s.pattern IS NOT NULL)"
          ),
          (found) => assert.deepStrictEqual(found, [{ rows: 0 }])
        )
        const days = Array.from({ length: 16 }, (_, i) => `2024-06-${String(i + 1).padStart(2, "0")}`)
        yield* Effect.promise(() => writeFile(join(options.cwd, "year.csv"), chainsOf(days)))
        const args = ["gamma", "import", "year.csv", "--symbol=SPY", "--quiet"]
        assert.strictEqual((yield* run(["migrate"], options)).code, 0)
        const plain = yield* database.remember
        assert.strictEqual((yield* run(args, options)).code, 0)
        const reference = yield* contents(database)
        yield* plain
        yield* killed({
          args,
          database,
          options,
          kills: 3,
          writes: [3, 21, 55],
          contents: Effect.andThen(whole, contents(database)),
          reference,
          begin: plain
        })
        assert.strictEqual((yield* run(args, options)).code, 0)
        assert.deepStrictEqual(yield* contents(database), reference)
      }).pipe(Random.withSeed("import")),
    seconds
  )
})

const quotedata = `
Livevol Forward Russell 2000 Index,Last: 1817.4937,Change:  19.8837
"Date: December 12, 2022 at 8:30 PM EST",Bid: 0,Ask: 0,Size: 0*0,Volume: 0
Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest
Wed Dec 14 2022,RUTW221214C01815000,14.3,0.65,12,13,542,0.3971,0.5,0.0042,105,1815.00,RUTW221214P01815000,10.42,-17.93,9,10.05,110,0.3935,-0.5,0.0043,17
`

const spy = Equity.synthetic({ symbol: "SPY" })
const spx = Equity.synthetic({ symbol: "^SPX" })

/** What the blocks of a page tell to type. */
const commands = (page: string): ReadonlyArray<ReadonlyArray<string>> =>
  [...page.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block]) =>
    block!
      .split("\n")
      .filter((line) => line.startsWith("npx tidemark "))
      .map((line) => line.split(" ").slice(2))
  )

describe("docs/gamma.md and docs/signals.md", () => {
  it.effect(
    "work as they stand: a year of SPY from nothing, four rows a session, a day a session, signals with outcomes",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: [], equities: [spy, spx] })
        const cwd = yield* folder
        const options = { cwd, env: { CBOE_BASE_URL: emulator.url } }
        yield* Effect.promise(() => writeFile(join(cwd, "rut_quotedata.csv"), quotedata))
        for (const name of ["gamma", "signals"]) {
          const page = yield* Effect.promise(() =>
            readFile(new URL(`../../../docs/${name}.md`, import.meta.url), "utf8")
          )
          const all = commands(page)
          assert.isAtLeast(all.length, 3)
          for (const command of all) {
            // The last days of the candles come after the last snapshots: nothing is incomplete but what waits for them.
            const ended = yield* run([...command, ...(command[0] === "backfill" ? ["--quiet"] : [])], options)
            assert.strictEqual(ended.code, 0, `${command.join(" ")}\n${ended.stdout}\n${ended.stderr}`)
          }
        }
        const [counts] = yield* query(
          "SELECT (SELECT count(*) FROM gex_history WHERE provenance = 'synthetic' AND method = 'recomputed')::INTEGER AS gex, " +
            "(SELECT count(*) FROM gamma_daily_summary WHERE provenance = 'synthetic' AND method = 'recomputed' AND snapshots = 4)::INTEGER AS days, " +
            "(SELECT count(*) FROM regime_signals WHERE provenance = 'synthetic' AND outcome <> 'pending')::INTEGER AS told",
          options
        )
        const { days, gex, told } = counts as Record<"days" | "gex" | "told", number>
        // Whatever day it is, a year has 249 to 253 whole sessions behind it.
        assert.isTrue(days >= 248 && days <= 253 && gex >= 4 * days && gex < 4 * days + 8, `${days} days, ${gex} rows`)
        assert.isAbove(told, 0.9 * gex)
        const show = yield* run(
          ["gamma", "show", "--symbol=SPY", "--source=synthetic", "--include=synthetic", "--last=3"],
          options
        )
        assert.match(show.stdout, /synthetic {2}recomputed {2}synthetic/)
        assert.match(show.stdout, /Simulated: not what any market was/)
        const counted = yield* run(["signals", "performance", "--include=synthetic", "--json"], options)
        for (const { interval, win_rate } of parse<ReadonlyArray<Row>>(counted)) {
          if (interval === null) continue
          const { high, low } = interval as { readonly low: number; readonly high: number }
          assert.isTrue(low <= (win_rate as number) && (win_rate as number) <= high)
        }
        const picture = yield* Effect.promise(() => readFile(join(cwd, "spy.svg"), "utf8"))
        assert.include(picture, "gamma exposure over the spot")
      }),
    seconds
  )
})

describe("what was simulated", () => {
  it.effect(
    "is shown, drawn and counted for nobody who did not ask for it",
    () =>
      Effect.gen(function* () {
        const options = { cwd: yield* folder }
        assert.strictEqual((yield* run(candles("2024-04-01", "2024-07-01"), options)).code, 0)
        yield* backfilled(options, "--start=2024-06-01", "--end=2024-06-08")
        for (const command of [
          ["signals", "performance"],
          ["signals", "list"],
          ["gamma", "show", "--symbol=SPY"],
          ["gamma", "show", "--symbol=SPY", "--daily"],
          ["gamma", "plot", "--symbol=SPY", "--out=x.svg"]
        ]) {
          const unasked = yield* run([...command, "--include=modelled"], options)
          assert.strictEqual(unasked.code, 3, unasked.stdout)
          assert.match(unasked.stderr, /what is synthetic: --include modelled,synthetic/)
          assert.notMatch(unasked.stdout, /synthetic/)
          assert.match((yield* run(command, options)).stderr, /--include synthetic/)
          const asked = yield* run([...command, "--include=synthetic"], options)
          assert.strictEqual(asked.code, 0, asked.stderr)
        }
        const drawn = yield* run(["gamma", "show", "--symbol=SPY", "--include=synthetic", "--json"], options)
        assert.isTrue(parse<ReadonlyArray<Row>>(drawn).every(({ fitted }) => fitted === null))
        const counted = yield* run(["signals", "performance", "--include=synthetic", "--json"], options)
        const sum = parse<ReadonlyArray<Row>>(counted).reduce(
          (all, one) => all + (one["resolved"] as number) + (one["pending"] as number),
          0
        )
        assert.strictEqual(sum, 20)
      }),
    seconds
  )
})

const table = `expiry,strike,type,bid,ask,open_interest,implied_volatility,gamma,root
2024-06-21,500,call,5,5.2,100,0.15,0.03,SPY
2024-06-21,500,put,4,4.2,200,0.16,0.03,SPY
2024-06-21,510,call,1,1.2,0,0.15,0.02,SPY
2024-06-21,490,put,1.4,1.2,50,0.18,0.02,SPY
2024-05-17,500,call,5,5.2,100,0.15,0.03,SPY
2024-06-21,520,call,0.2,0.3,70,9.99,0.01,SPY
`

describe("a chain of a file", () => {
  it.effect(
    "is accounted for row by row, drawn, and kept once",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const options = { cwd }
        yield* Effect.promise(() => writeFile(join(cwd, "chain.csv"), table))
        const command = ["gamma", "import", "chain.csv", "--symbol=SPY"]
        const unsaid = yield* run(command, options)
        assert.strictEqual(unsaid.code, 1)
        assert.match(unsaid.stderr, /--at/)
        const whole = [...command, "--at=2024-06-03T15:00Z", "--spot=501", "--json"]
        const first = yield* run(whole, options)
        assert.strictEqual(first.code, 0, first.stderr)
        const { snapshot } = parse<{ readonly snapshot: Row }>(first)
        assert.deepInclude(snapshot, { provenance: "chain-observed", source: "file", spot: 501, session: "2024-06-03" })
        assert.deepStrictEqual(snapshot["accounting"], {
          contracts: 6,
          kept: 3,
          expired: 1,
          no_open_interest: 1,
          no_volatility: 1,
          malformed: 0,
          duplicates: 0,
          no_spot: 0,
          crossed: 1
        })
        // Another choice of rows has none: that is no reason to make what is there.
        const unmatched = yield* run(["gamma", "show", "--symbol=SPY", "--method=implied"], options)
        assert.strictEqual(unmatched.code, 3)
        assert.match(
          unmatched.stderr,
          /of this time, source and method; the newest is of 2024-06-03T15:00Z, recomputed/
        )
        const foreign = `${table}2024-06-21,480,put,1,1.1,9000,0.2,0.01,QQQ`
        yield* Effect.promise(() => writeFile(join(cwd, "foreign.csv"), foreign))
        const priceless = ["gamma", "import", "foreign.csv", "--symbol=SPY", "--at=2024-06-04", "--json"]
        const mixed = yield* run(priceless, options)
        assert.strictEqual(mixed.code, 3)
        assert.match(mixed.stderr, /say what SPY cost then: the same command with --spot PRICE --replace/)
        const left = {
          ...parse<{ readonly snapshot: Row; readonly signal: null; readonly unreadable: unknown }>(mixed)
        }
        // A day is the close of its session, and nothing is told by an exposure that nobody knows.
        assert.deepInclude(left.snapshot, { timestamp: "2024-06-04T20:00Z", spot: null, net_gex: null })
        assert.isNull(left.signal)
        assert.deepStrictEqual(left.unreadable, ["row 7 is of QQQ, not of SPY"])
        const priced = yield* run([...priceless, "--spot=501", "--replace"], options)
        // The row of QQQ is still none of it.
        assert.strictEqual(priced.code, 3, priced.stderr)
        assert.isNumber(parse<{ readonly snapshot: Row }>(priced).snapshot["net_gex"])
        const again = parse<Row>(yield* run(whole, options))
        assert.deepInclude(again, { was_there: true, snapshot })
        const wrong = yield* run([...command, "--at=2024-06-03T15:00Z", "--spot=502"], options)
        assert.strictEqual(wrong.code, 1)
        assert.match(wrong.stderr, /another chain of 2024-06-03T15:00Z is kept, of 6 contracts.*--replace/)
        for (const moment of ["2099-01-01", "2150-01-01", "1850-01-01"]) {
          const never = yield* run([...command, `--at=${moment}`], options)
          assert.strictEqual(never.code, 1)
          assert.match(never.stderr, /^tidemark: file SPY: chain\.csv: by --at .*; say with --at [^\n]*\n$/)
        }
        const [kept] = yield* query("SELECT count(*)::INTEGER AS chains FROM option_chains", options)
        assert.deepStrictEqual(kept, { chains: 2 })
        yield* run([...whole, "--method=vendor"], options)
        const replaced = yield* run([...whole.filter((arg) => arg !== "--json"), "--replace"], options)
        assert.match(replaced.stdout, /Made anew of this chain too: the rows by vendor\./)
        for (const name of ["chain.svg", "chain.html"]) {
          const drawn = yield* run(["gamma", "plot", "--symbol=SPY", `--out=${name}`], options)
          assert.strictEqual(drawn.code, 0, drawn.stderr)
          const picture = yield* Effect.promise(() => readFile(join(cwd, name), "utf8"))
          assert.include(picture, "spot 501")
          assert.include(picture, "SPY · gamma exposure by strike")
        }
      }),
    seconds
  )
})

interface ImportedJson {
  readonly totals: Row
  readonly moments: ReadonlyArray<Row>
  readonly unplaced: { readonly rows: number; readonly first: ReadonlyArray<string> }
}

describe("a table of several moments", () => {
  const bad = [
    "2024-06-07 20:00,SPY,500,,500,call,1,0.15,SPY",
    "soon,SPY,500,2024-07-19,500,call,1,0.15,SPY",
    "2024-06-06 20:00,SPY,500,2024-07-19,none,call,1,0.15,SPY"
  ]
  const stored =
    "SELECT g.timestamp, net_gex, fetched_at FROM gex_history AS g JOIN option_chains USING (timestamp) ORDER BY 1"

  it.effect(
    "is kept moment by moment: what is wrong with one of them, or with a row, is told and stops no other",
    () =>
      Effect.gen(function* () {
        const options = { cwd: yield* folder }
        yield* Effect.promise(() => writeFile(join(options.cwd, "june.csv"), chainsOf(june, bad)))
        const command = ["gamma", "import", "june.csv", "--symbol=SPY"]
        const priced = yield* run([...command, "--spot=500"], options)
        assert.strictEqual(priced.code, 1)
        assert.match(
          priced.stderr,
          /--spot 500 cannot be the price of all of them; .*column "underlying_price", or choose/
        )
        const ended = yield* run([...command, "--json"], options)
        assert.strictEqual(ended.code, 3)
        assert.strictEqual(ended.stderr, "SPY: 5 of 5 moments\n")
        const first = parse<ImportedJson>(ended)
        assert.deepStrictEqual(first.totals, { new: 4, there: 0, replaced: 0, failed: 1 })
        assert.deepStrictEqual(
          first.moments.map(({ chain, contracts, kept, timestamp }) => [timestamp, chain, contracts, kept]),
          [
            ...["03", "04", "05", "06"].map((day) => [`2024-06-${day}T20:00Z`, "new", 2, 2]),
            ["2024-06-07T20:00Z", "failed", null, null]
          ]
        )
        assert.match(String(first.moments[4]!["reason"]), /none of its rows is a contract: row 13 has no expiry/)
        assert.deepInclude(first.moments[3], {
          unreadable: { rows: 1, first: ['row 15 has no strike that can be read: "none"'] }
        })
        assert.deepStrictEqual(first.unplaced, {
          rows: 1,
          first: ['row 14 has no time that can be read: "soon"']
        })
        const rows = yield* query(stored, options)
        assert.deepStrictEqual(
          rows.map((row) => row["net_gex"]),
          first.moments.slice(0, 4).map((moment) => moment["net_gex"])
        )
        const again = yield* run([...command, "--quiet"], options)
        assert.strictEqual(again.code, 3)
        assert.strictEqual(again.stderr, "")
        assert.match(again.stdout, /^SPY: 5 moments of june\.csv: 4 already there, 1 failed\n/)
        assert.match(again.stdout, /^2024-06-03T20:00Z +2 +2 +[−\d.,m ]+ \$ +already there$/m)
        assert.match(again.stdout, /^2024-06-07T20:00Z, failed: june\.csv: none of its rows is a contract/m)
        assert.match(again.stdout, /^1 row of the file belongs to none of its moments:\n {2}row 14 has no time/m)
        assert.deepStrictEqual(yield* query(stored, options), rows)
        const chosen = yield* run([...command, "--at=2024-06-04T20:00Z", "--json"], options)
        assert.strictEqual(chosen.code, 3)
        assert.match(chosen.stderr, /1 row of the file belongs to none of its moments:\n {2}row 14 has no time/)
        const one = parse<{ readonly snapshot: Row; readonly was_there: boolean }>(chosen)
        assert.isTrue(one.was_there)
        assert.deepInclude(one.snapshot, { timestamp: "2024-06-04T20:00Z", net_gex: first.moments[1]!["net_gex"] })
      }),
    seconds
  )

  it.effect(
    "leaves another chain of one of its moments as it is, unless it shall be replaced",
    () =>
      Effect.gen(function* () {
        const options = { cwd: yield* folder }
        const write = (name: string, days: ReadonlyArray<string>) =>
          Effect.promise(() => writeFile(join(options.cwd, name), chainsOf(days)))
        yield* write("one.csv", ["2024-06-05"])
        yield* write("june.csv", june.toSorted())
        const sql = yield* DuckDbClient.make({ path: ":memory:" }).pipe(Effect.provide(Reactivity.layer))
        const parquet = join(options.cwd, "june.parquet")
        yield* sql`COPY (SELECT * FROM read_csv(${join(options.cwd, "june.csv")}))
          TO ${sql.literal(`'${parquet}'`)} (FORMAT parquet)`
        assert.strictEqual((yield* run(["gamma", "import", "one.csv", "--symbol=SPY"], options)).code, 0)
        const command = ["gamma", "import", "june.parquet", "--symbol=SPY", "--json"]
        const refused = yield* run(command, options)
        assert.strictEqual(refused.code, 3)
        const { moments, totals } = parse<ImportedJson>(refused)
        assert.deepStrictEqual(totals, { new: 3, there: 0, replaced: 0, failed: 1 })
        assert.match(String(moments[2]!["reason"]), /^another chain of 2024-06-05T20:00Z is kept, .*--replace/)
        const replaced = yield* run([...command, "--replace"], options)
        assert.strictEqual(replaced.code, 0, replaced.stdout)
        assert.deepStrictEqual(parse<ImportedJson>(replaced).totals, { new: 0, there: 0, replaced: 4, failed: 0 })
        const again = yield* run(command, options)
        assert.strictEqual(again.code, 0)
        assert.deepStrictEqual(parse<ImportedJson>(again).totals, { new: 0, there: 4, replaced: 0, failed: 0 })
        yield* write("june.csv", ["2024-06-06", ...june.toSorted().slice(0, 2)])
        const nothing = yield* run(["gamma", "import", "june.csv", "--symbol=SPY"], options)
        assert.strictEqual(nothing.code, 1)
        assert.match(nothing.stdout, /^SPY: 3 moments of june\.csv: 3 failed\n/)
        assert.match(nothing.stdout, /^3 moments, the first 2024-06-03T20:00Z, failed: another chain/m)
      }),
    seconds
  )
})

describe("a chain of a provider", () => {
  it.effect(
    "is asked for, kept, and told with when it is of",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: [], equities: [spy], now: () => Date.UTC(2026, 10, 20, 15) })
        const options = { cwd: yield* folder, env: { CBOE_BASE_URL: emulator.url } }
        const ended = yield* run(["gamma", "snapshot", "--symbol=SPY", "--json"], options)
        assert.strictEqual(ended.code, 0, ended.stderr)
        const { snapshot } = parse<{ readonly snapshot: Row }>(ended)
        assert.deepInclude(snapshot, { source: "cboe", provenance: "chain-observed", method: "recomputed" })
        const vendor = yield* run(["gamma", "snapshot", "--symbol=SPY", "--method=vendor", "--json"], options)
        assert.deepInclude(parse<{ readonly snapshot: Row }>(vendor).snapshot, { provenance: "vendor-reported" })
      }),
    seconds
  )
})

describe("what makes no sense", () => {
  it.effect(
    "is refused before any work, with the way out",
    () =>
      Effect.gen(function* () {
        const options = { cwd: yield* folder }
        const refused = Effect.fnUntraced(function* (args: ReadonlyArray<string>, code: number, message: RegExp) {
          const ended = yield* run(args, options)
          assert.strictEqual(ended.code, code, `${args.join(" ")}: ${ended.stderr}`)
          assert.match(ended.stderr, message)
        })
        yield* refused(["gamma", "backfill", "--symbol=SPY", "--days=0"], 2, /--days must be at least 1/)
        yield* refused(["gamma", "backfill", "--symbol=SPY", "--days=5", "--start=2024-01-01"], 2, /give one of them/)
        yield* refused(["gamma", "plot", "--symbol=SPY", "--out=x.pdf"], 2, /--out x\.pdf: name a file that ends in/)
        yield* refused(["gamma", "plot", "--symbol=SPY", "--method=model", "--out=x.svg"], 2, /no strikes to draw/)
        yield* refused(["gamma", "import", "none.csv", "--symbol=SPY"], 1, /there is no such file/)
        yield* refused(["gamma", "snapshot", "--symbol=BTC/USDT"], 2, /no option chains of BTC\/USDT/)
        yield* refused(["gamma", "snapshot", "--symbol=SPY", "--source=binance"], 2, /shows no option chains/)
        yield* refused(["gamma", "snapshot", "--symbol=SPY"], 1, /cboe/)
        yield* refused(["signals", "list", "--patterns=SQUEEZE"], 2, /is none of/)
        yield* refused(["gamma", "show", "--symbol=SPY", "--include=made-up"], 2, /is none of modelled, synthetic/)
        yield* refused(
          ["gamma", "backfill", "--symbol=SPY", "--days=5"],
          3,
          /fetch them: tidemark backfill --symbols SPY/
        )
        yield* refused(["gamma", "show", "--symbol=SPY"], 3, /tidemark gamma snapshot --symbol SPY/)
        yield* refused(["gamma", "plot", "--symbol=^SPX", "--out=x.svg"], 3, /no option chain of \^GSPC is kept/)
        yield* refused(["gamma", "plot", "--symbol=SPX", "--out=x.svg"], 3, /no option chain of \^GSPC is kept/)
        yield* refused(["signals", "list"], 3, /tidemark gamma backfill/)
      }),
    seconds
  )
})
