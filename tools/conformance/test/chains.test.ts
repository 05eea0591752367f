/** Recorded option chains, value for value. */
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Instant, OptionChain, type Source } from "@tidemark/core"
import * as OptionFile from "@tidemark/source-file/OptionFile"
import { plugin as polygon } from "@tidemark/source-polygon"
import { layer } from "@tidemark/source-testing/LoopbackProvider"
import { plugin as yahoo } from "@tidemark/source-yahoo"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Data from "./data.ts"

/** A contract of a chain as a line of text, to be compared with one that was read in another way. */
const contractOf = ({ contracts }: OptionChain.OptionChain, i: number): string =>
  [
    contracts.root[i],
    Instant.formatDate(contracts.expiry[i]! * 86_400_000),
    contracts.isCall[i] === 1 ? "C" : "P",
    ...OptionChain.numbers.filter((name) => name !== "expiry").map((name) => contracts[name][i])
  ].join(" ")

describe.skipIf(Data.isAbsent)(`recorded chains${Data.note}`, () => {
  it.live("CBOE's file of the Russell 2000 has a call and a put on each of its 3,667 lines", () =>
    Effect.gen(function* () {
      const file = "options/cboe-rut-quotedata.csv"
      const lines = Data.text(file).trim().split("\n").slice(4)
      const chain = yield* OptionFile.read(Data.path(file), { symbol: "^RUT", calendar: Calendars.get("XNYS") })
      assert.strictEqual(lines.length, 3_667)
      assert.strictEqual(OptionChain.length(chain.contracts), 2 * lines.length)
      assert.deepStrictEqual(chain.unreadable, [])
      assert.strictEqual(Instant.format(chain.at), "2022-12-13T01:30Z")
      assert.strictEqual(chain.spot, 1817.4937)

      const expected = lines.flatMap((line) => {
        const cells = line.split(",")
        const date = new Date(`${cells[0]} UTC`).toISOString().slice(0, 10)
        return [1, 12].map((at) => {
          const [name, last, , bid, ask, volume, iv, delta, gamma, openInterest] = cells.slice(at)
          const told = [cells[11], bid, ask, last, volume, openInterest, iv, delta, gamma, 100].map(Number)
          return [name!.slice(0, -15), date, name!.at(-9), ...told].join(" ")
        })
      })
      assert.deepStrictEqual(
        expected.map((_, i) => contractOf(chain, i)),
        expected
      )
    })
  )
})

const stock = (symbol: string): Source.Subject => ({
  symbol,
  assetClass: "equity",
  calendar: Calendars.get("XNYS")
})

interface Contract {
  readonly contractSymbol: string
  readonly strike: number
  readonly lastPrice: number
  readonly volume?: number
  readonly openInterest?: number
  readonly bid: number
  readonly ask: number
  readonly impliedVolatility: number
  readonly expiration: number
}
interface Recorded {
  readonly expirationDates: ReadonlyArray<number>
  readonly quote: { readonly regularMarketTime: number; readonly regularMarketPrice: number }
  readonly options: ReadonlyArray<{ readonly calls: ReadonlyArray<Contract>; readonly puts: ReadonlyArray<Contract> }>
}

const recorded = (symbol: string): { readonly optionChain: { readonly result: ReadonlyArray<Recorded> } } =>
  (JSON.parse(Data.text(`yahoo/options-${symbol}.json`)) as { readonly response: { readonly bodyJson: never } })
    .response.bodyJson

/** The recorded expiration; of the others that are listed nothing was recorded. */
const provider = layer((url) => {
  if (url.pathname === "/v1/test/getcrumb") return new Response("crumb")
  if (url.pathname.startsWith("/quote/")) return new Response("", { headers: { "set-cookie": "A3=d; Path=/" } })
  if (url.pathname.startsWith("/v3/snapshot/options/")) {
    return new Response(Data.text("massive/mocks/v3/snapshot/options/AAPL.json"))
  }
  const body = recorded(url.pathname.split("/").at(-1)!)
  const date = Number(url.searchParams.get("date"))
  const [result] = body.optionChain.result
  if (date === 0) return Response.json(body)
  const options = [{ expirationDate: date, hasMiniOptions: false, calls: [], puts: [] }]
  return Response.json({ optionChain: { result: [{ ...result, options }], error: null } })
})

it.layer(provider)(`recorded chains of Yahoo and Massive${Data.note}`, (it) => {
  const check = Data.isAbsent ? it.effect.skip : it.effect

  check("Yahoo's 102 contracts of Apple come out value for value, and the other expirations are missed", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2025-02-24T09:24:42Z"))
      const chain = yield* (yield* yahoo.make({})).optionChain!(stock("AAPL"))
      const [result] = recorded("AAPL").optionChain.result
      const [shown] = result!.options
      const rows = [...shown!.calls.map((row) => [row, "C"] as const), ...shown!.puts.map((row) => [row, "P"] as const)]
      assert.strictEqual(rows.length, 102)
      assert.deepStrictEqual(
        rows.map((_, i) => contractOf(chain, i)),
        rows.map(([row, side]) =>
          [
            "AAPL",
            Instant.formatDate(row.expiration * 1_000),
            side,
            row.strike,
            row.bid,
            row.ask,
            row.lastPrice,
            row.volume ?? Number.NaN,
            row.openInterest ?? Number.NaN,
            row.impliedVolatility,
            Number.NaN,
            Number.NaN,
            100
          ].join(" ")
        )
      )
      assert.strictEqual(Instant.format(chain.at), "2025-02-21T21:00:02Z")
      assert.strictEqual(chain.spot, 245.55)
      assert.strictEqual(chain.unreadable.length, result!.expirationDates.length - 1)
      assert.strictEqual(chain.unreadable[0], "the expiration 2025-03-07 is listed without contracts")
    })
  )

  check("Yahoo lists no options of a fund", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2025-02-24T09:24:43Z"))
      const source = yield* yahoo.make({})
      const error = yield* Effect.flip(source.optionChain!(stock("ADH")))
      assert.strictEqual(error.message, "yahoo ADH: Yahoo lists no options of ADH")
    })
  )

  check("Massive's contract of Apple comes out value for value", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2023-03-14T00:00:00Z"))
      const source = yield* polygon.make({ apiKey: Redacted.make("k"), plan: "paid" })
      const chain = yield* source.optionChain!(stock("AAPL"))
      assert.deepStrictEqual(contractOf(chain, 0).split(" "), [
        "AAPL",
        "2023-06-16",
        "C",
        "150",
        "28.9",
        "29.25",
        "29.25",
        "8",
        "8133",
        "0.3570277203465058",
        "0.6436614934293701",
        "0.0061735291012820675",
        "100"
      ])
      assert.strictEqual(OptionChain.length(chain.contracts), 1)
      assert.strictEqual(chain.spot, 159.9606)
      assert.strictEqual(chain.at, 1_651_254_260_800)
    })
  )
})
