import { assert, describe, it } from "@effect/vitest"
import { Payload, Rules, Settings } from "@tidemark/alerts"
import type { Alert } from "@tidemark/core"

const hour = 3_600_000
const at = Date.parse("2026-03-02T12:00:00Z")
const { completeness, disk, syncMillis } = Settings.make({}, { database: "x", file: undefined, webhooks: [] })
const thresholds = { completeness, disk, syncMillis }

const nothing: Rules.Seen = { at, series: [], isFetching: false, jobs: [], hosts: [], disk: undefined }

const series = (change: Partial<Rules.SeriesSeen>): Rules.SeriesSeen => ({
  series: { source: "binance", symbol: "BTC/USDT", timeframe: "1h" },
  asked: { from: at - 1_000 * hour, to: at },
  expected: 1_000,
  open: {},
  lagMillis: 0,
  ...change
})

const job = (change: Partial<Rules.JobSeen>): Rules.JobSeen => ({
  job: "incremental",
  runId: 7,
  endedAt: at,
  failed: true,
  error: "lost the database",
  ...change
})

const host = (change: Partial<Rules.HostSeen>): Rules.HostSeen => ({
  host: "api.binance.com",
  sources: ["binance"],
  pausedUntil: at + hour,
  banned: true,
  ...change
})

const minute = 60_000

/** What was seen, and the kinds that hold. */
const table: ReadonlyArray<readonly [what: string, seen: Partial<Rules.Seen>, kinds: ReadonlyArray<Alert.Kind>]> = [
  ["nothing", {}, []],
  ["a whole series", { series: [series({})] }, []],
  ["99 % of one", { series: [series({ open: { unexplained: 10 } })] }, []],
  ["a candle less", { series: [series({ open: { unexplained: 10, "source-failure": 1 } })] }, ["incomplete-series"]],
  ["one that nobody has answered", { series: [series({ open: { unfetched: 1_000 } })] }, ["incomplete-series"]],
  ["one that is being fetched", { series: [series({ open: { unfetched: 1_000 } })], isFetching: true }, []],
  [
    "one that lacks candles while others are fetched",
    { series: [series({ open: { unfetched: 5, unexplained: 11 } })], isFetching: true },
    ["incomplete-series"]
  ],
  ["one of which nothing is expected", { series: [series({ expected: 0 })] }, []],
  ["48 h without a candle", { series: [series({ lagMillis: 48 * hour })] }, []],
  ["a moment longer", { series: [series({ lagMillis: 48 * hour + 1 })] }, ["stale-series"]],
  ["one that nobody waits for", { series: [series({ lagMillis: undefined })] }, []],
  ["a job that failed", { jobs: [job({})] }, ["failed-job"]],
  ["a job that did not", { jobs: [job({ failed: false })] }, []],
  ["a ban", { hosts: [host({})] }, ["banned-source"]],
  ["a ban that has just ended", { hosts: [host({ pausedUntil: at - 10 * minute })] }, ["banned-source"]],
  ["a ban of yesterday", { hosts: [host({ pausedUntil: at - 24 * hour })] }, []],
  ["a pause of seconds", { hosts: [host({ banned: false, pausedUntil: at + 5_000 })] }, []],
  ["a pause of an hour", { hosts: [host({ banned: false })] }, ["banned-source"]],
  ["a disk of which a tenth is free", { disk: { folder: "/data", totalBytes: 1_000, freeBytes: 100 } }, []],
  ["a disk that is fuller", { disk: { folder: "/data", totalBytes: 1_000, freeBytes: 99 } }, ["full-disk"]]
]

