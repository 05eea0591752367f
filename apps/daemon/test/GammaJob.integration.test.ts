/** When the job `gamma` looks at chains by itself, at whose, and which it keeps. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Gamma, type JobStore, OptionChain } from "@tidemark/core"
import { Emulator, Equity } from "@tidemark/emulator"
import { Runtime } from "@tidemark/runtime"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Works from "../src/works/Gamma.ts"
import { database, settings } from "./serving.ts"

const at = (text: string): number => Date.parse(text)
const symbol = "SPY"

const job: JobStore.Job = {
  name: "gamma",
  work: "gamma",
  cron: "*/15 * * * *",
  timeZone: "UTC",
  settings: {},
  isPaused: false,
  since: 0,
  wantedAt: undefined
}

/** A database of the test's own, an emulator whose time is the test's, and the job's one run at a time. */
const rig = Effect.gen(function* () {
  let moment = 0
  /** How far the emulator's time is behind. */
  let behindMillis = 0
  const market = Emulator.layer({
    datasets: [],
    equities: [Equity.synthetic({ symbol })],
    now: () => moment - behindMillis
  })
  const emulator = Context.get(yield* Layer.build(market), Emulator)
  const variables = {
    CBOE_BASE_URL: emulator.url,
    YAHOO_BASE_URL: emulator.url,
    POLYGON_BASE_URL: emulator.url,
    POLYGON_API_KEY: "a-key",
    POLYGON_PLAN: "paid"
  }
  const given = { ...settings(yield* database), variables }
  const context = yield* Layer.build(Layer.provideMerge(Runtime.layer(given, "write"), NodeServices.layer))
  const lines: Array<string> = []
  const log = (line: string) => Effect.sync(() => void lines.push(line))
  /** How many chains a run kept. */
  const look = Effect.fnUntraced(function* (text: string, wanted: JobStore.Job["settings"] = {}, behind = 0) {
    moment = at(text)
    behindMillis = behind
    yield* TestClock.setTime(moment)
    const told = { job: { ...job, settings: wanted }, log }
    const { result } = yield* Works.observe(told as never)
    return (result as { readonly kept: number }).kept
  }, Effect.provideContext(context))
  /** At the pace of the cron, from before a session's open until after its close; the times at which chains were kept. */
  const day = Effect.fnUntraced(function* (date: string, wanted: JobStore.Job["settings"] = {}) {
    const kept: Array<string> = []
    for (let hour = 13; hour < 21; hour++) {
      for (const minute of ["00", "15", "30", "45"]) {
        if ((yield* look(`${date}T${hour}:${minute}Z`, wanted)) > 0) kept.push(`${hour}:${minute}`)
      }
    }
    return kept
  })
  const stores = Effect.all({ chains: OptionChain.OptionChainStore, gamma: Gamma.GammaStore }).pipe(
    Effect.provideContext(context)
  )
  const rows = Effect.flatMap(stores, ({ gamma }) => gamma.snapshots({ symbols: [symbol] }))
  return { day, emulator, lines, look, rows, stores }
})

const cboe = { symbols: [symbol] }
const simulated = { symbols: [symbol], source: "synthetic" }
const minute = 60_000

