/** Long lists in pages: all of them, each row once, whatever comes and goes meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import { QualityStore, type Series } from "@tidemark/core"
import { Effect } from "effect"
import { type Answer, database, problem, send, serve, type Serving, settings, withStores } from "./serving.ts"

const day = 86_400_000
const symbols = ["BTC/USDT", "ETH/USDT", "SOL/USDT"]
const from = Date.UTC(2020, 0, 1)

const series = (symbol: string, timeframe: Series.Series["timeframe"]): Series.Series => ({
  source: "synthetic",
  symbol,
  timeframe
})

const finding = (at: number, kind: string): QualityStore.Finding => ({
  kind,
  severity: "warning",
  interval: { from: at, to: at + day },
  evidence: "it was made up",
  figures: {}
})

/** Six series, each with candles of ten days; what a check has found of three of them. */
const store = (given: ReturnType<typeof settings>) =>
  Effect.gen(function* () {
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { ask } = yield* serve(given)
        const { id } = yield* ask(({ runs }) =>
          runs.start({
            payload: {
              symbols,
              timeframes: ["4h", "1d"],
              source: "synthetic",
              start: "2020-01-01",
              end: "2020-01-11"
            }
          })
        )
        while ((yield* ask(({ runs }) => runs.get({ params: { id } }))).ended_at === null) {
          yield* Effect.sleep("20 millis")
        }
      })
    )
    yield* withStores(given)(
      Effect.flatMap(QualityStore.QualityStore, ({ record }) =>
        Effect.forEach(symbols, (symbol) =>
          record(
            {
              series: series(symbol, "1d"),
              months: [],
              findings: [finding(from, "spike"), finding(from, "stale"), finding(from + 2 * day, "spike")]
            },
            from
          )
        )
      )
    )
  })

interface Body {
  readonly next: string | null
  readonly [name: string]: unknown
}

/** Every page of a list, by the address that each has of the next. */
const follow = (serving: Serving, path: string) =>
  Effect.gen(function* () {
    const pages: Array<Body> = []
    let at: string | undefined = path
    while (at !== undefined) {
      const { body, headers, status }: Answer = yield* send(serving, { path: at })
      assert.strictEqual(status, 200, body)
      const page = JSON.parse(body) as Body
      pages.push(page)
      at = /^<(.*)>; rel="next"$/.exec(String(headers["link"]))?.[1]
      assert.strictEqual(at === undefined, page.next === null)
    }
    return pages
  })

const rowsOf = (pages: ReadonlyArray<Body>, name: string): ReadonlyArray<Record<string, unknown>> =>
  pages.flatMap((page) => page[name] as ReadonlyArray<Record<string, unknown>>)

/** A row, but for what moves with the clock. */
const still = (row: Record<string, unknown>) => ({ ...row, behind_hours: undefined })

describe("a long list", () => {
  it.live("comes in pages that together are all of it, each row once and in its order", () =>
    Effect.gen(function* () {
      const given = settings(yield* database)
      yield* store(given)
      const serving = yield* serve(given)
      // Before and after what was asked for: two gaps a series.
      const gaps = "/api/v1/gaps?start=2019-12-30&end=2020-01-20"
      for (const [path, name, count] of [
        [gaps, "gaps", 12],
        ["/api/v1/quality?source=synthetic", "findings", 9],
        ["/api/v1/status?limit=1000", "details", 6]
      ] as const) {
        const [whole, ...rest] = yield* follow(serving, path)
        assert.lengthOf(rest, 0)
        const rows = rowsOf([whole!], name)
        assert.lengthOf(rows, count, path)
        for (const limit of [1, 4, count - 1, count]) {
          const url = path.replace(/[?&]limit=\d+/, "")
          const pages = yield* follow(serving, `${url}${url.includes("?") ? "&" : "?"}limit=${limit}`)
          assert.lengthOf(pages, Math.ceil(count / limit), `${path} by ${limit}`)
          const found = rowsOf(pages, name)
          assert.deepStrictEqual(found.map(still), rows.map(still))
        }
        const names = rows.map(({ symbol }) => symbol as string)
        assert.deepStrictEqual(names, [...names].sort())
      }
      const { body } = yield* send(serving, { path: "/api/v1/status?limit=2" })
      assert.deepInclude(JSON.parse(body), { series: 6, candles: 3 * 70 })
    })
  )

  it.live("goes on behind the last row of the page before, also where that is gone", () =>
    Effect.gen(function* () {
      const given = settings(yield* database)
      yield* store(given)
      const first = yield* Effect.scoped(
        Effect.flatMap(serve(given), ({ ask }) => ask(({ quality }) => quality.findings({ query: { limit: 3 } })))
      )
      assert.deepStrictEqual(
        first.findings.map(({ symbol }) => symbol),
        ["BTC/USDT", "BTC/USDT", "BTC/USDT"]
      )
      yield* withStores(given)(
        Effect.flatMap(QualityStore.QualityStore, ({ record }) =>
          record({ series: series("BTC/USDT", "1d"), months: [], findings: [] }, from)
        )
      )
      const { ask } = yield* serve(given)
      const next = yield* ask(({ quality }) => quality.findings({ query: { limit: 3, after: first.next! } }))
      assert.deepStrictEqual(
        next.findings.map(({ from, kind, symbol }) => [symbol, kind, from]),
        [
          ["ETH/USDT", "spike", from],
          ["ETH/USDT", "stale", from],
          ["ETH/USDT", "spike", from + 2 * day]
        ]
      )
    })
  )

  it.live("has no page behind what is no `next` of its own", () =>
    Effect.gen(function* () {
      const serving = yield* serve(settings(yield* database))
      const foreign = Buffer.from('["BTC/USDT","synthetic","1d"]').toString("base64url")
      for (const after of ["x", "!", foreign, "a".repeat(4_000)]) {
        for (const list of ["gaps", "quality", "status"]) {
          const answer = yield* send(serving, { path: `/api/v1/${list}?after=${after}` })
          assert.include(problem(answer, 400), "`next`")
        }
      }
      for (const limit of ["0", "10001", "x"]) {
        problem(yield* send(serving, { path: `/api/v1/gaps?limit=${limit}` }), 400)
      }
    })
  )
})
