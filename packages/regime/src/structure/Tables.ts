/** Structure regimes and events as rows of `structure_regime_history` and `structure_events`. */
import type { DerivedStore } from "@tidemark/core"
import { describe, type Missing, type StructureRegime } from "./StructureRegime.ts"

const text = (name: string): DerivedStore.Column => ({ name, kind: "text" })
const number = (name: string): DerivedStore.Column => ({ name, kind: "number" })
const time = (name: string): DerivedStore.Column => ({ name, kind: "time" })

type Cell = string | number | null

/** Of which more candles would help, with commas between them. */
const timeframesOf = (missing: ReadonlyArray<Missing>): string | null => {
  const found = missing.filter(({ isFetchable }) => isFetchable).map(({ timeframe }) => timeframe)
  return found.length === 0 ? null : [...new Set(found)].join()
}

interface Field {
  readonly column: DerivedStore.Column
  readonly of: (regime: StructureRegime) => Cell
}

const fields: ReadonlyArray<Field> = [
  { column: text("regime"), of: ({ label }) => label },
  { column: number("close"), of: ({ close }) => close },
  { column: number("adx_14"), of: ({ adx }) => adx },
  { column: number("plus_di_14"), of: ({ plusDi }) => plusDi },
  { column: number("minus_di_14"), of: ({ minusDi }) => minusDi },
  { column: text("bias"), of: ({ bias }) => bias?.direction ?? null },
  { column: number("ema_200"), of: ({ bias }) => bias?.ema ?? null },
  { column: number("ema_distance"), of: ({ bias }) => bias?.distance ?? null },
  { column: text("ema_slope"), of: ({ bias }) => bias?.slope ?? null },
  { column: text("order_block"), of: ({ orderBlock }) => orderBlock?.direction ?? null },
  { column: time("order_block_time"), of: ({ orderBlock }) => orderBlock?.openTime ?? null },
  { column: number("order_block_top"), of: ({ orderBlock }) => orderBlock?.top ?? null },
  { column: number("order_block_bottom"), of: ({ orderBlock }) => orderBlock?.bottom ?? null },
  { column: text("fair_value_gap"), of: ({ fairValueGap }) => fairValueGap?.direction ?? null },
  { column: time("fair_value_gap_time"), of: ({ fairValueGap }) => fairValueGap?.openTime ?? null },
  { column: number("fair_value_gap_top"), of: ({ fairValueGap }) => fairValueGap?.top ?? null },
  { column: number("fair_value_gap_bottom"), of: ({ fairValueGap }) => fairValueGap?.bottom ?? null },
  { column: text("break_of_structure"), of: ({ breakOfStructure }) => breakOfStructure?.direction ?? null },
  { column: time("break_time"), of: ({ breakOfStructure }) => breakOfStructure?.openTime ?? null },
  { column: number("break_level"), of: ({ breakOfStructure }) => breakOfStructure?.level ?? null },
  { column: text("missing_timeframes"), of: ({ missing }) => timeframesOf(missing) },
  { column: text("description"), of: (regime) => describe(regime) }
]

export const regimes: DerivedStore.Table = {
  name: "structure_regimes",
  columns: fields.map(({ column }) => column),
  isShared: true
}

const cells = <A>(rows: ReadonlyArray<A>, kind: DerivedStore.Column["kind"], of: (row: A) => Cell) =>
  kind === "text"
    ? rows.map((row) => of(row) as string | null)
    : Float64Array.from(rows, (row) => (of(row) as number | null) ?? Number.NaN)

export const toRows = (of: ReadonlyArray<StructureRegime>): DerivedStore.Rows => ({
  openTime: Float64Array.from(of, ({ openTime }) => openTime),
  knownAt: Float64Array.from(of, ({ knownAt }) => knownAt),
  columns: fields.map(({ column, of: cell }) => cells(of, column.kind, cell)),
  inputHash: Float64Array.from(of, ({ inputHash }) => inputHash),
  reasons: of.map(({ missing }) => (missing.length === 0 ? null : missing.map(({ text }) => text).join("; ")))
})

/** What happened in a structure, by time instead of by row. */
export interface Happening {
  /** Open of the candle at whose close it was known; in `smc-compat` of the one that it marks. */
  readonly openTime: number
  readonly knownAt: number
  readonly inputHash: number
  readonly kind: string
  readonly pattern: string | null
  readonly direction: string | null
  /** Open of the candle that it is about, and of another that belongs to it. */
  readonly about: number
  readonly related: number | null
  readonly level: number | null
  readonly top: number | null
  readonly bottom: number | null
  readonly description: string
}

export const events: DerivedStore.Table = {
  name: "structure_event_rows",
  columns: [
    number("sequence"),
    text("kind"),
    text("pattern"),
    text("direction"),
    time("about_time"),
    time("related_time"),
    number("level"),
    number("top"),
    number("bottom"),
    text("description")
  ],
  isShared: true,
  order: ["sequence"]
}

/** `sequence` counts the events of one candle. */
export const toEventRows = (of: ReadonlyArray<Happening>): DerivedStore.Rows => {
  const sequence = new Float64Array(of.length)
  for (let i = 1; i < of.length; i++) {
    if (of[i]!.openTime === of[i - 1]!.openTime) sequence[i] = sequence[i - 1]! + 1
  }
  const numbers = (cell: (one: Happening) => number | null) => cells(of, "number", cell)
  return {
    openTime: Float64Array.from(of, ({ openTime }) => openTime),
    knownAt: Float64Array.from(of, ({ knownAt }) => knownAt),
    inputHash: Float64Array.from(of, ({ inputHash }) => inputHash),
    reasons: of.map(() => null),
    columns: [
      sequence,
      of.map(({ kind }) => kind),
      of.map(({ pattern }) => pattern),
      of.map(({ direction }) => direction),
      numbers(({ about }) => about),
      numbers(({ related }) => related),
      numbers(({ level }) => level),
      numbers(({ top }) => top),
      numbers(({ bottom }) => bottom),
      of.map(({ description }) => description)
    ]
  }
}
