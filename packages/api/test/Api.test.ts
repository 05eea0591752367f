import { assert, describe, it } from "@effect/vitest"
import { Api, Coverage } from "@tidemark/api"
import { Result, Schema } from "effect"
import * as OpenApi from "effect/http-api/OpenApi"
import { summaries } from "../src/Summaries.ts"
import { At, listOf } from "../src/Values.ts"

describe("the document of the API", () => {
  it("says what every question is for, and nothing of questions that there are not", () => {
    const { paths } = OpenApi.fromApi(Api.Api)
    const operations = Object.values(paths).flatMap((path) =>
      Object.values(path).filter((one): one is OpenApi.OpenAPISpecOperation => "operationId" in one)
    )
    const ids = operations.map(({ operationId }) => operationId)
    assert.sameMembers(ids, Object.keys(summaries))
    for (const { operationId, summary } of operations) assert.strictEqual(summary, summaries[operationId])
  })
})

describe("a value of a request", () => {
  const decode = Schema.decodeUnknownResult(At)

  it("is an instant between 1800 and 2199, or a sentence that says how one is written", () => {
    assert.deepStrictEqual(decode("2024-01-31"), Result.succeed(Date.parse("2024-01-31T00:00:00Z")))
    assert.deepStrictEqual(decode("1800-01-01"), Result.succeed(Date.parse("1800-01-01T00:00:00Z")))
    for (const text of ["1799-12-31", "2200-01-01", "0000-01-01", "9999-12-31", "2023-02-30", "now", "", 5]) {
      assert.isTrue(Result.isFailure(decode(text)), String(text))
    }
    assert.strictEqual(Schema.encodeSync(At)(Date.parse("2024-01-31T12:00:00Z")), "2024-01-31T12:00Z")
  })

  it("is a list with commas, each item once", () => {
    const list = listOf(Schema.Literals(["1h", "1d"]))
    assert.deepStrictEqual(Schema.decodeUnknownSync(list)(" 1h,1d,,1h "), ["1h", "1d"])
    assert.isTrue(Result.isFailure(Schema.decodeUnknownResult(list)("1h,2h")))
    assert.strictEqual(Schema.encodeSync(list)(["1d", "1h"]), "1d,1h")
  })

  it("comes back as it went out", () => {
    const row: Coverage.CoverageRow = {
      source: "binance",
      symbol: "BTC/USDT",
      timeframe: "1h",
      provenance: "observed",
      from: 0,
      to: null,
      candles: 1,
      recorded: 1,
      missing: 0,
      unfetched: 0,
      pruned: [{ from: 3_600_000, to: 7_200_000, candles: 1 }],
      stale: 0
    }
    const wire: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Coverage.CoverageRow)(row)))
    assert.deepStrictEqual(Schema.decodeUnknownSync(Coverage.CoverageRow)(wire), row)
  })
})
