/** Reports of earnings: the way to the cookie and the crumb, and what may happen on it. */
import { assert, describe, it } from "@effect/vitest"
import { Emulator, Fault, Yahoo } from "@tidemark/emulator"
import { Effect, Layer } from "effect"
import { inspect } from "node:util"
import { announced, apple, cookie, crumb, reports, subject } from "./answers.ts"
import { engine, sourceAtHand, world } from "./rig.ts"

const earnings = (symbol = "AAPL") =>
  Effect.flatMap(Effect.orDie(sourceAtHand), (source) => source.earnings!({ ...subject, symbol }))

const all = [...reports, announced]

describe("reports of earnings", () => {
  it.live("come with the day, what was expected and what was told, past and announced", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        (yield* earnings()).map((report) => ({ ...report })),
        all.map((report) => ({ ...report }))
      )
      // The cookie and the crumb are got once.
      const asked = yield* (yield* Emulator).requestCount
      yield* earnings()
      assert.strictEqual(yield* (yield* Emulator).requestCount, asked + 1)
    }).pipe(Effect.provide(world))
  )

  it.live("come by way of the consent page too", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* earnings()).length, all.length)
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          engine,
          Emulator.layer({
            datasets: [],
            equities: [apple],
            providers: [Yahoo.providerWith({ cookie, crumb, consent: true })]
          })
        )
      )
    )
  )

  it.live("of a symbol that there is not are refused as unknown", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(earnings("NOPE"))
      assert.strictEqual(error.reason._tag, "NotListed")
    }).pipe(Effect.provide(world))
  )

  const crumbPath = "/v1/test/getcrumb"
  const summaryPath = "/v10/finance/quoteSummary/"
  const faults: ReadonlyArray<readonly [string, Fault.Fault, string]> = [
    ["too many requests, said in place of a crumb", Fault.RateLimited({ match: { path: crumbPath } }), "RateLimited"],
    ["a 429 at the crumb", Fault.RateLimited({ retryAfterSeconds: 0, match: { path: crumbPath } }), "RateLimited"],
    ["a page in place of a crumb", Fault.Html({ match: { path: crumbPath } }), "Malformed"],
    ["nothing in place of a crumb", Fault.EmptyBody({ match: { path: crumbPath } }), "Malformed"],
    ["a 500 at the page", Fault.ServerError({ status: 500, match: { path: "/quote/" } }), "Unavailable"],
    ["a reset at the page", Fault.Reset({ match: { path: "/quote/" } }), "Unavailable"],
    ["silence at the crumb", Fault.Stall({ after: "nothing", match: { path: crumbPath } }), "Unavailable"],
    ["a 500 at the summary", Fault.ServerError({ status: 500, match: { path: summaryPath } }), "Unavailable"],
    ["a crumb that is refused", Fault.ServerError({ status: 401, match: { path: summaryPath } }), "Unauthorized"],
    ["half a summary", Fault.Truncate({ variant: "json", match: { path: summaryPath } }), "Malformed"]
  ]
  for (const [name, fault, tag] of faults) {
    it.live(`${name}: ${tag}, and once it has passed they come; no cookie and no crumb is shown`, () =>
      Effect.gen(function* () {
        yield* (yield* Emulator).inject(fault)
        const error = yield* Effect.flip(earnings())
        assert.strictEqual(error.reason._tag, tag, error.message)
        const text = `${error.message} ${inspect(error, { depth: 20, showHidden: true })}`
        for (const planted of [cookie, crumb]) assert.notInclude(text, planted)
        assert.strictEqual((yield* earnings()).length, all.length)
      }).pipe(Effect.provide(world))
    )
  }
})
