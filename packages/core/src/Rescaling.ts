/**
 * When a source that adjusts for splits tells its history in new shares. Pure.
 *
 * It does so some time after the last session in the old shares has closed:
 * usually before the next one opens, sometimes days later. What was stored
 * before the ex-date is in the old scale for certain, what comes `graceMillis`
 * after it was told is in the new one; between the two only the source's own
 * prices can tell. A split that is told late, told otherwise or taken back has
 * the same doubt from when it was told so.
 */
import { Option } from "effect"
import type { StoredAction } from "./ActionStore.ts"
import { sessionsAt } from "./Adjustment.ts"
import type { Calendar } from "./Calendar.ts"
import type { Split } from "./CorporateAction.ts"
import * as Instant from "./Instant.ts"

const dayMillis = 86_400_000

/** By then every source has brought its prices to the new shares: a weekend and a day. */
export const graceMillis = 3 * dayMillis

/** All that is unsettled of one date. */
export interface Rescaling {
  /** An ISO date. */
  readonly exDate: string
  /** The splits of the date that stand; none where it was taken back. */
  readonly splits: ReadonlyArray<Split>
  /** Rows that were stored before it are in the old scale. */
  readonly oldBefore: Instant.EpochMillis
  /** From then on the source may tell the new one. */
  readonly from: Instant.EpochMillis
  /** Open of the first session in the new shares. */
  readonly since: Instant.EpochMillis
  /** From then on the source is taken to tell the new one. */
  readonly doneBy: Instant.EpochMillis
}

/** Midnight UTC of a date, when it has begun at every exchange's office, if not yet on its floor. */
const midnightOf = (exDate: string): Instant.EpochMillis => Option.getOrThrow(Instant.parse(exDate))

/** What new prices are to old ones, after splits. */
export const factorOf = (splits: ReadonlyArray<Split>): number =>
  splits.reduce((product, { from, to }) => (product * from) / to, 1)

/**
 * What is in force at an instant of the unsettled splits of one symbol at one
 * source, ascending. `firstAskedAt`: since when the source has been asked for
 * that time; what it told later than that, it may have learned later.
 */
export const inForce = (
  calendar: Calendar,
  unsettled: ReadonlyArray<StoredAction>,
  now: Instant.EpochMillis,
  firstAskedAt: Instant.EpochMillis | undefined
): ReadonlyArray<Rescaling> => {
  const byDate = Map.groupBy(unsettled, ({ action }) => action.exDate)
  return [...byDate]
    .flatMap(([exDate, told]): ReadonlyArray<Rescaling> => {
      const midnight = midnightOf(exDate)
      const since = sessionsAt(calendar, exDate)?.on.open
      // Before it was in force, it was in no price.
      const matter = told.filter(({ replacedAt }) => replacedAt === undefined || replacedAt > midnight)
      if (since === undefined || matter.length === 0) return []
      const news = matter.map(({ knownAt, replacedAt }) =>
        Math.max(replacedAt ?? 0, firstAskedAt !== undefined && knownAt > firstAskedAt ? knownAt : 0)
      )
      const splits = matter.flatMap(({ action, replacedAt }) =>
        action._tag === "Split" && replacedAt === undefined ? [action] : []
      )
      return [
        {
          exDate,
          splits,
          oldBefore: midnight - dayMillis,
          from: midnight,
          since,
          doneBy: Math.max(since, ...news) + graceMillis
        }
      ]
    })
    .filter(({ from }) => from <= now)
    .toSorted((a, b) => a.since - b.since)
}

/** Whether a split has come into force between two instants. */
export const isInForceSince = ({ exDate }: Split, from: Instant.EpochMillis, now: Instant.EpochMillis): boolean => {
  const midnight = midnightOf(exDate)
  return midnight >= from && midnight <= now
}

/** Prices that a source has rounded are as near as this to their factor. */
const tolerance = 0.01

/** Whether a price that was `before` in the old shares has been told as `after` in the new ones. */
export const isRescaled = (before: number, after: number, factor: number): boolean =>
  Math.abs(Math.log(after / before / factor)) < tolerance && Math.abs(Math.log(factor)) > 2 * tolerance
