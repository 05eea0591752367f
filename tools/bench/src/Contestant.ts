/** Who is compared: the same candles from the same provider into the same kind of database. */
import { Instant, type Interval } from "@tidemark/core"
import * as Child from "./Child.ts"
import * as Stores from "./Stores.ts"
import * as Workload from "./Workload.ts"

export interface Job {
  readonly database: string
  readonly url: string
  readonly interval: Interval.Interval
  readonly cwd: string
}

export interface Contestant {
  readonly name: "bare" | "ccxt" | "tidemark"
  readonly layout: Stores.Layout
  readonly command: (job: Job) => Child.Command
}

const handWritten = (name: "bare" | "ccxt", layout: Stores.Layout): Contestant => ({
  name,
  layout,
  command: ({ cwd, database, interval, url }) => ({
    name,
    cwd,
    args: [Child.script(`${name}.ts`), database, url, String(interval.from), String(interval.to)]
  })
})

/** `tidemark backfill` from Binance, which the emulator stands in for. */
export const backfill = (job: Job, symbols: ReadonlyArray<string>): Child.Command => ({
  name: "tidemark",
  cwd: job.cwd,
  env: { BINANCE_BASE_URL: job.url, BINANCE_ARCHIVE: "off" },
  args: [...Child.tidemark, "backfill", "--quiet", "--source=binance", "--timeframes=1m"].concat(
    `--database=duckdb:${job.database}`,
    `--symbols=${symbols.join(",")}`,
    `--start=${Instant.format(job.interval.from)}`,
    `--end=${Instant.format(job.interval.to)}`
  )
})

export const all: ReadonlyArray<Contestant> = [
  handWritten("bare", Stores.plain),
  handWritten("ccxt", Stores.keyed),
  { name: "tidemark", layout: Stores.product, command: (job) => backfill(job, [Workload.symbol]) }
]
