import { assert, describe, it } from "@effect/vitest"
import { Plan } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { Calendar, Coverage, Instrument, Interval, type Source, Timeframe } from "@tidemark/core"
import { Schema } from "effect"

const hour = 3_600_000
const day = 24 * hour
const utc = (text: string) => Date.parse(text)
const now = utc("2024-06-12T10:30:00Z")

const capabilities: Source.Capabilities = {
  assetClasses: ["crypto", "equity", "fx"],
  timeframes: Timeframe.all,
  pageSize: 100,
  bytesPerCandle: 100,
  weightPerPage: 2,
  hosts: [{ name: "example.test", budget: { limit: 600, windowMillis: 60_000 } }],
  lanes: 2,
  lagMillis: 0,
  adjustment: "none",
  provenance: "observed"
}

const instrument = (extra: Partial<Instrument.Instrument> = {}) =>
  new Instrument.Instrument({
    symbol: "X/USD",
    assetClass: "crypto",
    calendar: "24/7",
    sources: [{ source: "test" }],
    active: true,
    ...extra
  })

const request = (extra: Partial<Plan.SeriesRequest> = {}): Plan.SeriesRequest => ({
  series: { source: "test", symbol: "X/USD", timeframe: "1h" },
  instrument: instrument(),
  calendar: Calendars.get("24/7"),
  capabilities,
  window: { from: now - 10 * day },
  coverage: Coverage.none,
  keeps: "forever",
  outages: [],
  ...extra
})

const options = { now, force: false, pagesPerChunk: 2 }
const fetched = (from: number, to: number) => ({
  fetched: [{ from, to, rows: 0, at: 0 }],
  empty: [],
  stale: [],
  streamed: [],
  pruned: []
})

