/** Everything that a storage provides, over one driver. */
import {
  type ActionStore,
  type AlertStore,
  type CandleStore,
  Changes,
  type DerivedStore,
  type Gamma,
  type GapLedger,
  type JobStore,
  type KeyStore,
  type OptionChain,
  type QualityStore,
  type RequestBudgets,
  type SourceFile,
  StoreError,
  type SymbolStore,
  type SyncLog
} from "@tidemark/core"
import { Context, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import * as ActionRepository from "./ActionRepository.ts"
import * as AlertRepository from "./AlertRepository.ts"
import * as BudgetRepository from "./BudgetRepository.ts"
import * as CandleRepository from "./CandleRepository.ts"
import { Driver } from "./Driver.ts"
import * as DerivedRepository from "./DerivedRepository.ts"
import * as FileRepository from "./FileRepository.ts"
import * as GammaRepository from "./GammaRepository.ts"
import * as GapRepository from "./GapRepository.ts"
import * as JobRepository from "./JobRepository.ts"
import * as KeyRepository from "./KeyRepository.ts"
import * as Migrations from "./Migrations.ts"
import * as OptionChainRepository from "./OptionChainRepository.ts"
import * as QualityRepository from "./QualityRepository.ts"
import { Query } from "./Query.ts"
import * as SymbolRepository from "./SymbolRepository.ts"
import * as SyncLogRepository from "./SyncLogRepository.ts"

/**
 * `read` changes nothing; `update` writes to a database that is there; `write` makes it where there is none; `serve` is
 * `write` for a process that does everything and stays.
 */
export type Mode = "read" | "update" | "write" | "serve"

/** What `read` and `update` give where there is no such database: an error, or an empty one that nobody keeps. */
export type Otherwise = "fail" | "empty"

/** A database that somebody has opened, with the schema in it. */
export type Connection = Driver | SqlClient.SqlClient

export type Stores =
  | Changes.Changes
  | ActionStore.ActionStore
  | AlertStore.AlertStore
  | CandleStore.CandleStore
  | DerivedStore.DerivedStore
  | Gamma.GammaStore
  | GapLedger.GapLedger
  | JobStore.JobStore
  | KeyStore.KeyStore
  | OptionChain.OptionChainStore
  | QualityStore.QualityStore
  | RequestBudgets.RequestBudgets
  | SourceFile.SourceFiles
  | SymbolStore.SymbolStore
  | SyncLog.SyncLog
  | Query

/**
 * The repositories, over a database that has the schema. Fresh, since layers
 * are built once for all who name them: two databases must not share these.
 */
export const over = <E, R>(connection: Layer.Layer<Connection, E, R>): Layer.Layer<Stores, E, R> =>
  Layer.fresh(
    Layer.mergeAll(
      ActionRepository.layer,
      AlertRepository.layer,
      BudgetRepository.layer,
      CandleRepository.layer,
      Layer.effect(
        Changes.Changes,
        Effect.map(Driver, ({ changes }) => Changes.Changes.of({ count: changes }))
      ),
      DerivedRepository.layer,
      FileRepository.layer,
      GammaRepository.layer,
      GapRepository.layer,
      JobRepository.layer,
      KeyRepository.layer,
      OptionChainRepository.layer,
      QualityRepository.layer,
      SymbolRepository.layer,
      SyncLogRepository.layer,
      Query.layer
    )
  ).pipe(Layer.provide(connection))

/** Brings a database to the schema that this program knows. */
export const migrated = <E, R>(
  connection: Layer.Layer<Connection, E, R>
): Layer.Layer<Connection, E | StoreError.StoreError, R> =>
  Layer.tap(connection, (context) => Effect.provideContext(Migrations.run, context))

/**
 * What `connection` has, or `empty` where nothing was ever migrated. A
 * database of an older program is refused where nothing may change.
 */
export const existing = <E, R, E2, R2>(
  connection: Layer.Layer<Connection, E, R>,
  options: { readonly empty: Layer.Layer<Connection, E2, R2>; readonly older: "refuse" | "migrate" }
): Layer.Layer<Connection, E | E2 | StoreError.StoreError, R | R2> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const context = yield* Layer.build(connection)
      const schema = yield* Effect.provideContext(Migrations.current, context)
      if (schema === 0) return yield* Layer.build(options.empty)
      if (schema === Migrations.latest) return context
      if (options.older === "migrate") {
        yield* Effect.provideContext(Migrations.run, context)
        return context
      }
      const detail = "an older Tidemark wrote it; bring it up to date with `tidemark migrate`"
      const { database } = Context.get(context, Driver)
      return yield* new StoreError.StoreError({
        database,
        operation: "open",
        reason: new StoreError.CannotOpen({ detail })
      })
    })
  )
