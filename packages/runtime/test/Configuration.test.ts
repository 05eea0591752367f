import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, expect, it } from "@effect/vitest"
import { Configuration, Stores } from "@tidemark/runtime"
import { Effect, FileSystem, Option, Schema } from "effect"

const none: Configuration.Flags = { database: Option.none(), config: Option.none() }

/** Runs in an empty folder with the given files. */
const inFolder = <A, E>(
  files: Readonly<Record<string, string>>,
  body: (folder: string) => Effect.Effect<A, E, FileSystem.FileSystem>
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    for (const [name, text] of Object.entries(files)) yield* fs.writeFileString(`${folder}/${name}`, text)
    return yield* body(folder)
  }).pipe(Effect.provide(NodeServices.layer))

const load = (files: Readonly<Record<string, string>>, environment: Record<string, string>, flags = none) =>
  inFolder(files, (folder) => Configuration.load(flags, environment, folder))

describe("Configuration", () => {
  it.effect("takes a value from the nearest place that has it", () =>
    Effect.gen(function* () {
      const files = {
        ".env": "DATABASE_URL=duckdb:env\nBINANCE_BASE_URL=http://env",
        ".env.local": "DATABASE_URL=duckdb:local",
        "tidemark.json": '{"database": "duckdb:file"}'
      }
      const flagged = yield* load(
        files,
        { DATABASE_URL: "duckdb:process" },
        { ...none, database: Option.some("duckdb:flag") }
      )
      assert.strictEqual(flagged.databaseUrl, "duckdb:flag")
      assert.strictEqual((yield* load(files, { DATABASE_URL: "duckdb:process" })).databaseUrl, "duckdb:process")
      const local = yield* load(files, {})
      assert.strictEqual(local.databaseUrl, "duckdb:local")
      assert.strictEqual(local.variables["BINANCE_BASE_URL"], "http://env")
      const { [".env"]: _, [".env.local"]: __, ...onlyFile } = files
      assert.strictEqual((yield* load(onlyFile, {})).databaseUrl, "duckdb:file")
      assert.strictEqual((yield* load({}, {})).databaseUrl, "duckdb:./data/tidemark.duckdb")
    })
  )

  it.effect("refuses a file that is no JSON, has an unknown key, or is not there though named", () =>
    Effect.gen(function* () {
      for (const text of ["{", '{"databse": "x"}', '{"database": 5}', "[]"]) {
        const error = yield* Effect.flip(load({ "tidemark.json": text }, {}))
        assert.strictEqual((error as { readonly _tag: string })._tag, "UsageError")
        assert.include(String(error), "tidemark.json")
      }
      const error = yield* Effect.flip(load({}, {}, { ...none, config: Option.some("missing.json") }))
      assert.include(String(error), "missing.json")
    })
  )

  it("has a JSON Schema that says the same", async () => {
    const { schema, definitions } = Schema.toJsonSchemaDocument(Configuration.ConfigFile)
    const document = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "tidemark.json",
      ...schema,
      $defs: definitions
    }
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot("../tidemark.schema.json")
  })
})

describe("Stores", () => {
  it("never shows a password", () => {
    assert.strictEqual(Stores.label("postgresql://me:secret@db.example/t"), "postgresql://db.example/t")
    assert.strictEqual(Stores.label("duckdb:./data/tidemark.duckdb"), "duckdb:./data/tidemark.duckdb")
  })
})
