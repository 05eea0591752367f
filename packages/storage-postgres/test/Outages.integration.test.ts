/** What happens to a server while it is used: what is lost is written again, from the start, once. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { CandleStore, type StoreError } from "@tidemark/core"
import { PostgresServer } from "@tidemark/postgres"
import { Operation } from "@tidemark/storage"
import { Duration, Effect, Stream } from "effect"
import { fetched, page, reasonOf, series, using, write } from "./rig.ts"

/** Ends every session of Tidemark's, as an administrator would. */
const terminate = (server: PostgresServer.Server) =>
  server.execute(["SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tidemark'"])

/** A transaction of two writes, with something happening between them the first time. */
const interrupted = (happening: Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    let attempts = 0
    yield* store.exclusively(
      series(),
      Effect.gen(function* () {
        attempts++
        yield* store.write([page(100, 50)])
        if (attempts === 1) yield* happening
        yield* store.write([page(200, 50)])
      })
    )
    return attempts
  })

describe("a server that goes away", () => {
  it.live("a connection lost in mid-transaction: the transaction runs again, and nothing of the first is left", () =>
    Effect.gen(function* () {
      const server = yield* PostgresServer.make()
      yield* Effect.gen(function* () {
        yield* write(page(0, 10))
        assert.strictEqual(yield* interrupted(terminate(server)), 2)
        assert.deepStrictEqual(yield* fetched(), [10, 50, 50])
      }).pipe(using(yield* server.database))
    }).pipe(Effect.scoped)
  )

  for (const ending of ["fast", "crash"] as const) {
    it.live(`a server that restarts (${ending}) in mid-transaction is waited for`, () =>
      Effect.gen(function* () {
        const server = yield* PostgresServer.make()
        yield* Effect.gen(function* () {
          yield* write(page(0, 10))
          const restart = Effect.andThen(server.stop(ending), Effect.forkDetach(server.start))
          assert.strictEqual(yield* interrupted(restart), 2)
          assert.deepStrictEqual(yield* fetched(), [10, 50, 50])
        }).pipe(using(yield* server.database))
      }).pipe(Effect.scoped)
    )
  }

  it.live("one that stays away is an error that says so, and once it is back all goes on", () =>
    Effect.gen(function* () {
      const server = yield* PostgresServer.make()
      yield* Effect.gen(function* () {
        yield* write(page(0, 10))
        yield* server.stop()
        const works: ReadonlyArray<Effect.Effect<unknown, StoreError.StoreError, CandleStore.CandleStore>> = [
          write(page(10, 10)),
          fetched(),
          interrupted(Effect.void)
        ]
        for (const work of works) {
          const error = yield* Effect.provideService(reasonOf(work), Operation.Patience, Duration.millis(300))
          assert.strictEqual(error.reason._tag, "Disconnected")
          assert.include(error.message, "lost the database")
        }
        yield* server.start
        yield* write(page(10, 10))
        assert.deepStrictEqual(yield* fetched(), [20])
      }).pipe(using(yield* server.database))
    }).pipe(Effect.scoped)
  )

  it.live("a read that loses its connection fails instead of ending early", () =>
    Effect.gen(function* () {
      const server = yield* PostgresServer.make()
      yield* Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const all = page(0, 200_000)
        yield* store.write([all])
        let cut = false
        const reading = Stream.runForEach(store.read(series(), all.interval, { batchRows: 1_000 }), () => {
          if (cut) return Effect.void
          cut = true
          return terminate(server)
        })
        assert.strictEqual((yield* reasonOf(reading)).reason._tag, "Disconnected")
        assert.deepStrictEqual(yield* fetched(), [200_000])
      }).pipe(using(yield* server.database))
    }).pipe(Effect.scoped)
  )
})

/** Whether this process may mount a file system. */
const mayMount = process.platform === "linux" && process.getuid?.() === 0

describe("a full disk", () => {
  it.live.skipIf(!mayMount)(
    "takes nothing of a write that does not fit, and goes on when there is room (needs root)",
    () =>
      Effect.gen(function* () {
        const mount = yield* Effect.acquireRelease(
          Effect.sync(() => {
            const path = mkdtempSync(join(tmpdir(), "tidemark-small-"))
            execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m,mode=777", "tmpfs", path])
            // Postgres wants the folder to be its own, and runs as this user where tests run as root.
            execFileSync("chown", ["postgres", path])
            return path
          }),
          (path) =>
            Effect.sync(() => {
              execFileSync("umount", ["-l", path])
              rmSync(path, { recursive: true, force: true })
            })
        )
        const server = yield* PostgresServer.make()
        const url = yield* server.database
        const name = new URL(url).pathname.slice(1)
        yield* server.execute([
          `CREATE TABLESPACE small LOCATION '${mount}'`,
          `ALTER DATABASE ${name} SET default_tablespace = 'small'`
        ])
        yield* write(page(0, 1_000)).pipe(using(url))
        const error = yield* reasonOf(using(url)(write(page(1_000, 400_000))))
        assert.strictEqual(error.reason._tag, "Exhausted")
        assert.include(error.message, "No space left on device")
        assert.include(error.message, "Free some")
        assert.deepStrictEqual(yield* using(url)(fetched()), [1_000])
        execFileSync("mount", ["-o", "remount,size=200m", mount])
        yield* write(page(1_000, 400_000)).pipe(using(url))
        assert.deepStrictEqual(yield* using(url)(fetched()), [401_000])
      }).pipe(Effect.scoped)
  )
})
