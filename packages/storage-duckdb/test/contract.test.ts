import * as NodeServices from "@effect/platform-node/NodeServices"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { StorageContract } from "@tidemark/storage-testing"
import { Effect, FileSystem, Layer } from "effect"

const onDisk = Layer.unwrap(
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* Effect.orDie(fs.makeTempDirectoryScoped())
    return DuckDbStorage.layer({ path: `${folder}/tidemark.duckdb`, mode: "write" })
  })
).pipe(Layer.provide(NodeServices.layer))

StorageContract.suite("duckdb, on disk", onDisk)
