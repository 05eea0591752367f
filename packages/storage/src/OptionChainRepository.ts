/** `OptionChainStore` over the table `option_chains`. */
import { OptionChain, StoreError } from "@tidemark/core"
import { Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { Driver } from "./Driver.ts"
import * as Operation from "./Operation.ts"
import * as OptionChainBytes from "./OptionChainBytes.ts"
import { epochMillis, timestamp, timestampText } from "./Timestamp.ts"

/** Chains of one statement, some tens of kilobytes each: bounds what is held at once. */
export const chainsPerStatement = 32

interface EntryRow {
  readonly symbol: string
  readonly source: string
  readonly at_ms: number
  readonly spot: number | null
  readonly provenance: OptionChain.Entry["provenance"]
  readonly contracts: number
  readonly fetched_ms: number
}

interface DataRow extends EntryRow {
  readonly data: Uint8Array
}

/** A chain as it lies in the table. */
export interface Stored extends OptionChain.Entry {
  readonly data: Uint8Array
}

const toEntry = (row: EntryRow): OptionChain.Entry => ({
  symbol: row.symbol,
  source: row.source,
  at: Number(row.at_ms),
  spot: row.spot ?? Number.NaN,
  provenance: row.provenance,
  contracts: Number(row.contracts),
  fetchedAt: Number(row.fetched_ms)
})

export const keyOf = ({ at, source, symbol }: OptionChain.Key): string => JSON.stringify([symbol, source, at])

const entries = (sql: SqlClient.SqlClient) => sql`symbol, source, spot, provenance, contracts,
  ${epochMillis(sql, '"timestamp"')} AS at_ms, ${epochMillis(sql, "fetched_at")} AS fetched_ms`

/** By code points, whatever language a database was made for. */
const inOrder = (sql: SqlClient.SqlClient) => sql.literal(`symbol COLLATE "C", source COLLATE "C"`)

export const list = (
  sql: SqlClient.SqlClient,
  { interval, last, provenances, sources, symbols }: OptionChain.Selection
): Effect.Effect<ReadonlyArray<OptionChain.Entry>, SqlError.SqlError> => {
  const condition = sql.and([
    sql`TRUE`,
    ...(symbols === undefined ? [] : [sql.in("symbol", symbols)]),
    ...(sources === undefined ? [] : [sql.in("source", sources)]),
    ...(provenances === undefined ? [] : [sql.in("provenance", provenances)]),
    ...(interval === undefined
      ? []
      : [sql`"timestamp" >= ${timestamp(sql, interval.from)} AND "timestamp" < ${timestamp(sql, interval.to)}`])
  ])
  const chosen =
    last === undefined
      ? sql`option_chains WHERE ${condition}`
      : sql`(SELECT symbol, source, "timestamp", spot, provenance, contracts, fetched_at FROM option_chains WHERE ${condition}
          ORDER BY "timestamp" DESC, ${inOrder(sql)} LIMIT ${Math.max(0, last)}) AS newest`
  return Effect.map(
    sql<EntryRow>`SELECT ${entries(sql)} FROM ${chosen} ORDER BY ${inOrder(sql)}, "timestamp"`,
    (rows) => rows.map(toEntry)
  )
}

/** Chains of one symbol and source as they lie there. */
export const find = (
  sql: SqlClient.SqlClient,
  { source, symbol }: Pick<OptionChain.Key, "symbol" | "source">,
  moments: readonly [number, ...Array<number>]
): Effect.Effect<ReadonlyArray<Stored>, SqlError.SqlError> =>
  Effect.map(
    sql<DataRow>`SELECT ${entries(sql)}, data FROM option_chains WHERE symbol = ${symbol} AND source = ${source}
      AND "timestamp" IN (${sql.csv(moments.map((at) => timestamp(sql, at)))})`,
    (rows) => rows.map((row) => ({ ...toEntry(row), data: row.data }))
  )

/** Adds what is not there yet, or puts it in place of what is, in the current transaction; says how many. */
export const insert = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  chains: ReadonlyArray<Stored>,
  replace = false
): Effect.fn.Return<number, SqlError.SqlError> {
  if (chains.length === 0) return 0
  const rows = chains.map(({ at, contracts, data, fetchedAt, provenance, source, spot, symbol }) => ({
    symbol,
    source,
    timestamp: timestampText(at),
    spot: Number.isNaN(spot) ? null : spot,
    provenance,
    contracts,
    fetched_at: timestampText(fetchedAt),
    data
  }))
  const [first, ...rest] = rows
  const conflict = replace
    ? sql.literal(`(symbol, source, "timestamp") DO UPDATE SET spot = excluded.spot, provenance = excluded.provenance,
        contracts = excluded.contracts, fetched_at = excluded.fetched_at, data = excluded.data`)
    : sql.literal("DO NOTHING")
  const added = yield* sql`INSERT INTO option_chains ${sql.insert([first!, ...rest])}
    ON CONFLICT ${conflict} RETURNING contracts`
  return added.length
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { database } = yield* Driver
  const operation = yield* Operation.make()

  const keep: OptionChain.OptionChainStore["Service"]["keep"] = Effect.fn("OptionChainStore.keep")(
    (chains, fetchedAt, { replace } = { replace: false }) =>
      sql.withTransaction(
        Effect.gen(function* () {
          // Of two of one moment the one counts that would have stayed, had they come one after the other.
          const distinct = new Map<string, OptionChain.OptionChain>()
          for (const chain of chains) {
            if (replace || !distinct.has(keyOf(chain))) distinct.set(keyOf(chain), chain)
          }
          const all = [...distinct.values()]
          let added = 0
          for (let at = 0; at < all.length; at += chainsPerStatement) {
            const stored = all.slice(at, at + chainsPerStatement).map((chain): Stored => ({
              symbol: chain.symbol,
              source: chain.source,
              at: chain.at,
              spot: chain.spot,
              provenance: chain.provenance,
              contracts: OptionChain.length(chain.contracts),
              fetchedAt,
              data: OptionChainBytes.encode(chain)
            }))
            added += yield* insert(sql, stored, replace)
          }
          return added
        })
      ),
    operation("keep option chains")
  )

  const listed: OptionChain.OptionChainStore["Service"]["list"] = Effect.fn("OptionChainStore.list")(
    (selection) => list(sql, selection),
    operation("list option chains")
  )

  const underlyings: OptionChain.OptionChainStore["Service"]["underlyings"] = Effect.map(
    sql<Omit<OptionChain.Underlying, "newest"> & { readonly newest_ms: number }>`SELECT symbol, source,
        ${epochMillis(sql, 'max("timestamp")')} AS newest_ms
      FROM option_chains GROUP BY symbol, source ORDER BY ${inOrder(sql)}`,
    (rows) => rows.map(({ newest_ms, source, symbol }) => ({ symbol, source, newest: Number(newest_ms) }))
  ).pipe(operation("list underlyings of option chains"), Effect.withSpan("OptionChainStore.underlyings"))

  const read: OptionChain.OptionChainStore["Service"]["read"] = Effect.fn("OptionChainStore.read")(function* (key) {
    const [found] = yield* find(sql, key, [key.at])
    if (found === undefined) return undefined
    const content = yield* Effect.try({
      try: () => OptionChainBytes.decode(found.data),
      catch: (cause) =>
        new StoreError.StoreError({
          database,
          operation: `read the option chain of ${key.symbol} from ${key.source} at ${timestampText(key.at)}`,
          reason: new StoreError.StatementFailed({
            detail: cause instanceof Error ? cause.message : "it cannot be read"
          }),
          cause
        })
    })
    const { at, provenance, source, spot, symbol } = found
    const chain: OptionChain.OptionChain = { symbol, source, at, spot, provenance, ...content }
    return chain
  }, operation("read an option chain"))

  return OptionChain.OptionChainStore.of({ keep, list: listed, underlyings, read })
})

export const layer = Layer.effect(OptionChain.OptionChainStore, make)
