/** Which series are listened to, and over which connections. */
import { Calendars } from "@tidemark/calendars"
import { Calendar, CandleStore, type Coverage, Series, type Source, SymbolStore, Timeframe } from "@tidemark/core"
import { Clock, Effect, Result } from "effect"
import { Events } from "./Events.ts"
import * as Selection from "./Selection.ts"
import { type Registered, SourceRegistry } from "./SourceRegistry.ts"
import * as Survey from "./Survey.ts"

/** A stored series that its source can tell of. */
export interface TailSeries {
  readonly series: Series.Series
  readonly registered: Registered
  /** How its source is asked for it. */
  readonly request: Source.TailRequest
  readonly venue: string
}

/** Series that share a connection: of one source and venue. */
export interface Group {
  readonly source: string
  readonly venue: string
  readonly members: ReadonlyArray<TailSeries>
}

/** At most so much is missing at the end of a series that is up to date: a request brings it. */
const isUpToDate = (
  coverage: Coverage.Coverage,
  { calendar, timeframe }: Source.TailRequest,
  { lagMillis, pageSize }: Source.Capabilities,
  now: number
): boolean => {
  const end = coverage.fetched.at(-1)?.to
  if (end === undefined) return false
  const final = Calendar.closedUntil(calendar, timeframe, now - lagMillis)
  return end >= final || final - end <= pageSize * Timeframe.nominalMillis(timeframe)
}

/**
 * Stored series that are up to date, whose source can tell what closes, and
 * whose instrument is traded. What is further behind is brought up to date by
 * a backfill first.
 */
export const choose = Effect.fn("TailSeries.choose")(function* (includes: (series: Series.Series) => boolean) {
  const registry = yield* SourceRegistry
  const events = yield* Events
  const now = yield* Clock.currentTimeMillis
  const known = new Map((yield* (yield* SymbolStore.SymbolStore).list).map((one) => [one.symbol, one]))
  const stored = yield* (yield* CandleStore.CandleStore).recorded({})
  const bySource = Map.groupBy(
    stored.filter(({ rows, series }) => rows > 0 && includes(series)),
    ({ series }) => series.source
  )
  const chosen: Array<TailSeries> = []
  for (const [source, entries] of bySource) {
    // A source that this program does not know, or cannot set up, has nothing to tell.
    const plugin = yield* Effect.result(registry.plugin(source))
    if (Result.isFailure(plugin)) continue
    const { capabilities } = plugin.success
    const { tail } = capabilities
    if (tail === undefined) continue
    const candidates = entries.flatMap((entry): ReadonlyArray<Omit<TailSeries, "registered">> => {
      const { timeframe } = entry.series
      const instrument = Survey.instrumentOf(known, entry)
      const { active, delistedAt } = instrument
      if (!tail.timeframes.includes(timeframe) || !active || (delistedAt ?? Infinity) <= now) return []
      const subject = Selection.subjectOf(instrument, source, Calendars.get(instrument.calendar))
      const request: Source.TailRequest = { ...subject, timeframe }
      if (!isUpToDate(entry.coverage, request, capabilities, now)) return []
      return [{ series: entry.series, request, venue: Selection.venueOf(source, plugin.success, subject) }]
    })
    if (candidates.length === 0) continue
    const registered = yield* Effect.result(registry.get(source))
    if (Result.isSuccess(registered)) {
      if (registered.success.source.tail === undefined) continue
      for (const one of candidates) chosen.push({ ...one, registered: registered.success })
    } else if (registered.failure._tag === "SourceError") {
      const symbols = [...new Set(candidates.map(({ series }) => series.symbol))]
      yield* events.publish({ _tag: "SourcePassedOver", source, symbols, error: registered.failure })
    }
  }
  return chosen
})

const limitOf = ({ registered }: TailSeries): number => registered.plugin.capabilities.tail?.seriesPerConnection ?? 1

interface Growing {
  readonly source: string
  readonly venue: string
  readonly members: Array<TailSeries>
}

/** Puts new series of one venue on its connections, or on others beside them. */
const place = (own: Array<Growing>, fresh: ReadonlyArray<TailSeries>): void => {
  const limit = limitOf(fresh[0]!)
  const total = own.reduce((sum, { members }) => sum + members.length, fresh.length)
  const hasSpare = own.length > Math.ceil(total / limit)
  const smallest = own.toSorted((a, b) => a.members.length - b.members.length)[0]
  let last = hasSpare ? smallest : undefined
  for (const one of fresh) {
    if (last === undefined || last.members.length >= limit) {
      last = { source: one.series.source, venue: one.venue, members: [] }
      own.push(last)
    }
    last.members.push(one)
  }
}

/**
 * The connections for what is chosen now. To change one means to make it
 * again, and to ask for what closed meanwhile of every series on it; so those
 * that there are stay as they are wherever they can. What is not chosen any
 * more leaves its connection. What is new begins another beside those that
 * are needed, and joins the smallest once there is such a spare one.
 */
export const regroup = (current: ReadonlyArray<Group>, chosen: ReadonlyArray<TailSeries>): ReadonlyArray<Group> => {
  const wanted = new Map(chosen.map((one) => [Series.key(one.series), one]))
  const groups: Array<Growing> = []
  for (const { members, source, venue } of current) {
    const kept = members.filter(({ series }) => wanted.delete(Series.key(series)))
    if (kept.length > 0) groups.push({ source, venue, members: kept })
  }
  const placeOf = ({ source, venue }: Pick<Group, "source" | "venue">) => `${source}\n${venue}`
  const fresh = Map.groupBy(wanted.values(), ({ series, venue }) => placeOf({ source: series.source, venue }))
  for (const [key, some] of fresh) {
    const own = groups.filter((group) => placeOf(group) === key)
    const before = own.length
    place(own, some)
    groups.push(...own.slice(before))
  }
  return groups
}

/** Tells connections apart by what they are about. */
export const keyOf = ({ members, source, venue }: Group): string =>
  [source, venue, ...members.map(({ series }) => Series.key(series))].join("\n")
