/** Postgres databases that cannot be used: one clear message with a way out, no secret in it, and nothing changed. */
import { assert, describe, it, layer } from "@effect/vitest"
import { PostgresServer } from "@tidemark/postgres"
import { Effect, type Scope } from "effect"
import { Databases, kinds, postgresContents } from "./databases.ts"
import { assertRefused, backfill, refuses, seconds } from "./refusal.ts"
import { contents, folder, run } from "./tidemark.ts"

const synthetic = backfill("--symbols=BTC/USDT", "--timeframes=1d", "--source=synthetic", "--days=3")
const on = (url: string) => [...synthetic, "--database", url]

const password = "hunter2-Sesame"

/** The same URL with another part. */
const changed = (url: string, change: Partial<Pick<URL, "username" | "password" | "pathname" | "port">>) =>
  Object.assign(new URL(url), change).href

const nameOf = (url: string) => new URL(url).pathname.slice(1)

const migrated = (url: string) =>
  Effect.flatMap(folder, (cwd) =>
    Effect.map(run(["migrate"], { cwd, env: { DATABASE_URL: url } }), ({ code, stderr }) =>
      assert.strictEqual(code, 0, stderr)
    )
  )

/** A role that may log in and has no other right, and the database's URL for it. */
const guest = Effect.fnUntraced(function* (url: string) {
  const name = `guest_${nameOf(url)}`
  yield* PostgresServer.execute(url, [`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`])
  yield* Effect.addFinalizer(() => PostgresServer.execute(url, [`DROP OWNED BY ${name}`, `DROP ROLE ${name}`]))
  return changed(url, { username: name, password })
})

interface Case {
  readonly name: string
  /** Does to a new database what is wrong with it, and says where Tidemark is sent. */
  readonly prepare: (url: string) => Effect.Effect<string, never, Scope.Scope>
  readonly says: ReadonlyArray<string>
  /** Commands that write, and commands that read; both if not told. */
  readonly to?: ReadonlyArray<ReadonlyArray<string>>
}

const cases: ReadonlyArray<Case> = [
  {
    name: "a wrong password",
    prepare: (url) => Effect.succeed(changed(url, { password })),
    says: ["password authentication failed", "check the user and the password in the URL", "--database"]
  },
  {
    name: "a database that the server does not have",
    prepare: (url) => Effect.succeed(changed(url, { pathname: "/nowhere" })),
    says: ['database "nowhere" does not exist', "CREATE DATABASE", "--database"]
  },
  {
    name: "a port where nothing listens",
    prepare: (url) => Effect.succeed(changed(url, { port: "9", password })),
    says: ["127.0.0.1:9/", "nothing listens there", "is the server running", "--database"]
  },
  {
    name: "a server without TLS where the URL asks for it",
    prepare: (url) => Effect.succeed(`${url}?sslmode=require`),
    says: ["does not support TLS", "--database"]
  },
  {
    name: "the database of another program",
    prepare: (url) =>
      Effect.as(
        PostgresServer.execute(url, ["CREATE TABLE orders (id INTEGER)", "INSERT INTO orders VALUES (1), (2)"]),
        url
      ),
    says: ["not a Tidemark database", "orders", "--database", "left as it is"]
  },
  {
    name: "the database of a newer Tidemark",
    prepare: Effect.fnUntraced(function* (url) {
      yield* migrated(url)
      yield* PostgresServer.execute(url, [
        "INSERT INTO tidemark_migrations (migration_id, created_at, name) VALUES (999, now(), 'later')"
      ])
      return url
    }),
    says: ["newer Tidemark (schema 999", "Update Tidemark", "--database"]
  },
  {
    name: "a new database where the role may make no tables",
    prepare: guest,
    says: ["not allowed", "permission denied for schema public", "Use a role that may"],
    to: [synthetic]
  },
  {
    name: "a database that the role may not read",
    prepare: (url) => Effect.andThen(migrated(url), guest(url)),
    says: ["not allowed", "permission denied for table", "Use a role that may"]
  },
  {
    name: "a database that takes no writes, such as a standby",
    prepare: (url) =>
      Effect.as(
        PostgresServer.execute(url, [`ALTER DATABASE ${nameOf(url)} SET default_transaction_read_only = on`]),
        url
      ),
    says: ["the database is read-only", "the database is read-only"],
    to: [synthetic]
  }
]

layer(kinds.Postgres, { excludeTestServices: true, concurrent: true })("a Postgres that cannot be used", (it) => {
  for (const { name, prepare, says, to = [synthetic, ["coverage"]] } of cases) {
    it.effect(
      name,
      () =>
        Effect.gen(function* () {
          const cwd = yield* folder
          const { url } = yield* (yield* Databases).make(cwd)
          const given = yield* prepare(url)
          const before = yield* postgresContents(url)
          for (const args of to) {
            const ended = yield* run([...args, "--database", given], { cwd })
            assertRefused(ended, 1, says)
            const said = `${ended.stdout}${ended.stderr}`
            assert.notInclude(said, `:${new URL(given).password}`)
            assert.notInclude(said, password)
            assert.notInclude(said, "@")
          }
          assert.deepStrictEqual(yield* postgresContents(url), before)
          assert.deepStrictEqual(yield* contents(cwd), {})
        }),
      seconds
    )
  }
})

describe("a Postgres URL that leads nowhere", { concurrent: true }, () => {
  refuses([
    {
      name: "a host that does not exist",
      args: on(`postgresql://user:${password}@db.invalid/market`),
      code: 1,
      says: ["postgresql://db.invalid/market: ", "host", "--database"]
    },
    {
      name: "no user",
      args: on("postgresql://127.0.0.1:9/market"),
      code: 1,
      says: ["postgresql://127.0.0.1:9/market: ", "No username", "--database"]
    }
  ])

  const malformed: ReadonlyArray<readonly [name: string, url: string]> = [
    ["a port that is no number", `postgresql://user:${password}@host:notaport/x`],
    ["a port that cannot be", `postgresql://user:${password}@host:99999/x`],
    ["no host", `postgresql://user:${password}@`],
    ["a password with a sign that ends it", `postgresql://user:${password}/more@host/x`],
    ["a password that is taken for a port", `postgresql://user:12#${password}@host/x`],
    ["a password that is taken for a question", `postgresql://user:12?${password}@host/x`]
  ]
  for (const [name, url] of malformed) {
    it.live(
      `${name} is refused as a wrong command line, with the form that a URL has`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* folder
          for (const given of [{ args: on(url) }, { args: synthetic, env: { DATABASE_URL: url } }]) {
            const ended = yield* run(given.args, { cwd, ...(given.env === undefined ? {} : { env: given.env }) })
            assertRefused(ended, 2, ["Cannot read this URL", "%2F", "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"])
            assert.notInclude(JSON.stringify(ended), ":12")
            assert.notInclude(JSON.stringify(ended), password)
          }
          assert.deepStrictEqual(yield* contents(cwd), {})
        }),
      seconds
    )
  }
})
