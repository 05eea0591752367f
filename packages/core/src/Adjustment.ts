/**
 * Candles as if every share had always been a share of today, and, where
 * wanted, as if dividends had been reinvested. Pure.
 *
 * A split of `from` into `to` multiplies the prices before its session by
 * `from / to` and the volumes by `to / from`; what was paid (`quoteVolume`)
 * stays. A dividend D multiplies the prices before its session by
 * `1 − D / C`, with C the close of the last session before it, both in the
 * same shares: the method of CRSP and of Yahoo's `adjclose`. Several dividends
 * of one day count as their sum; factors of several days multiply. Earnings
 * change nothing.
 *
 * What the source has already applied is never applied again, and never taken
 * out either.
 *
 * **Gotcha**: a candle of a week or a month that a dividend falls into is
 * adjusted as its close is, which is after it. One that a split falls into is
 * half in old and half in new shares, and cannot be adjusted at all.
 */
import { Result } from "effect"
import type { Calendar, Session } from "./Calendar.ts"
import * as Candles from "./Candles.ts"
import type { CorporateAction, Dividend, Split } from "./CorporateAction.ts"
import * as Instant from "./Instant.ts"
import type { Capabilities } from "./Source.ts"
import * as Timeframe from "./Timeframe.ts"

/** What the reader wants: prices as they were traded, in today's shares, or with dividends taken out too. */
export const modes = ["none", "splits", "all"] as const
export type Mode = (typeof modes)[number]

/** What the prices of a source are adjusted for. */
export type Applied = Capabilities["adjustment"]

export interface Options {
  readonly calendar: Calendar
  /** In any order. */
  readonly actions: ReadonlyArray<CorporateAction>
  readonly mode: Mode
  readonly applied: Applied
  /** Nothing before it is to be adjusted: actions whose session opens at or before it do not matter. */
  readonly from?: Instant.EpochMillis | undefined
  /** Actions whose session opens later are only announced, and do not count. */
  readonly until?: Instant.EpochMillis | undefined
}

/** Why candles cannot be adjusted. */
export type Problem =
  | { readonly _tag: "CloseMissing"; readonly dividend: Dividend; readonly session: Session }
  | { readonly _tag: "Implausible"; readonly action: Split | Dividend; readonly detail: string }
  | { readonly _tag: "SplitInside"; readonly split: Split; readonly open: Instant.EpochMillis }

/** What candles are multiplied by: those before `before[i]` and not before `before[i - 1]`. Ascending. */
export interface Factors {
  readonly before: Float64Array
  readonly price: Float64Array
  readonly volume: Float64Array
  /** Splits that are applied, for candles that they fall into. */
  readonly splits: ReadonlyArray<{ readonly split: Split; readonly at: Instant.EpochMillis }>
}

/** What the result of a mode is adjusted for: at least what the source has applied. */
export const effective = (mode: Mode, applied: Applied): Applied =>
  mode === "all" || applied === "splits-and-dividends"
    ? "splits-and-dividends"
    : mode === "splits" || applied === "splits"
      ? "splits"
      : "none"

/** Whether a mode asks for more than the source has applied, so that actions must be known. */
export const needsActions = (mode: Mode, applied: Applied): boolean => effective(mode, applied) !== applied

const dayMillis = 86_400_000
/** Longer than any market has been closed. */
const reachMillis = 60 * dayMillis

/** The first session with an action's date or a later one, and the session before it. */
export const sessionsAt = (calendar: Calendar, exDate: string) => {
  const midnight = Result.getOrThrow(Result.fromOption(Instant.parse(exDate), () => new RangeError(exDate)))
  const sessions = calendar.sessions({
    from: Math.max(calendar.span.from, midnight - reachMillis),
    to: Math.min(calendar.span.to, midnight + reachMillis)
  })
  const index = sessions.findIndex((session) => session.date >= exDate)
  return index < 1 ? undefined : { on: sessions[index]!, previous: sessions[index - 1]! }
}

