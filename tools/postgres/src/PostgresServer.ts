/**
 * A real Postgres on loopback, for tests and benchmarks.
 *
 * `make` starts one of its own, that can be stopped, killed and started
 * again. `layer` gives databases to tests that do not care whose the server
 * is: the one that `TIDEMARK_TEST_DATABASE_URL` names, or one of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Deferred, Effect, Layer, Redacted, Result } from "effect"
import { Reactivity } from "effect/reactivity"
import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Binaries, load } from "./Binaries.ts"

export interface Options {
  /** Settings of the server, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where to keep the cluster; a folder of its own under the system's temporary folder if absent. */
  readonly folder?: string
  readonly port?: number
  /** Survives a crash of the machine. Costs time; off by default. */
  readonly durable?: boolean
}

/** How the server ends: `fast` rolls back and closes, `crash` leaves recovery to the next start. */
export type Ending = "fast" | "crash"

export interface Server {
  /** The superuser's URL of a database; `postgres` if none is named. */
  readonly url: (database?: string) => string
  readonly port: number
  /** Runs statements, one by one, as the superuser. */
  readonly execute: (
    statements: ReadonlyArray<string>,
    database?: string
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<Readonly<Record<string, unknown>>>>>
  /** A new, empty database, and its URL. */
  readonly database: Effect.Effect<string>
  readonly stop: (ending?: Ending) => Effect.Effect<void>
  readonly start: Effect.Effect<void>
}

const password = "tidemark"

const freePort = Effect.callback<number>((resume) => {
  const probe = createServer()
  probe.listen(0, "127.0.0.1", () => {
    const address = probe.address()
    probe.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** Runs statements over a connection that lasts as long as they do. */
export const execute = (url: string, statements: ReadonlyArray<string>) =>
  PgClient.makeClient({ url: Redacted.make(url) }).pipe(
    Effect.flatMap((sql) => Effect.forEach(statements, (text) => sql.unsafe<Readonly<Record<string, unknown>>>(text))),
    Effect.scoped,
    Effect.provide(Reactivity.layer),
    Effect.orDie
  )

let count = 0
/** A name that no other test uses, whatever process it runs in. */
const freshName = (): string => `test_${process.pid}_${++count}`

const withDatabase = (url: string, database: string): string => {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

const createDatabase = (url: string) =>
  Effect.gen(function* () {
    const name = freshName()
    yield* execute(url, [`CREATE DATABASE ${name}`])
    return withDatabase(url, name)
  })

/** Runs a program to its end, or dies with what it said. */
const complete = (program: string, args: ReadonlyArray<string>, user: Binaries["user"]) =>
  Effect.callback<void>((resume) => {
    const child = spawn(program, args, { ...user, stdio: ["ignore", "pipe", "pipe"] })
    let said = ""
    child.stdout.on("data", (chunk) => (said += chunk))
    child.stderr.on("data", (chunk) => (said += chunk))
    child.once("error", (error) => resume(Effect.die(error)))
    child.once("close", (code) =>
      resume(code === 0 ? Effect.void : Effect.die(new Error(`${program} ended with ${code}: ${said}`)))
    )
  })

interface Run {
  readonly child: ChildProcess
  readonly ended: Deferred.Deferred<void>
}

/** Starts the server and waits until it takes connections. */
const launch = Effect.fnUntraced(function* (binaries: Binaries, args: ReadonlyArray<string>) {
  const ended = yield* Deferred.make<void>()
  const child = spawn(binaries.postgres, args, { ...binaries.user, stdio: ["ignore", "ignore", "pipe"] })
  const kill = () => child.kill("SIGQUIT")
  process.once("exit", kill)
  yield* Effect.callback<void>((resume) => {
    let said = ""
    child.stderr.on("data", (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-4_000)
      if (said.includes("ready to accept connections")) resume(Effect.void)
    })
    child.once("error", (error) => resume(Effect.die(error)))
    child.once("exit", () => {
      process.removeListener("exit", kill)
      Deferred.doneUnsafe(ended, Effect.void)
      resume(Effect.die(new Error(`Postgres did not start: ${said}`)))
    })
  })
  return { child, ended } satisfies Run
})

/** A server of its own for the life of the scope. */
export const make = Effect.fnUntraced(function* (options: Options = {}) {
  const binaries = yield* Effect.promise(load)
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => {
      if (options.folder !== undefined) mkdirSync(options.folder, { recursive: true })
      const path = options.folder ?? mkdtempSync(join(tmpdir(), "tidemark-pg-"))
      chmodSync(path, 0o700)
      if (binaries.user !== undefined) chownSync(path, binaries.user.uid, binaries.user.gid)
      return path
    }),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const data = join(folder, "data")
  const port = options.port ?? (yield* freePort)
  if (!existsSync(data)) {
    const file = join(folder, "password")
    writeFileSync(file, password)
    if (binaries.user !== undefined) chownSync(file, binaries.user.uid, binaries.user.gid)
    const flags = ["--no-sync", "--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--no-instructions"]
    const locale = ["--locale-provider=builtin", "--locale=C.UTF-8"]
    yield* complete(binaries.initdb, [`--pgdata=${data}`, `--pwfile=${file}`, ...flags, ...locale], binaries.user)
  }
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    ...(options.durable === true ? {} : { fsync: "off", full_page_writes: "off" }),
    ...options.settings
  }
  const args = [`-D`, data, `-p`, String(port)].concat(
    Object.entries(settings).flatMap(([name, value]) => [`-c`, `${name}=${value}`])
  )
  let run: Run | undefined
  const start = Effect.suspend(() =>
    run === undefined ? Effect.map(launch(binaries, args), (started) => void (run = started)) : Effect.void
  )
  const stop = (ending: Ending = "fast") =>
    Effect.suspend(() => {
      const stopped = run
      run = undefined
      if (stopped === undefined) return Effect.void
      stopped.child.kill(ending === "fast" ? "SIGINT" : "SIGQUIT")
      return Deferred.await(stopped.ended)
    })
  yield* Effect.acquireRelease(start, () => stop("crash"))
  const url = (database = "postgres") => `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`
  const server: Server = {
    url,
    port,
    execute: (statements, database) => execute(url(database), statements),
    database: Effect.suspend(() => createDatabase(url())),
    stop,
    start
  }
  return server
})

/** Databases on whichever server there is. */
export class PostgresServer extends Context.Service<
  PostgresServer,
  {
    /** A new, empty database for the life of the scope, and its URL. */
    readonly database: Effect.Effect<string>
    /** A connection string of a superuser. */
    readonly url: string
  }
>()("@tidemark/postgres/PostgresServer") {
  /** The server of the environment, or one of its own with these options. */
  static readonly layerWith = (options: Options) =>
    Layer.effect(
      PostgresServer,
      Effect.gen(function* () {
        const external = process.env["TIDEMARK_TEST_DATABASE_URL"]
        if (external === undefined || external === "") {
          const server = yield* make(options)
          return PostgresServer.of({ database: server.database, url: server.url() })
        }
        const made: Array<string> = []
        const drop = Effect.suspend(() =>
          Effect.forEach(made, (name) =>
            Effect.result(execute(external, [`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`]))
          )
        )
        yield* Effect.addFinalizer(() => Effect.map(drop, (results) => results.every(Result.isSuccess)))
        const database = Effect.tap(createDatabase(external), (url) =>
          Effect.sync(() => made.push(new URL(url).pathname.slice(1)))
        )
        return PostgresServer.of({ database, url: external })
      })
    )
  static readonly layer = PostgresServer.layerWith({})
}