describe("the rules", () => {
  for (const [what, seen, kinds] of table) {
    it(`${what}: ${kinds.length === 0 ? "no alert" : kinds.join(", ")}`, () => {
      const found = Rules.conditions({ ...nothing, ...seen }, thresholds)
      assert.deepStrictEqual(
        found.map(({ kind }) => kind),
        kinds
      )
    })
  }

  it("say what, of what, in which range, and the way out", () => {
    const messages = Rules.conditions(
      {
        ...nothing,
        series: [series({ open: { unfetched: 3, unexplained: 1_000 - 994 + 5 }, lagMillis: 75 * hour })],
        jobs: [job({})],
        hosts: [host({})],
        disk: { folder: "/data", totalBytes: 1e12, freeBytes: 5e10 }
      },
      thresholds
    ).map(({ message }) => message)
    assert.deepStrictEqual(messages, [
      "the disk of /data is 95.00 % full, more than 90.00 %: 50.0 GB free. " +
        "Free some, or keep less: shorten retention in tidemark.json, then tidemark prune",
      "api.binance.com (binance) has shut this address out until 2026-03-02T13:00Z; nothing is asked of it before " +
        "that, then it goes on by itself. If it comes again, see what else asks it from this address",
      "job incremental failed at 2026-03-02T12:00Z: lost the database. Its log: tidemark jobs log 7; " +
        "again, at once: tidemark jobs run incremental. It is over when the job next succeeds",
      "binance BTC/USDT 1h is 98.60 % complete from 2026-01-19T20:00Z to 2026-03-02T12:00Z, below 99.00 %: " +
        "3 unfetched, 11 unexplained of 1,000 candles. See tidemark gaps list --symbols BTC/USDT --timeframes 1h " +
        "--source binance; ask again: tidemark gaps fill --symbols BTC/USDT --timeframes 1h --source binance",
      "binance BTC/USDT 1h is 3 days behind, more than 48 h: nothing after 2026-03-02T12:00Z was fetched. " +
        "See whether a job fetches it; now: tidemark backfill --symbols BTC/USDT --timeframes 1h --source binance"
    ])
  })
})

describe("what a webhook is sent", () => {
  const notice = (what: Alert.Notice["what"], subject: string, kind: Alert.Kind = "stale-series"): Alert.Notice => ({
    what,
    alert: {
      kind,
      subject,
      severity: "warning",
      message: `${subject} <is> & behind`,
      firstAt: at,
      lastAt: at,
      resolvedAt: what === "fired" ? undefined : at
    }
  })
  const delivery = (notices: ReadonlyArray<Alert.Notice>) => ({ id: "d1", database: "duckdb:x", notices })

  it("is bounded however much there is to tell, and counts the rest", () => {
    const notices = Array.from({ length: 2_000 }, (_, i) => notice("fired", `${"s".repeat(1_000)}${i}`))
    const body = Payload.of("plain", delivery([...notices, notice("resolved", "job", "failed-job")]))
    assert.isBelow(body.length, 20_000)
    const { groups, text } = JSON.parse(body)
    assert.include(text, "stale-series: 2,000 new")
    assert.include(text, "… and 1,990 more")
    assert.include(text, "failed-job: 1 resolved\n• resolved: job")
    assert.deepInclude(groups[0], { kind: "stale-series", fired: 2_000, resolved: 0 })
    assert.lengthOf(groups[0].notices, 10)
    assert.isBelow(Payload.of("slack", delivery(notices)).length, 10_000)
  })

  it("tells what became of one subject in the order in which it happened", () => {
    const { groups } = JSON.parse(
      Payload.of("plain", delivery([notice("fired", "a"), notice("resolved", "a"), notice("fired", "a")]))
    )
    assert.deepStrictEqual(
      groups[0].notices.map((one: { readonly what: string }) => one.what),
      ["fired", "resolved", "fired"]
    )
  })

  it("is a text that Slack shows as it is", () => {
    assert.deepStrictEqual(JSON.parse(Payload.of("slack", delivery([notice("fired", "a")]))), {
      text: "Tidemark, duckdb:x: 1 new\nstale-series: 1 new\n• a &lt;is&gt; &amp; behind\n_d1_"
    })
  })
})