interface Placed<A> {
  readonly action: A
  /** Open of the first session without the right, or in new shares. */
  readonly at: Instant.EpochMillis
  readonly previous: Session
}

/** Products and sums of one session are the same to the last bit, in whatever order somebody tells of them. */
const inOrder = (a: CorporateAction, b: CorporateAction): number => {
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)]
  return one < other ? -1 : one > other ? 1 : 0
}

const place = <A extends CorporateAction>(options: Options, actions: ReadonlyArray<A>): ReadonlyArray<Placed<A>> =>
  actions
    .flatMap((action): ReadonlyArray<Placed<A>> => {
      const sessions = sessionsAt(options.calendar, action.exDate)
      if (sessions === undefined) return []
      const at = sessions.on.open
      const isAnnounced = options.until !== undefined && at > options.until
      return isAnnounced ? [] : [{ action, at, previous: sessions.previous }]
    })
    .toSorted((a, b) => a.at - b.at || inOrder(a.action, b.action))

const matters =
  ({ from }: Options) =>
  ({ at }: { readonly at: Instant.EpochMillis }): boolean =>
    from === undefined || at > from

const splitsOf = (options: Options) =>
  place(
    options,
    options.actions.filter((action) => action._tag === "Split")
  )

/** Dividends that are to be applied. */
const dividendsOf = (options: Options) =>
  options.mode !== "all" || options.applied === "splits-and-dividends"
    ? []
    : place(
        options,
        options.actions.filter((action) => action._tag === "Dividend")
      ).filter(matters(options))

/** The sessions whose closes `factors` needs, with the dividend that needs each. */
export const closesNeeded = (
  options: Options
): ReadonlyArray<{ readonly dividend: Dividend; readonly session: Session }> =>
  dividendsOf(options).map(({ action, previous }) => ({ dividend: action, session: previous }))

const ratio = ({ from, to }: Split): number => to / from

/** What to multiply by. `closeOf`: the close of a session as the series has it, `undefined` where it is not known. */
export const factors = (
  options: Options,
  closeOf: (session: Session) => number | undefined
): Result.Result<Factors, Problem> => {
  const splits = splitsOf(options)
  const wrong = splits.find(({ action }) => !(action.from > 0 && action.to > 0))
  if (wrong !== undefined) {
    const detail = `${wrong.action.to} shares for ${wrong.action.from}`
    return Result.fail({ _tag: "Implausible", action: wrong.action, detail })
  }
  /** How many of today's shares a share of an instant is. */
  const sharesSince = (instant: number) =>
    splits.filter(({ at }) => at > instant).reduce((product, { action }) => product * ratio(action), 1)

  const steps = new Map<number, { price: number; volume: number }>()
  const step = (at: number) => {
    const known = steps.get(at)
    if (known !== undefined) return known
    const made = { price: 1, volume: 1 }
    steps.set(at, made)
    return made
  }
  const applied = options.applied === "none" && options.mode !== "none" ? splits.filter(matters(options)) : []
  for (const { action, at } of applied) {
    step(at).price /= ratio(action)
    step(at).volume *= ratio(action)
  }
  for (const [at, sameDay] of Map.groupBy(dividendsOf(options), (placed) => placed.at)) {
    const { action, previous } = sameDay[0]!
    const stored = closeOf(previous)
    if (stored === undefined) return Result.fail({ _tag: "CloseMissing", dividend: action, session: previous })
    // Both in today's shares; the amount is in those of its own day, after a split of that day.
    const close = options.applied === "none" ? stored / sharesSince(previous.open) : stored
    const amount = sameDay.reduce((sum, dividend) => sum + dividend.action.amount, 0) / sharesSince(at)
    const factor = 1 - amount / close
    if (!(factor > 0) || !Number.isFinite(factor) || !(close > 0) || amount < 0) {
      return Result.fail({
        _tag: "Implausible",
        action,
        detail: `a dividend of ${amount} on a close of ${close}, in the shares of today`
      })
    }
    step(at).price *= factor
  }
  const ends = [...steps.keys()].sort((a, b) => a - b)
  const price = new Float64Array(ends.length)
  const volume = new Float64Array(ends.length)
  let [pricesBy, volumesBy] = [1, 1]
  for (let i = ends.length - 1; i >= 0; i--) {
    price[i] = pricesBy *= steps.get(ends[i]!)!.price
    volume[i] = volumesBy *= steps.get(ends[i]!)!.volume
  }
  return Result.succeed({
    before: Float64Array.from(ends),
    price,
    volume,
    splits: applied.map(({ action, at }) => ({ split: action, at }))
  })
}

