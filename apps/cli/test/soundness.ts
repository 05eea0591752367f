/** Whether the rows and the ledger of a database agree, and what users see of them, in SQL that every kind takes. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Database, Databases } from "./databases.ts"
import { type Options, parse, query, type Row, run } from "./tidemark.ts"

// One statement, so that it sees one moment of a database that others write to.
const soundness = `SELECT
  (SELECT count(*) FROM candles)::INTEGER AS candles,
  (SELECT count(*) FROM (SELECT DISTINCT series_id, open_time FROM candles) d)::INTEGER AS "distinct",
  (SELECT count(*) FROM series s
    LEFT JOIN (SELECT series_id, count(*) AS rows FROM candles GROUP BY series_id) c ON c.series_id = s.series_id
    LEFT JOIN (SELECT series_id, sum(candles) AS rows FROM coverage WHERE evidence = 'fetched' GROUP BY series_id) l
      ON l.series_id = s.series_id
    WHERE coalesce(c.rows, 0) <> coalesce(l.rows, 0))::INTEGER AS unreconciled,
  (SELECT count(*) FROM candles c WHERE NOT EXISTS (SELECT 1 FROM coverage l
    WHERE l.series_id = c.series_id AND l.evidence = 'fetched'
      AND c.open_time >= to_timestamp(l.from_ms / 1000) AT TIME ZONE 'UTC'
      AND c.open_time < to_timestamp(l.to_ms / 1000) AT TIME ZONE 'UTC'))::INTEGER AS uncovered,
  (SELECT count(*) FROM revisions)::INTEGER AS revisions,
  (SELECT count(*) FROM (SELECT DISTINCT series_id, open_time FROM revisions) r)::INTEGER AS revised`

/**
 * No row stands twice, the ledger counts the rows that there are, and none
 * lies outside of what it covers. Says what is there; nothing where there is
 * no schema yet.
 */
export const assertSound = Effect.fnUntraced(function* (database: Database, when: string) {
  const nothing = { candles: 0, revisions: 0 }
  if (!(yield* database.hasSchema)) return nothing
  const [found] = yield* database.select(soundness)
  const { candles, revisions } = found as unknown as typeof nothing
  assert.deepStrictEqual(
    found,
    { candles, distinct: candles, unreconciled: 0, uncovered: 0, revisions, revised: revisions },
    when
  )
  return { candles, revisions }
})

const nameOf = ({ symbol, timeframe }: Row) => `${String(symbol)} ${String(timeframe)}`

/** All that a user can see of the history: values, and what the ledger says about them. */
export const visible = Effect.fnUntraced(function* (options: Options) {
  const { fingerprint } = yield* Databases
  const values = yield* query(
    `SELECT source, symbol, timeframe, provenance, count(*)::INTEGER AS candles,
      count(DISTINCT timestamp)::INTEGER AS instants, min(timestamp)::VARCHAR AS first, max(timestamp)::VARCHAR AS last,
      ${fingerprint("timestamp, open, high, low, close, volume, quote_volume, trades")} AS fingerprint
    FROM market_data GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
    options
  )
  const coverage = yield* run(["coverage", "--json"], options)
  const rows = parse<ReadonlyArray<Row>>(coverage)
  // Listed in the order in which the series were made, which is that of the answers.
  return { values, coverage: rows.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b))) }
})
