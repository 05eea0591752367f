/** The SQL of `docs/postgres.md`, run as it stands there; then the whole contract on what comes of it. */
import { readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import { PostgresServer } from "@tidemark/postgres"
import { PostgresStorage } from "@tidemark/storage-postgres"
import { StorageContract } from "@tidemark/storage-testing"
import { Effect, Layer, Redacted } from "effect"
import { changed, fetched, page, reasonOf, using, write } from "./rig.ts"

const text = readFileSync(new URL("../../../docs/postgres.md", import.meta.url), "utf8")

/** The statements of the one SQL block under a heading. */
const recipe = (heading: string): ReadonlyArray<string> => {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading))
  const block = /```sql\n([\s\S]*?)```/.exec(section ?? "")?.[1]
  if (block === undefined) throw new Error(`no SQL under "${heading}"`)
  return block
    .split(/;\n(?=CREATE |ALTER |GRANT |DO |$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "")
}

it.layer(PostgresServer.PostgresServer.layer)("docs/postgres.md", (it) => {
  it.effect("the two roles: one makes and writes, the other reads", () =>
    Effect.gen(function* () {
      const { database } = yield* PostgresServer.PostgresServer
      const url = yield* database
      const run = (statements: ReadonlyArray<string>) => PostgresServer.execute(url, statements)
      yield* run([...recipe("Roles"), ...recipe("What happens")])
      yield* Effect.addFinalizer(() =>
        run(
          ["tidemark_writer", "tidemark_reader"].flatMap((name) => [
            `DROP OWNED BY ${name} CASCADE`,
            `DROP ROLE ${name}`
          ])
        )
      )
      const writer = changed(url, { username: "tidemark_writer", password: "change me" })
      const reader = changed(url, { username: "tidemark_reader", password: "change me too" })
      yield* using(writer)(write(page(0, 10)))
      yield* run(recipe("Indexes"))
      assert.deepStrictEqual(yield* using(reader, "read")(fetched()), [10])
      assert.strictEqual((yield* reasonOf(using(reader)(write(page(10, 10))))).reason._tag, "Denied")
    }).pipe(Effect.scoped)
  )

  it.effect("a schema beside other tables", () =>
    Effect.gen(function* () {
      const { database } = yield* PostgresServer.PostgresServer
      const url = yield* database
      yield* PostgresServer.execute(url, ["CREATE TABLE theirs (id INTEGER)", ...recipe("The URL")])
      yield* using(`${url}?options=-csearch_path%3Dtidemark`)(write(page(0, 10)))
    })
  )
})

const partitioned = Layer.unwrap(
  Effect.gen(function* () {
    const { database } = yield* PostgresServer.PostgresServer
    const url = yield* database
    const options = { url: Redacted.make(url), label: "test", mode: "write" } as const
    yield* Effect.scoped(Layer.build(PostgresStorage.connect(options)))
    yield* PostgresServer.execute(url, recipe("Partitions"))
    return PostgresStorage.layer(options)
  })
).pipe(Layer.provide(PostgresServer.PostgresServer.layer))

StorageContract.suite("postgres, partitioned as in docs/postgres.md", partitioned)