/** Whether a candle may hold more than one session. */
const isLong = (timeframe: Timeframe.Timeframe): boolean => Timeframe.nominalMillis(timeframe) > dayMillis

/** The candles times their factors; the input is left as it is, and is the result where nothing applies. */
export const apply = (
  factors: Factors,
  calendar: Calendar,
  timeframe: Timeframe.Timeframe,
  candles: Candles.Candles
): Result.Result<Candles.Candles, Problem> => {
  const { before, price, volume } = factors
  const { openTime } = candles
  const size = Candles.length(candles)
  const long = isLong(timeframe)
  /** Whether a candle is over when the session at an instant opens. */
  const isBefore = (open: number, at: number) =>
    open < at && (!long || calendar.closeOf(timeframe, calendar.openAtOrBefore(timeframe, open)) <= at)
  if (long) {
    for (const { at, split } of factors.splits) {
      const row = Candles.lowerBound(openTime, at) - 1
      if (row >= 0 && !isBefore(openTime[row]!, at)) {
        return Result.fail({ _tag: "SplitInside", split, open: openTime[row]! })
      }
    }
  }
  if (before.length === 0 || size === 0 || !isBefore(openTime[0]!, before.at(-1)!)) return Result.succeed(candles)
  const index = new Int32Array(size)
  for (let i = 0, step = 0; i < size; i++) {
    while (step < before.length && !isBefore(openTime[i]!, before[step]!)) step++
    index[i] = step
  }
  const scaled = (column: Float64Array, by: Float64Array) => {
    const out = new Float64Array(size)
    for (let i = 0; i < size; i++) out[i] = column[i]! * (by[index[i]!] ?? 1)
    return out
  }
  return Result.succeed({
    ...candles,
    open: scaled(candles.open, price),
    high: scaled(candles.high, price),
    low: scaled(candles.low, price),
    close: scaled(candles.close, price),
    volume: scaled(candles.volume, volume)
  })
}

/** The close of a session in candles of a timeframe: that of the last candle which ends inside it. */
export const closeIn = (
  candles: Candles.Candles,
  calendar: Calendar,
  timeframe: Timeframe.Timeframe,
  session: Session
): number | undefined => {
  const row = Candles.lowerBound(candles.openTime, session.close) - 1
  if (row < 0) return undefined
  const open = candles.openTime[row]!
  const end = isLong(timeframe) ? calendar.closeOf(timeframe, calendar.openAtOrBefore(timeframe, open)) : open + 1
  return end > session.open && end <= session.close ? candles.close[row] : undefined
}

/** All of it for candles at hand, whose own closes are those before the dividends. */
export const adjust = (
  candles: Candles.Candles,
  timeframe: Timeframe.Timeframe,
  options: Options
): Result.Result<Candles.Candles, Problem> => {
  const own = { ...options, from: options.from ?? candles.openTime[0] }
  return Result.flatMap(
    factors(own, (session) => closeIn(candles, options.calendar, timeframe, session)),
    (by) => apply(by, options.calendar, timeframe, candles)
  )
}
