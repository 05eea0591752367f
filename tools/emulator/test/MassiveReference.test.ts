import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ask, follow, keysOf, serving } from "./MassiveWire.ts"
import { client } from "./Wire.ts"

it.layer(client)("Massive", (it) => {
  describe("lists", () => {
    it.effect("of tickers have the fields of the real ones, and one ticker has more", () =>
      Effect.gen(function* () {
        const { body } = yield* ask("/v3/reference/tickers?market=stocks&active=true")
        assert.deepStrictEqual(keysOf(body), ["count", "request_id", "results", "status"])
        assert.deepStrictEqual(
          body.results!.map(({ ticker }) => ticker),
          ["AAPL", "MSFT"]
        )
        assert.deepStrictEqual(keysOf(body.results![0]), [
          "active",
          "currency_name",
          "last_updated_utc",
          "locale",
          "market",
          "name",
          "primary_exchange",
          "ticker",
          "type"
        ])
        const one = yield* ask("/v3/reference/tickers/AAPL")
        assert.deepInclude(one.body.results as object, { ticker: "AAPL", list_date: "2000-01-03" })
        const none = yield* ask("/v3/reference/tickers/NOPE")
        assert.strictEqual(none.status, 404)
        assert.deepInclude(none.body, { status: "NOT_FOUND", message: "Ticker not found." })
      }).pipe(serving)
    )

    it.effect("of splits and dividends have the fields of the real ones, newest first", () =>
      Effect.gen(function* () {
        const splits = (yield* ask("/v3/reference/splits")).body
        assert.deepStrictEqual(keysOf(splits), ["request_id", "results", "status"])
        assert.deepStrictEqual(
          splits.results!.map(({ id, ...row }) => ({ ...row, id: typeof id }) as object),
          [{ id: "string", execution_date: "2020-08-31", split_from: 1, split_to: 4, ticker: "AAPL" }]
        )
        const dividends = (yield* ask("/v3/reference/dividends")).body.results!
        assert.deepStrictEqual(
          dividends.map((row) => row["ex_dividend_date"]),
          ["2020-08-07", "2020-05-20", "2020-05-08"]
        )
        assert.deepStrictEqual(keysOf(dividends[0]), [
          "cash_amount",
          "currency",
          "declaration_date",
          "dividend_type",
          "ex_dividend_date",
          "frequency",
          "id",
          "pay_date",
          "record_date",
          "ticker"
        ])
      }).pipe(serving)
    )

    it.effect("are filtered by their fields, and a cursor keeps the filter", () =>
      Effect.gen(function* () {
        const of = Effect.fnUntraced(function* (query: string) {
          const pages = yield* follow(`/v3/reference/dividends?${query}`)
          return pages.map(({ results }) => results!.map((row) => row["ex_dividend_date"]))
        })
        assert.deepStrictEqual(yield* of("ticker=AAPL&limit=1"), [["2020-08-07"], ["2020-05-08"]])
        assert.deepStrictEqual(yield* of("ticker=AAPL&limit=1&order=asc"), [["2020-05-08"], ["2020-08-07"]])
        assert.deepStrictEqual(yield* of("ex_dividend_date.gte=2020-05-20&ex_dividend_date.lte=2020-05-20"), [
          ["2020-05-20"]
        ])
        assert.deepStrictEqual(yield* of("ex_dividend_date.gt=2020-05-20"), [["2020-08-07"]])
        assert.deepStrictEqual(yield* of("ex_dividend_date.lt=2020-05-20"), [["2020-05-08"]])
        assert.deepStrictEqual(yield* of("cash_amount.lt=0.6"), [["2020-05-20"]])
        assert.deepStrictEqual(yield* of("ticker=NOPE"), [[]])
        assert.strictEqual((yield* ask("/v3/reference/dividends?limit=1001")).status, 400)
      }).pipe(serving)
    )
  })

  it.effect("tells whether the markets are open, in New York's time", () =>
    Effect.gen(function* () {
      const { body } = yield* ask("/v1/marketstatus/now")
      assert.deepStrictEqual<unknown>(body, {
        market: "open",
        earlyHours: false,
        afterHours: false,
        serverTime: "2024-06-03T11:10:00-04:00",
        exchanges: { nyse: "open", nasdaq: "open", otc: "open" },
        currencies: { fx: "open", crypto: "open" }
      })
    }).pipe(serving)
  )
})
