import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Candles, CandleStore } from "@tidemark/core"
import { Reading } from "@tidemark/runtime"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect } from "effect"

const hour = 3_600_000
const start = Date.parse("2024-01-01T00:00Z")

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-reading-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** Three hours, of which the source lacked the second. */
const store = Effect.flatMap(CandleStore.CandleStore, (candles) => {
  const rows = Candles.allocate(2)
  for (const [i, open] of [start, start + 2 * hour].entries()) {
    rows.openTime[i] = open
    for (const column of [rows.open, rows.high, rows.low, rows.close]) column[i] = 10
    rows.volume[i] = 1
  }
  return candles.write([
    {
      series: { source: "binance", symbol: "BTC/USDT", timeframe: "1h" },
      provenance: "observed",
      interval: { from: start, to: start + 3 * hour },
      candles: rows,
      holes: [{ from: start + hour, to: start + 2 * hour, opens: 1 }],
      countOpens: ({ from, to }) => (to - from) / hour,
      at: start + 4 * hour,
      reason: "test"
    }
  ])
})

describe("reading in a program", () => {
  it.live("gives columns, and errors that name the options of the call", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "x.duckdb")
      const read = (options: Partial<Reading.Request> = {}) =>
        Effect.promise(() =>
          Reading.candles({ database: `duckdb:${path}`, symbols: ["BTC/USDT"], timeframes: ["1h"], ...options }).catch(
            (error: Error) => error.message
          )
        )
      assert.match(String(yield* read()), /there is no such database\..* or name another with `database`$/)
      yield* store.pipe(
        Effect.provide(DuckDbStorage.layer({ path, mode: "write" })),
        Effect.provide(NodeServices.layer)
      )
      const lacking = String(yield* read())
      assert.include(lacking, "1 of 3 candles is missing")
      assert.include(lacking, "with `allowGaps: true`")
      assert.notInclude(lacking, "--allow-gaps")
      const found = yield* read({ allowGaps: true })
      assert(Array.isArray(found), String(found))
      assert.deepStrictEqual([...found[0].candles.openTime], [start, start + 2 * hour])
    })
  )
})
