import { PostgresServer } from "@tidemark/postgres"
import { StorageContract } from "@tidemark/storage-testing"
import { PostgresStorage } from "@tidemark/storage-postgres"
import { Effect, Layer, Redacted } from "effect"

const onServer = Layer.unwrap(
  Effect.gen(function* () {
    const { database } = yield* PostgresServer.PostgresServer
    return PostgresStorage.layer({ url: Redacted.make(yield* database), label: "test", mode: "write" })
  })
).pipe(Layer.provide(PostgresServer.PostgresServer.layer))

StorageContract.suite("postgres", onServer)
