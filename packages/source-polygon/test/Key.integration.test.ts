/** A planted key, and every place where it could be read if it slipped out. */
import { assert, describe, it } from "@effect/vitest"
import { Emulator, Fault } from "@tidemark/emulator"
import { Effect, References } from "effect"
import { inspect } from "node:util"
import { vi } from "vitest"
import { key, subject } from "./answers.ts"
import { fetched, range, sourceAtHand, world } from "./rig.ts"

const withKey = (status: number) =>
  Fault.ServerError({
    status,
    body: JSON.stringify({ status: "ERROR", request_id: "r", error: `no access with ${key}`, message: key }),
    times: Infinity
  })

const faults: ReadonlyArray<Fault.Fault> = [
  ...[400, 401, 403, 404, 429, 500].map(withKey),
  Fault.ServerError({ status: 200, body: `{"status":"${key}"}`, times: Infinity }),
  Fault.ServerError({ status: 200, body: `{"status":"OK","results":["${key}"]}`, times: Infinity }),
  Fault.ServerError({
    status: 200,
    body: `{"status":"OK","results":[],"next_url":"https://a.example/?apiKey=${key}"}`,
    times: Infinity
  }),
  Fault.ServerError({ status: 200, body: `{"status":"OK","next_url":"http://${key}:x"}`, times: Infinity }),
  Fault.Redirect({ to: `http://elsewhere.invalid/?apiKey=${key}`, times: Infinity }),
  Fault.RateLimited({ retryAfterSeconds: 0, times: Infinity }),
  Fault.Banned({ times: Infinity }),
  Fault.Stall({ after: "nothing", times: Infinity }),
  Fault.Truncate({ times: Infinity }),
  Fault.Html({ times: Infinity }),
  Fault.Reset({ times: Infinity })
]

/** Everything that is written to the console or the process's own streams meanwhile. */
const capture = Effect.acquireRelease(
  Effect.sync(() => {
    const written: Array<unknown> = []
    const note = (...parts: ReadonlyArray<unknown>) => void written.push(...parts)
    const methods = ["log", "info", "warn", "error", "debug", "trace"] as const
    const spies = [
      ...methods.map((method) => vi.spyOn(console, method).mockImplementation(note)),
      ...[process.stdout, process.stderr].map((stream) =>
        vi.spyOn(stream, "write").mockImplementation((chunk) => {
          note(Buffer.from(chunk).toString())
          return true
        })
      )
    ]
    return { written, spies }
  }),
  ({ spies }) => Effect.sync(() => spies.forEach((spy) => spy.mockRestore()))
)

describe("the key", () => {
  it.live(
    "is in no error, no event and nothing that is printed, even where the provider repeats it",
    () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        const source = yield* sourceAtHand
        const { written } = yield* capture
        for (const fault of faults) {
          yield* provider.clear
          yield* provider.inject(fault)
          const { error, events } = yield* fetched()
          const others = yield* Effect.forEach(
            [source.check!, source.instruments!, source.actions!(subject, range)],
            (work: Effect.Effect<unknown, Error>) => Effect.exit(work)
          )
          yield* Effect.logError("it failed", error, others)
          assert.isDefined(error, fault._tag)
          const shown = inspect([error, events, others], { depth: 20, showHidden: true })
          assert.notInclude(shown + JSON.stringify([error, events, others]), key, fault._tag)
        }
        assert.include(inspect(written, { depth: 20 }), "it failed")
        assert.notInclude(inspect(written, { depth: 20 }), key)
      }).pipe(Effect.provideService(References.MinimumLogLevel, "All"), Effect.provide(world), Effect.scoped),
    30_000
  )
})