describe("Plan", () => {
  it("ends with the last candle that has closed", () => {
    const plan = Plan.make(request(), options)
    assert.deepStrictEqual(plan.requested, { from: utc("2024-06-02T11:00Z"), to: utc("2024-06-12T10:00Z") })
    assert.strictEqual(plan.expected, 239)
  })

  it("asks once more for what a source might still have corrected when it was fetched, once that time has passed", () => {
    const late = { ...capabilities, revisedMillis: day }
    const whole = { from: now - 10 * day, to: utc("2024-06-12T08:00Z") }
    const missing = (fetchedAt: number) =>
      Interval.normalize(
        Plan.make(
          request({
            capabilities: late,
            window: { from: whole.from, to: whole.to },
            coverage: {
              fetched: [{ ...whole, rows: 0, at: fetchedAt }],
              empty: [],
              stale: [],
              streamed: [],
              pruned: []
            }
          }),
          options
        ).chunks
      )
    // Fetched two hours ago: it may still change, and is left until it does not.
    assert.deepStrictEqual(missing(now - 2 * hour), [])
    // Fetched before that: its last day.
    assert.deepStrictEqual(missing(now - 25 * hour), [
      { from: Calendars.get("24/7").openAtOrBefore("1h", now - 49 * hour), to: whole.to }
    ])
    // All of it was older than that when it was fetched.
    assert.deepStrictEqual(missing(whole.to + 5 * day), [])
  })

  it("waits for the source's lag before a candle counts as closed", () => {
    const lagging = request({ capabilities: { ...capabilities, lagMillis: 45 * 60_000 } })
    assert.strictEqual(Plan.make(lagging, options).requested!.to, utc("2024-06-12T09:00Z"))
  })

  it("leaves out what lies outside the instrument's life or beyond what the source keeps, and says why", () => {
    const listed = Plan.make(request({ listedAt: now - 3 * day }), options)
    assert.deepStrictEqual(listed.excluded, [
      { interval: { from: utc("2024-06-02T11:00Z"), to: now - 3 * day }, cause: "not-listed" }
    ])
    assert.strictEqual(listed.requested!.from, now - 3 * day)
    const delisted = Plan.make(request({ instrument: instrument({ delistedAt: now - 3 * day }) }), options)
    assert.deepStrictEqual(
      delisted.excluded.map(({ cause }) => cause),
      ["delisted"]
    )
    assert.strictEqual(delisted.requested!.to, now - 3 * day)
    const kept = Plan.make(request({ capabilities: { ...capabilities, historyMillis: { "1h": 2 * day } } }), options)
    assert.deepStrictEqual(
      kept.excluded.map(({ cause }) => cause),
      ["retention-limit"]
    )
    const gone = Plan.make(request({ listedAt: now + day }), options)
    assert.isUndefined(gone.requested)
    assert.deepStrictEqual(gone.chunks, [])
  })

  it("asks for nothing that is covered, and for everything when forced", () => {
    const coverage = fetched(now - 30 * day, now)
    assert.deepStrictEqual(Plan.make(request({ coverage }), options).chunks, [])
    assert.deepStrictEqual(Plan.make(request({ coverage }), options).cost, Plan.noCost)
    const forced = Plan.make(request({ coverage }), { ...options, force: true })
    assert.deepStrictEqual(Interval.normalize(forced.chunks), [forced.requested!])
  })

  it("asks for nothing while the market is closed", () => {
    const friday = utc("2024-06-14T20:00Z")
    const sunday = utc("2024-06-16T12:00Z")
    const plan = Plan.make(
      request({
        series: { source: "test", symbol: "SPY", timeframe: "1m" },
        calendar: Calendars.get("XNYS"),
        window: { from: friday - 10 * day },
        coverage: fetched(friday - 11 * day, friday)
      }),
      { ...options, now: sunday }
    )
    assert.deepStrictEqual(plan.chunks, [])
  })

  it("takes the newest so many candles, over nights and weekends", () => {
    for (const id of Calendar.CalendarId.literals) {
      for (const timeframe of Timeframe.standard) {
        const plan = Plan.make(
          request({
            series: { source: "test", symbol: "X/USD", timeframe },
            calendar: Calendars.get(id),
            window: { count: 50 }
          }),
          options
        )
        assert.strictEqual(plan.expected, 50, `${id} ${timeframe}`)
      }
    }
  })

  it("costs the requests, the weight, the bytes and the time that its chunks need", () => {
    const plan = Plan.make(request({ window: { from: now - 1_000 * hour } }), options)
    const requests = plan.chunks.reduce((sum, chunk) => sum + Math.ceil((chunk.to - chunk.from) / hour / 100), 0)
    assert.strictEqual(plan.cost.candles, plan.expected)
    assert.strictEqual(plan.cost.requests, requests)
    assert.strictEqual(plan.cost.weight, 2 * requests)
    assert.strictEqual(plan.cost.bytes, 100 * plan.expected)
    assert.isAbove(plan.cost.millis, 0)
  })

  const Pieces = Schema.Array(
    Schema.Struct({
      from: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 900 })),
      length: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 300 }))
    })
  ).check(Schema.isMaxLength(6))

  it.prop(
    "chunks ascend, do not overlap, are whole candles, and are exactly the candles that are not covered",
    {
      pieces: Pieces,
      id: Calendar.CalendarId,
      timeframe: Schema.Literals(["1m", "15m", "1h", "4h", "1d", "1w"]),
      pagesPerChunk: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 }))
    },
    ({ id, pagesPerChunk, pieces, timeframe }) => {
      const calendar = Calendars.get(id)
      const unit = Timeframe.nominalMillis(timeframe)
      const base = calendar.openAtOrAfter(timeframe, now - 1_000 * unit)
      // What a run has fetched always begins and ends between candles.
      const covered = Interval.normalize(
        pieces.map(({ from, length }) => ({
          from: calendar.openAtOrAfter(timeframe, base + from * unit),
          to: calendar.openAtOrAfter(timeframe, base + (from + length) * unit)
        }))
      )
      const plan = Plan.make(
        request({
          series: { source: "test", symbol: "X/USD", timeframe },
          calendar,
          window: { from: base },
          coverage: {
            fetched: covered.map((interval) => ({ ...interval, rows: 0, at: 0 })),
            empty: [],
            stale: [],
            streamed: [],
            pruned: []
          }
        }),
        { ...options, pagesPerChunk }
      )
      const asked = plan.chunks.flatMap((chunk) => [...calendar.openTimes(timeframe, chunk)])
      const wanted = [...calendar.openTimes(timeframe, plan.requested!)].filter((open) => !Interval.has(covered, open))
      assert.deepStrictEqual(asked, wanted)
      for (const [i, chunk] of plan.chunks.entries()) {
        if (i > 0) assert.isAtLeast(chunk.from, plan.chunks[i - 1]!.to)
        assert.isAtMost(calendar.countOpens(timeframe, chunk), pagesPerChunk * capabilities.pageSize + 1)
      }
    },
    { arbitrary: { runs: 200 } }
  )

  it("asks again for what is stale, with what was never asked, and for nothing else", () => {
    const [from, to] = [utc("2024-06-02T11:00Z"), utc("2024-06-12T10:00Z")]
    const since = from + 5 * day
    const stale = [{ from: from + day, to: from + 2 * day, since, at: now }]
    const plan = Plan.make(request({ coverage: { ...fetched(from, to - hour), stale } }), options)
    const asked = plan.chunks.flatMap((chunk) => [...Calendars.get("24/7").openTimes("1h", chunk)])
    assert.deepStrictEqual(
      [asked[0], asked.length, asked.at(-2)! - asked[0]!, asked.at(-1)],
      [from + day, 25, 23 * hour, to - hour]
    )
  })

  it.prop(
    "repairs ask for every run, and share a request only where one page holds them",
    { pieces: Pieces },
    ({ pieces }) => {
      const calendar = Calendars.get("24/7")
      const empty = Interval.normalize(
        pieces.map(({ from, length }) => ({ from: from * hour, to: (from + length) * hour }))
      ).map((run) => ({ ...run, opens: (run.to - run.from) / hour, confirmations: 1, firstAt: 0, lastAt: 0 }))
      const windows = Plan.repairs(request(), empty)
      for (const run of empty) assert.isTrue(Interval.covers(Interval.normalize(windows), run))
      for (const window of windows) {
        const inside = empty.filter((run) => Interval.overlaps(run, window))
        if (inside.length > 1) assert.isAtMost(calendar.countOpens("1h", window), capabilities.pageSize)
        else assert.deepStrictEqual(window, { from: inside[0]!.from, to: inside[0]!.to })
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it("leaves out what was pruned and would be again, says when, and asks for it once it is kept longer", () => {
    const [from, to] = [utc("2024-05-01T00:00Z"), utc("2024-06-12T10:00Z")]
    const at = utc("2024-06-10T01:02Z")
    const pruned = [{ from, to: utc("2024-06-02T00:00Z"), rows: 768, at }]
    const coverage = { ...fetched(utc("2024-06-02T00:00Z"), to), pruned }
    const made = (keeps: string, force = false) =>
      Plan.make(request({ coverage, keeps, window: { from } }), { ...options, force })
    const kept = made("10 days")
    assert.deepStrictEqual(kept.excluded, [
      { interval: { from, to: utc("2024-06-02T00:00Z") }, cause: "retention-limit", prunedAt: at }
    ])
    assert.deepStrictEqual(kept.requested, { from: utc("2024-06-02T00:00Z"), to })
    assert.deepStrictEqual(kept.chunks, [])
    assert.deepStrictEqual(Interval.normalize(made("10 days", true).chunks), [kept.requested!])
    // Ten days later it is the same, though the cut has moved on.
    assert.deepStrictEqual(made("8 days").chunks, [])
    const raised = made("12 days")
    assert.deepStrictEqual(Interval.normalize(raised.chunks), [
      { from: utc("2024-05-31T00:00Z"), to: utc("2024-06-02T00:00Z") }
    ])
    assert.deepStrictEqual(Interval.normalize(made("forever").chunks), [{ from, to: utc("2024-06-02T00:00Z") }])
    const all = Plan.make(request({ coverage, keeps: "10 days", window: { from, to: pruned[0]!.to } }), options)
    assert.deepStrictEqual([all.requested, all.expected, all.chunks], [undefined, 0, []])
  })

  it("of a series that was asked on account of another, what was pruned of its own history is wanted too", () => {
    const [from, cut, to] = [utc("2024-05-01T00:00Z"), utc("2024-06-01T00:00Z"), utc("2024-06-12T10:00Z")]
    const pruned = [{ from, to: cut, rows: 744, at: now }]
    const aside = [{ from: from - 9 * day, to: from - 8 * day }]
    assert.deepStrictEqual(Plan.wantedBeside({ ...fetched(cut, to), pruned }, aside), [...aside, { from, to }])
    assert.isUndefined(Plan.wantedBeside({ ...fetched(cut, to), pruned }, []))
  })

  it("an older range that was never pruned is asked for, and the plan says that the next prune takes it away", () => {
    const plan = Plan.make(request({ keeps: "2 days" }), options)
    assert.strictEqual(Interval.normalize(plan.chunks)[0]!.from, plan.requested!.from)
    assert.deepStrictEqual(Plan.outlivedNotes(plan, now), [
      "2024-06-02T11:00Z → 2024-06-10T00:00Z is older than the 2 days that 1h is kept: the next prune would take it " +
        'away; to keep it, raise "retention" of 1h, or of X/USD 1h, in tidemark.json'
    ])
    assert.deepStrictEqual(Plan.outlivedNotes(Plan.make(request({ keeps: "11 days" }), options), now), [])
  })

  it.prop(
    "whatever is fetched and pruned, a candle is asked for exactly if it is neither, or pruned and kept again",
    {
      pieces: Pieces,
      lost: Pieces,
      days: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 45 })),
      force: Schema.Boolean,
      listedAt: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 500 }))
    },
    ({ days, force, listedAt, lost, pieces }) => {
      const calendar = Calendars.get("24/7")
      const base = calendar.openAtOrAfter("1h", now - 1_000 * hour)
      const set = (all: typeof pieces) =>
        Interval.normalize(
          all.map(({ from, length }) => ({ from: base + from * hour, to: base + (from + length) * hour }))
        )
      const pruned = Interval.difference(set(lost), set(pieces))
      const plan = Plan.make(
        request({
          window: { from: base },
          keeps: `${days} days`,
          listedAt: base + listedAt * hour,
          coverage: {
            ...Coverage.none,
            fetched: set(pieces).map((interval) => ({ ...interval, rows: 0, at: 0 })),
            pruned: pruned.map((interval) => ({ ...interval, rows: 1, at: 7 }))
          }
        }),
        { ...options, force }
      )
      const kept = Math.floor(now / day) * day - days * day
      const opens = [...calendar.openTimes("1h", { from: base, to: utc("2024-06-12T10:00Z") })]
      const isGone = (open: number) => Interval.has(pruned, open) && open < kept
      const isWanted = (open: number) => open >= base + listedAt * hour && !isGone(open)
      const asked = plan.chunks.flatMap((chunk) => [...calendar.openTimes("1h", chunk)])
      assert.deepStrictEqual(
        asked,
        opens.filter((open) => isWanted(open) && (force || !Interval.has(set(pieces), open)))
      )
      assert.strictEqual(plan.expected, opens.filter(isWanted).length)
      // What is left out is left out once, for one reason.
      const out = plan.excluded.flatMap(({ interval }) => [...calendar.openTimes("1h", interval)])
      assert.deepStrictEqual(
        out.toSorted((a, b) => a - b),
        opens.filter((open) => !isWanted(open))
      )
      const because = plan.excluded.filter(({ prunedAt }) => prunedAt === 7).map(({ interval }) => interval)
      assert.deepStrictEqual(
        because.flatMap((interval) => [...calendar.openTimes("1h", interval)]),
        opens.filter(isGone)
      )
    },
    { arbitrary: { runs: 300 } }
  )
})
