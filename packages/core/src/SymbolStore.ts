/** The user's list of instruments. */
import { Context, type Effect } from "effect"
import type { CalendarId } from "./Calendar.ts"
import type { Instrument } from "./Instrument.ts"
import type { StoreError } from "./StoreError.ts"

export class SymbolStore extends Context.Service<
  SymbolStore,
  {
    /** By symbol, ascending. */
    readonly list: Effect.Effect<ReadonlyArray<Instrument>, StoreError>
    /** The calendars of some symbols that are on it; of all where none is named. */
    readonly calendars: (symbols: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, CalendarId>, StoreError>
    /** Adds or replaces, all or none; of two with one symbol the last counts. */
    readonly put: (instruments: ReadonlyArray<Instrument>) => Effect.Effect<void, StoreError>
    /** Takes symbols off the list and says which were on it. Their candles stay. */
    readonly remove: (symbols: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, StoreError>
  }
>()("@tidemark/core/SymbolStore") {}
