import { Calendars } from "@tidemark/calendars"
import { plugin } from "@tidemark/source-file"
import { SourceContract } from "@tidemark/source-testing"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"

const hour = 3_600_000
const from = 1_577_836_800_000
const folder = mkdtempSync(join(tmpdir(), "tidemark-file-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const candle = (i: number): string => {
  const price = 100 + (i % 29)
  return `${price},${price + 2},${price - 1.5},${price + 0.25},${7.5 + (i % 3)}`
}
const rows = (size: number, time: (i: number) => string | number): string =>
  `timestamp,open,high,low,close,volume\n${Array.from({ length: size }, (_, i) => `${time(i)},${candle(i)}`).join("\n")}\n`

writeFileSync(
  join(folder, "BTC-USDT-1h.csv"),
  rows(3_000, (i) => from + i * hour)
)

SourceContract.suite("file of instants", {
  plugin,
  config: { path: join(folder, "{symbol}-{timeframe}.csv") },
  request: {
    symbol: "BTC/USDT",
    assetClass: "crypto",
    calendar: Calendars.get("24/7"),
    timeframe: "1h",
    interval: { from, to: from + 3_000 * hour }
  },
  unknown: { symbol: "NOPE/USDT" }
})

const xnys = Calendars.get("XNYS")
const sessions = xnys.sessions({ from, to: from + 300 * 24 * hour })
writeFileSync(
  join(folder, "SPY-1d.csv"),
  rows(sessions.length, (i) => sessions[i]!.date)
)

SourceContract.suite("file of dates", {
  plugin,
  config: { path: join(folder, "{symbol}-{timeframe}.csv") },
  request: {
    symbol: "SPY",
    assetClass: "equity",
    calendar: xnys,
    timeframe: "1d",
    interval: { from, to: sessions.at(-1)!.close }
  },
  unknown: { symbol: "NOPE" }
})
