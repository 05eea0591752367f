/**
 * Where a copied history ends, and what the ledger says up to there. Pure.
 *
 * A piece ends at the open of the next candle. An empty run has no candle
 * inside, so no end of a piece ever cuts one; a fetched run may be cut, and
 * then has the rows that are before the cut.
 */
import type { Coverage } from "@tidemark/core"

/** The ledger of a history that ends at `end`, of whose last fetched run only `lastRows` rows are before it. */
export const cut = (coverage: Coverage.Coverage, end: number, lastRows: number): Coverage.Coverage => ({
  fetched: coverage.fetched
    .filter((run) => run.from < end)
    .map((run) => (run.to <= end ? run : { ...run, to: end, rows: lastRows })),
  empty: coverage.empty.filter((run) => run.from < end),
  stale: coverage.stale.filter((run) => run.from < end).map((run) => ({ ...run, to: Math.min(run.to, end) })),
  streamed: coverage.streamed.filter((run) => run.from < end).map((run) => ({ ...run, to: Math.min(run.to, end) })),
  pruned: coverage.pruned.filter((run) => run.from < end).map((run) => ({ ...run, to: Math.min(run.to, end) }))
})

/** What a ledger says of the time from an instant on, with what touches it. */
export const from = (coverage: Coverage.Coverage, start: number): Coverage.Coverage => ({
  fetched: coverage.fetched.filter((run) => run.to >= start),
  empty: coverage.empty.filter((run) => run.to >= start),
  stale: coverage.stale.filter((run) => run.to >= start),
  streamed: coverage.streamed.filter((run) => run.to >= start),
  pruned: coverage.pruned.filter((run) => run.to >= start)
})

/** How far a ledger reaches; -Infinity if nothing was fetched that is still there. */
export const reach = ({ empty, fetched }: Coverage.Coverage): number =>
  // Runs ascend and do not overlap: the last ends last.
  Math.max(fetched.at(-1)?.to ?? -Infinity, empty.at(-1)?.to ?? -Infinity)

/** The fetched run that an instant lies in. */
export const runAt = ({ fetched }: Coverage.Coverage, instant: number): Coverage.Fetched | undefined =>
  fetched.find((run) => run.from < instant && instant < run.to)

/** Whether two ledgers say the same. */
export const same = (a: Coverage.Coverage, b: Coverage.Coverage): boolean => JSON.stringify(a) === JSON.stringify(b)
