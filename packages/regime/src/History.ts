/** The regimes of a series, beside the candles that they are of. */
import { Calendar, Candles, type DerivedStore, type Timeframe } from "@tidemark/core"
import * as Inputs from "@tidemark/features/Inputs"
import { Effect } from "effect"

/** One row a candle that was derived, ascending. */
export interface History {
  readonly calendar: Calendar.Calendar
  readonly timeframe: Timeframe.Timeframe
  readonly openTime: Float64Array
  readonly knownAt: Float64Array
  /** In the shares of the last of them. */
  readonly close: Float64Array
  readonly reasons: ReadonlyArray<string | null>
  /** By the names of the table's text columns. */
  readonly words: Readonly<Record<string, ReadonlyArray<string | null>>>
}

/** Rows of a series beside its candles of a range. */
export const of = Effect.fn("Regime.history")(function* (
  input: Inputs.Input,
  table: DerivedStore.Table,
  rows: DerivedStore.Rows,
  range: { readonly from?: number | undefined; readonly to?: number | undefined }
) {
  const candles = yield* Inputs.candlesOf(input, range)
  const close = rows.openTime.map((open) => {
    const row = Candles.lowerBound(candles.openTime, open)
    return candles.openTime[row] === open ? candles.close[row]! : Number.NaN
  })
  const words = table.columns.flatMap(({ kind, name }, i) =>
    kind === "text" ? [[name, rows.columns[i] as ReadonlyArray<string | null>] as const] : []
  )
  const history: History = {
    calendar: input.calendar,
    timeframe: input.stored.series.timeframe,
    openTime: rows.openTime,
    knownAt: rows.knownAt,
    close,
    reasons: rows.reasons,
    words: Object.fromEntries(words)
  }
  return history
})

/** Until when each row counts: until the next one; until its candle is over where candles are missing between. */
export const ends = ({
  calendar,
  openTime,
  timeframe
}: Pick<History, "calendar" | "openTime" | "timeframe">): Float64Array =>
  openTime.map((open, row) => {
    const next = openTime[row + 1]
    const end = Calendar.endOf(calendar, timeframe, open)
    return next !== undefined && calendar.countOpens(timeframe, { from: end, to: Math.max(end + 1, next) }) === 0
      ? next
      : end
  })

/** Labels where each could be told at the close of its candle; `null` where only later, as in the training of a model. */
export const inTime = <Label extends string>(
  { calendar, knownAt, openTime, timeframe }: Pick<History, "calendar" | "knownAt" | "openTime" | "timeframe">,
  labels: ReadonlyArray<Label | null>
): ReadonlyArray<Label | null> =>
  labels.map((label, row) => (knownAt[row]! <= Calendar.endOf(calendar, timeframe, openTime[row]!) ? label : null))

/** Rows of one reason that follow one another. */
export interface Skipped {
  readonly from: number
  /** Open of the last of them. */
  readonly last: number
  readonly rows: number
  /** Of the last of them. */
  readonly reason: string
}

/** What a reason says but for how many candles there are. */
const kindOf = (reason: string): string => reason.replace(/has \d+/, "")

/** Rows without a regime, and why. */
export const skipped = ({ openTime, reasons }: Pick<History, "openTime" | "reasons">): ReadonlyArray<Skipped> => {
  const out: Array<Skipped> = []
  let before: string | null = null
  for (const [row, reason] of reasons.entries()) {
    const last = openTime[row]!
    if (reason !== null) {
      const same = before !== null && kindOf(before) === kindOf(reason) ? out.pop() : undefined
      out.push({ from: same?.from ?? last, last, rows: (same?.rows ?? 0) + 1, reason })
    }
    before = reason
  }
  return out
}