describe("the job", () => {
  it.effect(
    "looks once at each slot of a session while the session lasts, at underlyings that somebody has begun with",
    () =>
      Effect.gen(function* () {
        const { lines, look, rows, stores } = yield* rig
        assert.strictEqual(yield* look("2024-06-10T14:00Z"), 0)
        assert.strictEqual(yield* look("2024-06-10T14:00Z", simulated), 1)
        // From now on it goes on by itself; of the last look it comes too late, which is made at the close.
        const kept = []
        for (const time of ["14:15", "15:30", "15:45", "16:00", "17:45", "19:30", "20:00", "20:15", "21:00"]) {
          kept.push(yield* look(`2024-06-10T${time}Z`))
        }
        assert.deepStrictEqual(kept, [0, 0, 1, 0, 1, 0, 1, 0, 0])
        assert.strictEqual(yield* look("2024-06-11T13:30Z"), 0)
        assert.strictEqual(yield* look("2024-06-11T13:45Z"), 1)
        const moments = ["10T14:00", "10T15:45", "10T17:45", "10T20:00", "11T13:45"]
        assert.deepStrictEqual(
          (yield* rows).map((row) => [row.at, row.origin, row.session]),
          moments.map((text) => [at(`2024-06-${text}Z`), "synthetic", `2024-06-${text.slice(0, 2)}`])
        )
        assert.lengthOf(yield* (yield* stores).chains.list({}), 5)
        assert.include(lines.join("\n"), "SPY: chain of 2024-06-11T13:45Z from synthetic kept")
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "keeps exactly four chains a session, all of that session, however old they are when they are shown",
    () =>
      Effect.gen(function* () {
        for (const { asked, wanted } of [
          { asked: ["14:00", "16:00", "18:00", "20:00"], wanted: cboe },
          { asked: ["13:45", "15:45", "17:45", "19:45"], wanted: simulated }
        ]) {
          const { day, rows } = yield* rig
          const sessions = ["2024-06-07", "2024-06-10"]
          for (const session of sessions) assert.deepStrictEqual(yield* day(session, wanted), asked)
          assert.deepStrictEqual(
            (yield* rows).map((row) => [row.session, row.at]),
            sessions.flatMap((session) =>
              ["13:45", "15:45", "17:45", "19:45"].map((time) => [session, at(`${session}T${time}Z`)])
            )
          )
        }
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "keeps no chain that is older than its look is for, says so, and asks again; the last look has its second try",
    () =>
      Effect.gen(function* () {
        const { lines, look, rows } = yield* rig
        // Twenty minutes late: the market of a quarter of an hour before is that of before the open.
        assert.strictEqual(yield* look("2024-06-10T14:00Z", cboe, 20 * minute), 0)
        assert.include(
          lines.join("\n"),
          "SPY: the chain that cboe shows is of 2024-06-10T13:25Z, before what the look of 2024-06-10T13:45Z is for " +
            "(from 2024-06-10T13:30Z); it is not kept, and asked for again"
        )
        assert.strictEqual(yield* look("2024-06-10T14:15Z", cboe), 1)
        assert.strictEqual(yield* look("2024-06-10T20:00Z", cboe, 90 * minute), 0)
        assert.strictEqual(yield* look("2024-06-10T20:15Z", cboe), 1)
        assert.strictEqual(yield* look("2024-06-10T20:30Z", cboe), 0)
        assert.deepStrictEqual(
          (yield* rows).map((row) => [row.session, row.at]),
          ["14:00", "20:00"].map((time) => ["2024-06-10", at(`2024-06-10T${time}Z`)])
        )
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "takes no chain that was simulated or is from a file for one that it can observe",
    () =>
      Effect.gen(function* () {
        const { look, stores } = yield* rig
        assert.strictEqual(yield* look("2024-06-10T13:50Z", simulated), 1)
        const { chains } = yield* stores
        const [entry] = yield* chains.list({})
        const chain = (yield* chains.read(entry!))!
        yield* chains.keep([{ ...chain, source: "file", provenance: "observed" }], at("2024-06-10T13:55Z"))
        assert.strictEqual(yield* look("2024-06-10T14:00Z", cboe), 1)
        assert.strictEqual(yield* look("2024-06-10T14:15Z", cboe), 0)
        // Of all that is kept it is the observed one that is gone on with.
        assert.strictEqual(yield* look("2024-06-10T16:00Z"), 1)
        assert.deepStrictEqual(
          (yield* chains.list({})).map(({ source }) => source),
          ["cboe", "cboe", "file", "synthetic"]
        )
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "asks as a snapshot does once another source stood in for CBOE, and who is asked by name alone by its name",
    () =>
      Effect.gen(function* () {
        const { emulator, lines, look, stores } = yield* rig
        assert.strictEqual(yield* look("2024-06-10T14:00Z", cboe), 1)
        const { chains } = yield* stores
        const [entry] = yield* chains.list({})
        const chain = (yield* chains.read(entry!))!
        const yahoo = { ...chain, source: "yahoo", at: at("2024-06-10T14:30Z") }
        yield* chains.keep([yahoo], yahoo.at)
        assert.strictEqual(yield* look("2024-06-10T16:00Z"), 1)
        const paths = (yield* emulator.requests).map(({ path }) => path)
        assert.isTrue(
          paths.every((path) => path.startsWith("/api/global/delayed_quotes/")),
          paths.join(" ")
        )
        // The newest is of one that nobody asks who did not name it.
        const polygon = { ...chain, source: "polygon", at: at("2024-06-10T16:30Z") }
        yield* chains.keep([polygon], polygon.at)
        assert.strictEqual(yield* look("2024-06-10T18:00Z"), 1)
        assert.include(lines.join("\n"), "from polygon kept")
        assert.strictEqual(yield* look("2024-06-10T18:00Z", { source: "cboe" }), 1)
      }).pipe(Effect.scoped),
    120_000
  )
})
