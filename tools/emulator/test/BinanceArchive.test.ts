import { assert, it } from "@effect/vitest"
import { ArchiveDefect, Dataset, Emulator } from "@tidemark/emulator"
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { strFromU8, unzipSync } from "fflate"
import { createHash } from "node:crypto"
import { client } from "./Wire.ts"

const at = (text: string) => Date.parse(`${text}T00:00:00Z`)
const minutes = (market: "spot" | "um") =>
  Dataset.cheap({ symbol: "BTCUSDT", market, interval: "1m", from: at("2022-04-01"), to: at("2025-02-01") })
const now = at("2025-01-20")
const serving = Effect.provide(
  Emulator.layer({ datasets: [minutes("spot"), minutes("um")], now: () => now, limiterNow: Date.now })
)

const get = Effect.fnUntraced(function* (path: string) {
  const { url } = yield* Emulator
  const response = yield* (yield* HttpClient.HttpClient).get(`${url}/data/${path}`)
  return { status: response.status, bytes: new Uint8Array(yield* response.arrayBuffer) }
})

const file = (market: string, period: string, name: string) =>
  `${market}/${period}/klines/BTCUSDT/1m/BTCUSDT-1m-${name}.zip`

const rowsOf = Effect.fnUntraced(function* (path: string) {
  const { bytes, status } = yield* get(path)
  assert.strictEqual(status, 200, path)
  const files = Object.entries(unzipSync(bytes))
  assert.lengthOf(files, 1)
  const [name, content] = files[0]!
  assert.strictEqual(name, path.slice(path.lastIndexOf("/") + 1).replace(".zip", ".csv"))
  return strFromU8(content).trimEnd().split("\n")
})

it.layer(client)("the archive of Binance", (it) => {
  it.effect("has months and days, each a zip of one CSV with twelve columns, and a checksum that fits", () =>
    Effect.gen(function* () {
      const month = file("spot", "monthly", "2024-02")
      const rows = yield* rowsOf(month)
      assert.lengthOf(rows, 29 * 1_440)
      assert.isTrue(rows.every((row) => row.split(",").length === 12))
      assert.strictEqual(rows[0]!.split(",")[0], String(at("2024-02-01")))
      const sum = yield* get(`${month}.CHECKSUM`)
      const hash = createHash("sha256")
        .update((yield* get(month)).bytes)
        .digest("hex")
      assert.strictEqual(strFromU8(sum.bytes), `${hash}  BTCUSDT-1m-2024-02.zip`)
      assert.lengthOf(yield* rowsOf(file("spot", "daily", "2024-02-29")), 1_440)
    }).pipe(serving)
  )

  it.effect("is in microseconds from 2025 on in spot, and has a header from May 2022 on in futures", () =>
    Effect.gen(function* () {
      const [first] = yield* rowsOf(file("spot", "daily", "2025-01-01"))
      assert.match(first!, /^1735689600000000,.*,1735689659999999,/)
      assert.match((yield* rowsOf(file("spot", "daily", "2024-12-31"))).at(-1)!, /^1735689540000,.*,1735689599999,/)
      assert.match((yield* rowsOf(file("futures/um", "daily", "2025-01-01")))[1]!, /^1735689600000,/)
      assert.match((yield* rowsOf(file("futures/um", "monthly", "2022-05")))[0]!, /^open_time,open,/)
      assert.match((yield* rowsOf(file("futures/um", "monthly", "2022-04")))[0]!, /^\d/)
    }).pipe(serving)
  )

  it.effect("has neither what is not published yet nor what there never was", () =>
    Effect.gen(function* () {
      const status = (path: string) => Effect.map(get(path), (answer) => answer.status)
      // The first Monday after December was the 6th.
      assert.strictEqual(yield* status(file("spot", "monthly", "2024-12")), 200)
      assert.strictEqual(yield* status(file("spot", "daily", "2025-01-19")), 404)
      assert.strictEqual(yield* status(file("spot", "daily", "2025-01-18")), 200)
      for (const path of [
        file("spot", "monthly", "2025-01"),
        file("spot", "monthly", "2022-03"),
        file("spot", "monthly", "2024-02-01"),
        file("spot", "daily", "2024-02"),
        file("spot", "monthly", "2024-02").replaceAll("1m", "5m"),
        file("spot", "monthly", "2024-02").replaceAll("BTCUSDT", "ETHUSDT"),
        "spot/monthly/klines/BTCUSDT/1m/"
      ]) {
        assert.strictEqual(yield* status(path), 404, path)
        assert.strictEqual(yield* status(`${path}.CHECKSUM`), 404, path)
      }
    }).pipe(serving)
  )

  it.effect("changes with each of its defects, where the defect lies, and back again without it", () =>
    Effect.gen(function* () {
      const path = file("spot", "daily", "2024-02-03")
      const answer = Effect.map(Effect.all([get(path), get(`${path}.CHECKSUM`)]), (all) =>
        all.map(({ bytes, status }) => `${status} ${createHash("sha256").update(bytes).digest("hex")}`).join()
      )
      const sound = yield* answer
      const { spoilArchive } = yield* Emulator
      for (const _tag of ArchiveDefect.tags) {
        const defect = { _tag, date: "2024-02-03" } as ArchiveDefect.ArchiveDefect
        yield* spoilArchive(defect)
        assert.notStrictEqual(yield* answer, sound, _tag)
        yield* spoilArchive({ ...defect, in: "2024-02-04" })
        assert.strictEqual(yield* answer, sound, _tag)
      }
      yield* spoilArchive()
      assert.strictEqual(yield* answer, sound)
    }).pipe(serving)
  )
})
