/** Everything that a storage provides, over one driver. */
import { Effect, Layer } from "effect"
import * as CandleRepository from "./CandleRepository.ts"
import * as Migrations from "./Migrations.ts"
import { Query } from "./Query.ts"
import * as SymbolRepository from "./SymbolRepository.ts"
import * as SyncLogRepository from "./SyncLogRepository.ts"

/** The repositories, over a database that has the schema. */
export const layerNoMigrations = Layer.mergeAll(
  CandleRepository.layer,
  SymbolRepository.layer,
  SyncLogRepository.layer,
  Query.layer
)

/** The repositories, once the database has been brought to the schema that this program knows. */
export const layer = Layer.unwrap(Effect.as(Migrations.run, layerNoMigrations))
