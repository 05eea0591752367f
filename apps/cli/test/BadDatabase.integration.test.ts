import { chmod, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execute } from "./database.ts"
import { assertRefused, backfill, type Case, refuses, seconds } from "./refusal.ts"
import { contents, folder, run } from "./tidemark.ts"

const synthetic = backfill("--symbols=BTC/USDT", "--timeframes=1d", "--source=synthetic", "--days=3")
const on = (database: string) => [...synthetic, "--database", database]

/** The same at every run, and no database. */
const noise = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7919 + (i >> 3)) % 251)

describe("a database that cannot be used", { concurrent: true }, () => {
  const unusable: ReadonlyArray<Case> = [
    {
      name: "a text file",
      args: on("duckdb:./text.duckdb"),
      files: { "text.duckdb": "these are not the bytes you look for\n" },
      code: 1,
      says: ["text.duckdb is not a DuckDB database file", "--database"]
    },
    {
      name: "noise",
      args: on("duckdb:./noise.duckdb"),
      files: { "noise.duckdb": noise },
      code: 1,
      says: ["noise.duckdb is not a DuckDB database file", "--database"]
    },
    {
      name: "a folder",
      args: on("duckdb:./folder.duckdb"),
      prepare: (cwd) => Effect.promise(() => mkdir(join(cwd, "folder.duckdb"))),
      code: 1,
      says: ["./folder.duckdb", "it is a folder, not a file", "--database"]
    },
    {
      name: "a file that may not be read",
      args: on("duckdb:./secret.duckdb"),
      files: { "secret.duckdb": "" },
      prepare: (cwd) => Effect.promise(() => chmod(join(cwd, "secret.duckdb"), 0)),
      code: 1,
      says: ["No permission to open ./secret.duckdb"],
      skip: process.getuid?.() === 0
    },
    {
      name: "a path through a file",
      args: on("duckdb:./file.txt/x.duckdb"),
      files: { "file.txt": "a file\n" },
      code: 1,
      says: ["./file.txt/x.duckdb", "not a folder", "--database"]
    },
    {
      name: "a file in a folder that takes none",
      args: on("duckdb:/proc/x.duckdb"),
      code: 1,
      says: ["/proc/x.duckdb", "--database"],
      skip: process.platform !== "linux"
    },
    {
      name: "the database of another program",
      args: on("duckdb:./theirs.duckdb"),
      prepare: (cwd) =>
        execute(join(cwd, "theirs.duckdb"), "CREATE TABLE orders (id INTEGER)", "INSERT INTO orders VALUES (1), (2)"),
      code: 1,
      says: ["./theirs.duckdb: not a Tidemark database", "orders", "--database", "left as it is"]
    },
    {
      name: "the database of a newer Tidemark",
      args: on("duckdb:./newer.duckdb"),
      prepare: (cwd) =>
        Effect.andThen(
          run(["migrate", "--database", "duckdb:./newer.duckdb"], { cwd }),
          execute(
            join(cwd, "newer.duckdb"),
            "INSERT INTO tidemark_migrations (migration_id, created_at, name) VALUES (999, now(), 'later')"
          )
        ),
      code: 1,
      says: ["newer Tidemark (schema 999", "Update Tidemark", "--database"]
    },
    {
      name: "a database of a kind that Tidemark does not have",
      args: on("mysql://user:secret@localhost/market"),
      code: 2,
      says: ['"mysql:"', "duckdb:PATH, for example duckdb:./data/tidemark.duckdb"]
    },
    {
      name: "no database",
      args: on("duckdb:"),
      code: 2,
      says: ["duckdb:PATH, for example duckdb:./data/tidemark.duckdb"]
    }
  ]
  refuses(unusable)
  // A reader opens it another way, and must not take it for an empty one.
  const alsoToRead = new Set(["a text file", "the database of another program", "the database of a newer Tidemark"])
  refuses(
    unusable
      .filter(({ name }) => alsoToRead.has(name))
      .map((one) => ({ ...one, name: `${one.name}, to read from`, args: ["coverage", ...one.args.slice(-2)] }))
  )

  // A slip in the path must not pass for a database with nothing in it.
  const slip = "duckdb:./data/tidmark.duckdb"
  const reading: ReadonlyArray<ReadonlyArray<string>> = [
    ["status"],
    ["coverage"],
    ["gaps", "list"],
    ["gaps", "fill"],
    ["verify"],
    ["export", "--out=a.csv"],
    ["query", "SELECT 1"],
    ["prune"],
    ["prune", "--dry-run"],
    ["features"],
    ["quality", "check"],
    ["quality", "list"],
    ["quality", "compare", "--finer=1m"],
    ["quality", "report", "--html=a.html"],
    ["actions", "list"]
  ]
  refuses([
    ...reading.map((args): Case => ({
      name: `none that ${args.join(" ")} could work on`,
      args: [...args, "--database", slip],
      code: 1,
      says: ["./data/tidmark.duckdb: there is no such database", "tidemark backfill", "--database"]
    })),
    {
      name: "none that could be copied",
      args: ["copy", "--from", slip, "--to", "duckdb:./b.duckdb"],
      code: 2,
      says: ["There is no database duckdb:./data/tidmark.duckdb to copy"]
    }
  ])

  it.live(
    "one that is not there is no fault to a look ahead, a list of symbols or the doctor, and stays away",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        for (const args of [[...synthetic, "--dry-run"], ["symbols", "list"], ["doctor"]]) {
          const ended = yield* run([...args, "--database", slip], { cwd })
          assert.strictEqual(ended.code, 0, JSON.stringify(ended))
          if (args[0] === "doctor") assert.include(ended.stdout, "there is no such database")
        }
        assert.deepStrictEqual(yield* contents(cwd), {})
      }),
    seconds
  )

  it.live.skipIf(process.platform !== "linux")(
    "a folder that cannot be made is refused within seconds",
    () =>
      Effect.gen(function* () {
        const ended = yield* Effect.timeout(run(on("duckdb:/proc/x/y.duckdb"), { cwd: yield* folder }), "10 seconds")
        assertRefused(ended, 1, ["/proc/x/y.duckdb", "--database"])
      }),
    seconds
  )
})
