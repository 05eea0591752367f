/** Two series side by side, for people and for machines. Pure. */
import { Instant, Series } from "@tidemark/core"
import type { Reconciliation } from "@tidemark/quality"
import { count } from "./Format.ts"
import { render } from "./Table.ts"

export interface Compared {
  readonly series: Series.Series
  /** What it is compared with: another source, or shorter candles. */
  readonly other: string
  /** How prices are made comparable, in words. */
  readonly basis: string
  readonly tolerance: Reconciliation.Tolerance
  readonly result: Reconciliation.Comparison
}

/** Differences that are listed one by one. */
const shown = 20

export const isSame = ({ result: { compared, differences } }: Compared): boolean =>
  compared > 0 && differences.length === 0

export const toJson = (all: ReadonlyArray<Compared>) =>
  all.map(({ basis, other, result, series, tolerance }) => ({
    ...series,
    with: other,
    basis,
    tolerance,
    compared: result.compared,
    only_here: result.onlyOurs,
    only_there: result.onlyTheirs,
    differences: result.differences.map(({ column, off, openTime, ours, theirs }) => ({
      timestamp: Instant.format(openTime),
      column,
      here: ours,
      there: theirs,
      off
    }))
  }))

const percent = (share: number): string => `${(share * 100).toPrecision(3)} %`

export const toText = (all: ReadonlyArray<Compared>): string => {
  if (all.length === 0) return "Nothing that could be compared is stored"
  const differences = all.flatMap(({ result, series }) =>
    result.differences.map((difference) => ({ series, ...difference }))
  )
  return [
    render(
      ["series", "with", "compared", "differ", "only here", "only there", "basis"],
      all.map(({ basis, other, result, series }) => [
        Series.key(series),
        other,
        count(result.compared),
        count(result.differences.length),
        count(result.onlyOurs),
        count(result.onlyTheirs),
        basis
      ]),
      { right: [2, 3, 4, 5] }
    ),
    ...(differences.length === 0
      ? []
      : [
          "",
          render(
            ["series", "at", "column", "here", "there", "off by"],
            differences
              .toSorted((a, b) => b.off - a.off)
              .slice(0, shown)
              .map(({ column, off, openTime, ours, series, theirs }) => [
                Series.key(series),
                Instant.format(openTime),
                column,
                String(ours),
                String(theirs),
                percent(off)
              ]),
            { right: [3, 4, 5] }
          ),
          ...(differences.length > shown ? [`… and ${count(differences.length - shown)} more: --json lists all`] : [])
        ])
  ].join("\n")
}
