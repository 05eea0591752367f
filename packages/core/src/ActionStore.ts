/**
 * Where corporate actions are kept, with what was asked for.
 *
 * An action is what one source says of one symbol, like a candle. What an
 * answer no longer has, or has otherwise, is not lost: it is kept with the
 * time at which it was replaced.
 */
import { Context, type Effect } from "effect"
import type { CorporateAction } from "./CorporateAction.ts"
import type { EpochMillis } from "./Instant.ts"
import type { Interval } from "./Interval.ts"
import type { StoreError } from "./StoreError.ts"

const dayMillis = 86_400_000

export const kinds = ["split", "dividend", "earnings"] as const
export type Kind = (typeof kinds)[number]

export const kindOf = (action: CorporateAction): Kind =>
  action._tag === "Split" ? "split" : action._tag === "Dividend" ? "dividend" : "earnings"

/** One answer of a source: all the actions of these kinds that `symbol` has with a date in the interval. */
export interface ActionsWrite {
  readonly source: string
  readonly symbol: string
  /** Whole UTC days; see `days`. A date is inside where its midnight is. */
  readonly interval: Interval
  /** Those that the answer speaks of; all if absent. Only one that speaks of splits counts as asked. */
  readonly kinds?: ReadonlyArray<Kind>
  readonly actions: ReadonlyArray<CorporateAction>
  readonly at: EpochMillis
}

export interface ActionsResult {
  readonly added: ReadonlyArray<CorporateAction>
  readonly changed: ReadonlyArray<{ readonly before: CorporateAction; readonly after: CorporateAction }>
  /** Those that the answer no longer has. */
  readonly removed: ReadonlyArray<CorporateAction>
}

export interface StoredAction {
  readonly source: string
  readonly symbol: string
  readonly action: CorporateAction
  /** When it was first told so. */
  readonly knownAt: EpochMillis
  /** When the source told otherwise; `undefined` while it stands. */
  readonly replacedAt: EpochMillis | undefined
}

/** What a source has been asked of a symbol. */
export interface Asked {
  readonly source: string
  readonly symbol: string
  readonly interval: Interval
  /** Since when it has been asked from the start of the interval on. */
  readonly firstAt: EpochMillis
  readonly lastAt: EpochMillis
}

export interface ActionFilter {
  readonly symbols?: ReadonlyArray<string>
  readonly source?: string
  readonly kinds?: ReadonlyArray<Kind>
  /** First instant of the dates, whose instant is their UTC midnight. */
  readonly from?: EpochMillis
  /** First instant after them. */
  readonly to?: EpochMillis
  /** What was known at this instant, instead of now. */
  readonly asOf?: EpochMillis
}

/** The whole UTC days that hold an interval. */
export const days = (interval: Interval): Interval => ({
  from: Math.floor(interval.from / dayMillis) * dayMillis,
  to: Math.ceil(interval.to / dayMillis) * dayMillis
})

/** What an answer tells of: nobody knows what is announced after it was given. */
export const known = ({ interval, lastAt }: Asked): Interval => ({
  from: interval.from,
  to: Math.min(interval.to, (Math.floor(lastAt / dayMillis) + 1) * dayMillis)
})

export class ActionStore extends Context.Service<
  ActionStore,
  {
    /**
     * Keeps an answer, and that it was asked for; the same answer again changes nothing. What was asked is one
     * interval: an answer that touches it extends it, one that does not takes its place, so ask for the hull.
     */
    readonly put: (write: ActionsWrite) => Effect.Effect<ActionsResult, StoreError>
    /** By symbol, source and date, ascending. */
    readonly list: (filter: ActionFilter) => Effect.Effect<ReadonlyArray<StoredAction>, StoreError>
    /** By symbol and source; a pair that was never asked is not there. */
    readonly asked: (
      filter: Pick<ActionFilter, "symbols" | "source">
    ) => Effect.Effect<ReadonlyArray<Asked>, StoreError>
    /**
     * Splits that the candles of their source have not been brought in line with, ascending; among them those that
     * were told otherwise or taken back since, which need it too.
     */
    readonly unsettled: (source: string, symbol: string) => Effect.Effect<ReadonlyArray<StoredAction>, StoreError>
    /** Records that the candles have been brought in line with all that is known at an instant of the splits of a date. */
    readonly settle: (
      source: string,
      symbol: string,
      exDate: string,
      at: EpochMillis
    ) => Effect.Effect<void, StoreError>
  }
>()("@tidemark/core/ActionStore") {}
