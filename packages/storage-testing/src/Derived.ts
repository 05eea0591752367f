/** Something derived, as the cases store it: a table that several methods share. */
import type { DerivedStore } from "@tidemark/core"

export const table: DerivedStore.Table = {
  name: "jump_regimes",
  isShared: true,
  columns: [
    { name: "regime", kind: "text" },
    { name: "lead", kind: "number" },
    ...[5, 20, 60].flatMap((days) =>
      ["return", "log_downside", "sortino"].map((name) => ({ name: `${name}_${days}`, kind: "number" as const }))
    )
  ]
}

export const method: DerivedStore.Method = { id: "test", version: 1 }

/** A row an open, its hash its number. */
export const rows = (openTime: Float64Array, length: number): DerivedStore.Rows => ({
  openTime,
  knownAt: openTime.map((open) => open + length),
  columns: table.columns.map(({ kind }, i) =>
    kind === "text" ? [...openTime].map(() => "bull") : openTime.map((open) => open / length + i)
  ),
  inputHash: openTime.map((_, i) => i),
  reasons: [...openTime].map(() => null)
})
