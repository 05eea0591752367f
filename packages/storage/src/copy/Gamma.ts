/**
 * Option chains, gamma snapshots with their signals, and models, in a copy.
 *
 * What the target has stays as it is, with one exception: a signal that waits
 * for its outcome there, and is the same here, gets the outcome.
 */
import type { Gamma, OptionChain, StoreError } from "@tidemark/core"
import { type Context, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Driver } from "../Driver.ts"
import * as GammaRepository from "../GammaRepository.ts"
import * as GammaRows from "../GammaRows.ts"
import * as Operation from "../Operation.ts"
import * as OptionChainRepository from "../OptionChainRepository.ts"
import type { Connection } from "../Storage.ts"
import { epochMillis } from "../Timestamp.ts"

export const tables = ["gamma_models", "gamma_snapshots", "option_chains", "regime_signals"] as const

/** Time of the snapshots of one transaction: bounds what is held at once. */
const pieceMillis = 366 * 86_400_000

type Pair = Pick<OptionChain.Key, "symbol" | "source">

const sideOf = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { beginSnapshot } = yield* Driver
  const operation = yield* Operation.make()
  const gamma = yield* GammaRepository.make
  const atOneMoment = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    sql.withTransaction(effect).pipe(Effect.provideService(SqlClient.BeginTransaction, beginSnapshot))
  return {
    count: Effect.map(
      operation("count option chains")(
        sql<{ rows: number }>`SELECT (SELECT count(*) FROM option_chains) + (SELECT count(*) FROM gamma_snapshots)
          + (SELECT count(*) FROM gamma_models) AS rows`
      ),
      ([row]) => Number(row!.rows)
    ),
    chains: operation("list option chains")(OptionChainRepository.list(sql, {})),
    find: (pair: Pair, moments: readonly [number, ...Array<number>]) =>
      operation("read option chains")(OptionChainRepository.find(sql, pair, moments)),
    insert: (chains: ReadonlyArray<OptionChainRepository.Stored>) =>
      operation("keep option chains")(sql.withTransaction(OptionChainRepository.insert(sql, chains))),
    pairs: Effect.map(
      operation("list gamma")(
        sql<Pair & { readonly from: number; readonly to: number }>`SELECT symbol, source,
            ${epochMillis(sql, 'min("timestamp")')} AS "from", ${epochMillis(sql, 'max("timestamp")')} AS "to"
          FROM gamma_snapshots GROUP BY symbol, source ORDER BY symbol, source`
      ),
      (rows) => rows.map(({ from, source, symbol, to }) => ({ symbol, source, from: Number(from), to: Number(to) + 1 }))
    ),
    piece: (selection: Gamma.Selection) =>
      operation("read gamma")(
        atOneMoment(
          Effect.all({
            snapshots: gamma.select(GammaRows.snapshots, selection),
            signals: gamma.select(GammaRows.signals, selection)
          })
        )
      ),
    write: (writings: ReadonlyArray<GammaRepository.Writing>) =>
      operation("write gamma")(sql.withTransaction(gamma.write(writings))),
    resolve: (signals: ReadonlyArray<Gamma.Signal>) =>
      operation("write outcomes of signals")(sql.withTransaction(gamma.resolve(signals))),
    models: operation("list models of gamma")(gamma.models()),
    keepModels: (models: ReadonlyArray<Gamma.Model>) =>
      operation("keep models of gamma")(sql.withTransaction(gamma.insertModels(models)))
  }
})

type Side = Effect.Success<typeof sideOf>

const copyChains = Effect.fnUntraced(function* (
  source: Side,
  target: Side
): Effect.fn.Return<number, StoreError.StoreError> {
  const known = new Set((yield* target.chains).map(OptionChainRepository.keyOf))
  const missing = (yield* source.chains).filter((entry) => !known.has(OptionChainRepository.keyOf(entry)))
  let copied = 0
  for (const entries of Map.groupBy(missing, ({ source, symbol }) => JSON.stringify([symbol, source])).values()) {
    for (let from = 0; from < entries.length; from += OptionChainRepository.chainsPerStatement) {
      const [first, ...rest] = entries.slice(from, from + OptionChainRepository.chainsPerStatement)
      copied += yield* target.insert(yield* source.find(first!, [first!.at, ...rest.map(({ at }) => at)]))
    }
  }
  return copied
})

const copySnapshots = Effect.fnUntraced(function* (
  source: Side,
  target: Side
): Effect.fn.Return<number, StoreError.StoreError> {
  let copied = 0
  for (const pair of yield* source.pairs) {
    for (let from = pair.from; from < pair.to; from += pieceMillis) {
      const selection: Gamma.Selection = {
        symbols: [pair.symbol],
        sources: [pair.source],
        interval: { from, to: Math.min(from + pieceMillis, pair.to) }
      }
      const { signals, snapshots } = yield* source.piece(selection)
      const key = ({ at, method }: Gamma.Snapshot | Gamma.Signal) => `${at} ${method}`
      const signalOf = new Map(signals.map(({ row }) => [key(row), row]))
      const { inserted } = yield* target.write(
        snapshots.map(({ createdAt, row }) => ({ snapshot: row, signal: signalOf.get(key(row)), at: createdAt }))
      )
      copied += inserted
      yield* target.resolve(signals.map(({ row }) => row))
    }
  }
  return copied
})

/** Whether there is something of options: chains, snapshots or models. */
export const count = (context: Context.Context<Connection>): Effect.Effect<number, StoreError.StoreError> =>
  Effect.flatMap(Effect.provideContext(sideOf, context), ({ count }) => count)

/** Copies what `to` does not have; says how many chains and snapshots those are. */
export const copy = Effect.fnUntraced(function* (
  from: Context.Context<Connection>,
  to: Context.Context<Connection>
): Effect.fn.Return<{ readonly optionChains: number; readonly gammaSnapshots: number }, StoreError.StoreError> {
  const source = yield* Effect.provideContext(sideOf, from)
  const target = yield* Effect.provideContext(sideOf, to)
  const optionChains = yield* copyChains(source, target)
  const gammaSnapshots = yield* copySnapshots(source, target)
  yield* target.keepModels(yield* source.models)
  return { optionChains, gammaSnapshots }
})
