/**
 * Binance's bulk archive: a zip for every month and day, with its checksum,
 * as `data.binance.vision` serves them.
 *
 * Spot and USD-M klines. Times are microseconds from 2025 on in spot, and a
 * header is there in futures from May 2022 on. A daily file appears six hours
 * after its day, a monthly one on the first Monday after its month.
 */
import { DateTime, Option } from "effect"
import { strToU8, zipSync } from "fflate"
import { createHash } from "node:crypto"
import * as ArchiveDefect from "./ArchiveDefect.ts"
import type { Dataset } from "./Dataset.ts"
import * as KlineText from "./KlineText.ts"
import type { Provider, World } from "./Provider.ts"
import * as Reply from "./Reply.ts"

const root = "/data/"
const pattern =
  /^\/data\/(spot|futures\/um)\/(monthly|daily)\/klines\/([A-Z0-9]+)\/(\w+)\/\3-\4-(\d{4}-\d{2}(?:-\d{2})?)\.zip(\.CHECKSUM)?$/

const hour = 3_600_000
const dailyDelayMillis = 6 * hour
/** 2025-01-01 */
const microsecondsFrom = 1_735_689_600_000
/** 2022-05-01 */
const headerFrom = 1_651_363_200_000
const header =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"

const noDailies: ReadonlySet<string> = new Set(["3d", "1w", "1mo"])

/** A file that is asked for, understood. */
interface Asked {
  readonly market: Dataset["market"]
  readonly symbol: string
  readonly interval: string
  readonly from: number
  readonly to: number
  readonly name: string
  readonly publishedAt: number
}

const firstMonday = (month: DateTime.DateTime): number => {
  const day = DateTime.getPartUtc(month, "weekDay")
  return DateTime.toEpochMillis(DateTime.add(month, { days: (8 - day) % 7 }))
}

const parse = (path: string): Asked | undefined => {
  const match = pattern.exec(path)
  if (match === null) return undefined
  const [, market, period, symbol, interval, date] = match as unknown as ReadonlyArray<string>
  const monthly = period === "monthly"
  if (monthly !== (date!.length === 7) || (!monthly && noDailies.has(interval!))) return undefined
  const start = DateTime.make(`${date}${monthly ? "-01" : ""}T00:00:00Z`)
  if (Option.isNone(start)) return undefined
  const end = DateTime.add(start.value, monthly ? { months: 1 } : { days: 1 })
  return {
    market: market === "spot" ? "spot" : "um",
    symbol: symbol!,
    interval: interval === "1mo" ? "1M" : interval!,
    from: DateTime.toEpochMillis(start.value),
    to: DateTime.toEpochMillis(end),
    name: `${symbol}-${interval}-${date}`,
    publishedAt: monthly ? firstMonday(end) : DateTime.toEpochMillis(end) + dailyDelayMillis
  }
}

/** Rows as fields, times in milliseconds. */
const rowsOf = (dataset: Dataset, asked: Asked): ReadonlyArray<ReadonlyArray<string>> => {
  const stretch = { from: Math.max(asked.from, dataset.extent.from), to: Math.min(asked.to, dataset.extent.to) }
  if (stretch.from >= stretch.to) return []
  const { bytes } = dataset.klines?.(stretch) ?? KlineText.print(dataset.candles(stretch), dataset.interval)
  if (bytes.length === 0) return []
  return bytes
    .toString("latin1")
    .slice(1, -1)
    .split("],[")
    .map((row) => row.replaceAll('"', "").split(","))
}

const inMicroseconds = (row: ReadonlyArray<string>): ReadonlyArray<string> =>
  row.with(0, `${row[0]}000`).with(6, `${row[6]}999`)

interface File {
  readonly zip: Buffer
  readonly sha256: string
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** The file with its defects; `undefined` if there is nothing to put into it. */
const build = (
  dataset: Dataset,
  asked: Asked,
  defects: ReadonlyArray<ArchiveDefect.ArchiveDefect>
): File | undefined => {
  const has = (tag: ArchiveDefect.Tag) => defects.some(({ _tag }) => _tag === tag)
  const sound = rowsOf(dataset, asked)
  if (sound.length === 0) return undefined
  const rows = defects.reduce<ReadonlyArray<ReadonlyArray<string>>>(ArchiveDefect.spoil, sound)
  const micros = (asked.market === "spot" && asked.from >= microsecondsFrom) !== has("OtherUnit")
  const headed = (asked.market === "um" && asked.from >= headerFrom) !== has("Header")
  const lines = rows.map((row) => (micros ? inMicroseconds(row) : row).join(","))
  const text = strToU8(`${headed ? `${header}\n` : ""}${lines.join("\n")}\n`)
  const files = has("TwoFiles") ? { "README.txt": strToU8("see elsewhere") } : {}
  const zip = has("NotAZip")
    ? Buffer.from("<html>not found</html>")
    : Buffer.from(zipSync({ [`${asked.name}.csv`]: text, ...files }, { level: 6, mtime: "2025-01-01T00:00:00Z" }))
  return { zip, sha256: sha256(zip) }
}

const notFound = Reply.make(
  404,
  "application/xml",
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>'
)

/** Files that were built, for every emulator of the same dataset. */
const known = new WeakMap<Dataset, Map<string, File | undefined>>()

const make = (world: World) => {
  const fileOf = (dataset: Dataset, asked: Asked, defects: ReadonlyArray<ArchiveDefect.ArchiveDefect>) => {
    const files = known.get(dataset) ?? new Map<string, File | undefined>()
    known.set(dataset, files)
    const key = `${asked.name} ${JSON.stringify(defects)}`
    if (!files.has(key)) files.set(key, build(dataset, asked, defects))
    return files.get(key)
  }

  return (path: string): Reply.Reply => {
    const isChecksum = path.endsWith(".CHECKSUM")
    const asked = parse(path)
    if (asked === undefined || world.now() < asked.publishedAt) return notFound
    const dataset = world.datasets.find(
      ({ interval, market, symbol }) =>
        symbol === asked.symbol && interval === asked.interval && market === asked.market
    )
    const defects = (world.archiveDefects?.() ?? []).filter((defect) => path.includes(defect.in ?? ""))
    const has = (tag: ArchiveDefect.Tag) => defects.some(({ _tag }) => _tag === tag)
    if (dataset === undefined || has("Missing") || (has("MissingZip") && !isChecksum)) return notFound
    const file = fileOf(dataset, asked, defects)
    if (file === undefined) return notFound
    if (!isChecksum) return Reply.make(200, "application/zip", [file.zip])
    const hash = has("StaleChecksum") ? sha256(Buffer.from(file.sha256)) : file.sha256
    return Reply.make(200, "binary/octet-stream", has("GarbledChecksum") ? "soon" : `${hash}  ${asked.name}.zip`)
  }
}

export const provider: Provider = {
  id: "binance-archive",
  variable: "BINANCE_ARCHIVE_URL",
  owns: (path) => path.startsWith(root),
  servesCandles: () => false,
  make: (world) => {
    const answer = make(world)
    return (query, fault) =>
      fault?._tag === "ServerError"
        ? Reply.gatewayPage(fault.status ?? 500, "Error")
        : fault?._tag === "RateLimited" || fault?._tag === "Banned"
          ? {
              ...Reply.gatewayPage(fault._tag === "Banned" ? 418 : 429, "Slow Down"),
              ...(fault.retryAfterSeconds === undefined
                ? {}
                : { headers: { "content-type": "text/html", "retry-after": String(fault.retryAfterSeconds) } })
            }
          : answer(query.path)
  }
}
