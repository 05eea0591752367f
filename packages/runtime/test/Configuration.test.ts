import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, expect, it } from "@effect/vitest"
import { Configuration, Stores } from "@tidemark/runtime"
import { Effect, FileSystem, Option, Redacted, Schema } from "effect"

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

  it.effect("takes alerts and who is told of them from file and environment, and never says a URL", () =>
    Effect.gen(function* () {
      const file = (alerts: unknown) => ({ "tidemark.json": JSON.stringify({ alerts }) })
      const { alerts: defaults } = yield* load({}, { DATABASE_URL: "postgresql://me:secret@db.example/t" })
      assert.deepInclude(defaults, {
        completeness: 0.99,
        syncMillis: 48 * 3_600_000,
        disk: 0.9,
        lingerMillis: 600_000,
        webhooks: [],
        database: "postgresql://db.example/t",
        file: undefined
      })
      const webhooks = [{ url: "https://hooks.slack.com/services/secret" }, { url: "https://a.example/secret" }]
      const { alerts } = yield* load(file({ completeness: 0.5, sync: "3 days", webhooks }), {
        TIDEMARK_ALERT_WEBHOOK: "https://b.example/secret",
        TIDEMARK_ALERT_WEBHOOK_SHAPE: "slack"
      })
      assert.deepInclude(alerts, { completeness: 0.5, syncMillis: 72 * 3_600_000, file: "./data/tidemark.duckdb" })
      assert.deepStrictEqual(
        alerts.webhooks.map(({ host, shape, url }) => [host, shape, new URL(Redacted.value(url)).host === host]),
        [
          ["hooks.slack.com", "slack", true],
          ["a.example", "plain", true],
          ["b.example", "slack", true]
        ]
      )
      assert.notInclude(JSON.stringify(alerts), "secret")
      for (const [files, environment, says] of [
        [file({ webhooks: [{ url: "secret" }] }), {}, "alerts.webhooks.0.url"],
        [{}, { TIDEMARK_ALERT_WEBHOOK: "ftp://secret" }, "TIDEMARK_ALERT_WEBHOOK"],
        [file({ webhooks: [{ url: 5 }] }), {}, "webhooks"],
        [file({ sync: "soon" }), {}, "48 hours"],
        [{}, { TIDEMARK_LOG_FORMAT: "xml" }, "json, pretty"]
      ] as const) {
        const error = yield* Effect.flip(load(files, environment))
        assert.include(String(error), says)
        assert.notInclude(String(error), "secret")
      }
    })
  )

  it.effect("takes how the daemon logs from file and environment", () =>
    Effect.gen(function* () {
      const files = { "tidemark.json": '{"log": {"format": "json", "level": "debug"}}' }
      assert.deepStrictEqual((yield* load({}, {})).log, { format: "pretty", level: "info" })
      assert.deepStrictEqual((yield* load(files, {})).log, { format: "json", level: "debug" })
      const environment = { TIDEMARK_LOG_FORMAT: "pretty", TIDEMARK_LOG_LEVEL: "WARN" }
      assert.deepStrictEqual((yield* load(files, environment)).log, { format: "pretty", level: "warn" })
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
