/**
 * How much of a provider's allowance is used, and how often it has to refuse.
 *
 * The provider counts weight in windows of the clock and bans who goes on
 * asking. The product asks as fast as it lets itself: alone, beside another
 * client that wants half of every window, at once or bit by bit, and as two
 * processes on one Postgres. What was used is read from the provider's own log.
 */
import { Emulator } from "@tidemark/emulator"
import { PostgresServer } from "@tidemark/postgres"
import { Effect, Layer } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { ChildProcess } from "effect/process"
import { execPath } from "node:process"
import { BenchError } from "./BenchError.ts"
import * as Child from "./Child.ts"
import { type Outcome, say, tableOf } from "./Verdict.ts"
import * as Workload from "./Workload.ts"

export interface Options {
  /** Whole windows that are looked at, in each scenario. */
  readonly windows: number
  readonly limit: number
  readonly windowMillis: number
  readonly lanes: number
}

const klinesWeight = 2
/** Asked for by the other client alone. */
const strangers = "ETHUSDT"

export interface Scenario {
  readonly name: string
  readonly windows: number
  /** Weight of what the product was given, and of what the other client was given. */
  readonly ours: number
  readonly theirs: number
  /** Of the allowance of all windows. */
  readonly used: number
  /** Of what the other client was not given: what the product was. */
  readonly usedOfRest: number
  /** The most that was spent in one window, refusals included. */
  readonly most: number
  /** Requests of the product that were told 429, and of the other client. */
  readonly refused: number
  readonly refusedThem: number
  readonly banned: number
}

const dataset = Workload.dataset("BTC/USDT")
const other = Workload.dataset("ETH/USDT")

const provider = ({ limit, windowMillis }: Options) =>
  Layer.fresh(
    Emulator.layer({
      datasets: [dataset, other],
      weightLimit: limit,
      weightWindowMillis: windowMillis,
      banMillis: 600_000
    })
  )

/** The product in a process of its own, for as long as the scope lasts. */
const spender = (options: Options, url: string, database?: string) =>
  ChildProcess.make(
    execPath,
    [Child.script("spender.ts"), url, String(options.limit), String(options.windowMillis), String(options.lanes)],
    {
      // A URL may hold a password, and arguments are seen by all.
      env: database === undefined ? {} : { BENCH_DATABASE_URL: database },
      extendEnv: true,
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit"
    }
  )

const untilNext = (windowMillis: number) =>
  Effect.suspend(() => Effect.sleep(windowMillis - (Date.now() % windowMillis) + 5))

type Pace = "at once" | "bit by bit"

/** Wants half of every window, at its start or spread over it, and waits for the next when it is refused. */
const stranger = Effect.fnUntraced(function* ({ limit, windowMillis }: Options, url: string, pace: Pace) {
  const client = yield* HttpClient.HttpClient
  const klines = `${url}/api/v3/klines?symbol=${strangers}&interval=1m&limit=10`
  const share = Math.floor(limit / 2 / klinesWeight)
  for (;;) {
    yield* untilNext(windowMillis)
    const window = Math.floor(Date.now() / windowMillis)
    for (let asked = 0; asked < share; asked++) {
      const dueAt = (window + asked / share) * windowMillis
      if (pace === "bit by bit") yield* Effect.sleep(Math.max(0, dueAt - Date.now()))
      // Late: what is left of its share is not for the next window.
      if (Math.floor(Date.now() / windowMillis) > window) break
      const response = yield* client.get(klines)
      yield* response.arrayBuffer
      if (response.status !== 200) break
    }
  }
})

/** The newest requests, which are all that the emulator keeps. */
const keptRequests = 10_000

/** What the provider saw in whole windows that begin after now. */
const watch = Effect.fnUntraced(function* (
  name: string,
  options: Options
): Effect.fn.Return<Scenario, BenchError, Emulator> {
  const { limit, windowMillis, windows } = options
  const emulator = yield* Emulator
  // What was started before is well on its way by then.
  yield* untilNext(windowMillis)
  yield* untilNext(windowMillis)
  const first = Math.floor(Date.now() / windowMillis)
  const windowOf = ({ at }: { readonly at: number }) => Math.floor(at / windowMillis)
  const all: Array<Effect.Success<typeof emulator.requests>[number]> = []
  for (let window = first; window < first + windows; window++) {
    yield* Effect.sleep(Math.max(0, (window + 1) * windowMillis + 5 - Date.now()))
    const kept = yield* emulator.requests
    if (kept.length >= keptRequests && windowOf(kept[0]!) >= window) {
      return yield* new BenchError({ detail: "more requests came in a window than the emulator remembers" })
    }
    all.push(...kept.filter((request) => windowOf(request) === window && request.path.endsWith("/klines")))
  }
  const weightOf = (requests: typeof all) => requests.length * klinesWeight
  const isTheirs = ({ query }: (typeof all)[number]) => query.get("symbol") === strangers
  const given = all.filter(({ status }) => status === 200)
  const refused = all.filter(({ status }) => status === 429)
  const theirs = weightOf(given.filter(isTheirs))
  const ours = weightOf(given) - theirs
  const perWindow = Map.groupBy(all, windowOf)
  return {
    name,
    windows,
    ours,
    theirs,
    used: weightOf(given) / (windows * limit),
    usedOfRest: ours / (windows * limit - theirs),
    most: Math.max(0, ...[...perWindow.values()].map(weightOf)),
    refused: refused.filter((request) => !isTheirs(request)).length,
    refusedThem: refused.filter(isTheirs).length,
    banned: all.filter(({ status }) => status === 418).length
  }
})

const alone = Effect.fnUntraced(function* (options: Options) {
  yield* say("alone …")
  const { url } = yield* Emulator
  yield* spender(options, url)
  return yield* watch("alone", options)
}, Effect.scoped)

const beside = Effect.fnUntraced(function* (options: Options, pace: Pace) {
  yield* say(`beside another client, that asks ${pace} …`)
  const { url } = yield* Emulator
  yield* spender(options, url)
  yield* Effect.forkScoped(stranger(options, url, pace))
  return yield* watch(`beside, ${pace}`, options)
}, Effect.scoped)

const together = Effect.fnUntraced(function* (options: Options) {
  yield* say("two processes on one Postgres …")
  const { url } = yield* Emulator
  const database = yield* (yield* PostgresServer.PostgresServer).database
  yield* spender(options, url, database)
  yield* spender(options, url, database)
  return yield* watch("two processes", options)
}, Effect.scoped)

const outcome = (options: Options, scenarios: ReadonlyArray<Scenario>): Outcome => {
  const [one, burst, drip, two] = scenarios as [Scenario, Scenario, Scenario, Scenario]
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`
  const rows = scenarios.map((scenario) => [
    scenario.name,
    percent(scenario.used),
    percent(scenario.usedOfRest),
    ...[scenario.ours, scenario.theirs, scenario.most, scenario.refused, scenario.refusedThem, scenario.banned].map(
      String
    )
  ])
  const header = ["scenario", "used", "of the rest", "ours", "theirs", "most in a window", "429", "429 to them", "418"]
  return {
    json: { options, scenarios },
    text: [
      `${options.limit} weight per ${options.windowMillis / 1000} s; ${options.windows} whole windows each.`,
      "",
      tableOf(header, rows)
    ],
    targets: [
      { name: "alone: allowance used", value: one.used, bound: "at least", limit: 0.95 },
      { name: "alone: refusals", value: one.refused, bound: "at most", limit: 0 },
      { name: "beside another, at once: bans", value: burst.banned, bound: "at most", limit: 0 },
      { name: "beside another, bit by bit: bans", value: drip.banned, bound: "at most", limit: 0 },
      { name: "two processes: allowance used", value: two.used, bound: "at least", limit: 0.95 },
      { name: "two processes: refusals", value: two.refused, bound: "at most", limit: 0 },
      { name: "two processes: most in a window", value: two.most, bound: "at most", limit: options.limit }
    ]
  }
}

export const run = Effect.fnUntraced(function* (options: Options) {
  const scenarios = [
    yield* alone(options).pipe(Effect.provide(provider(options))),
    yield* beside(options, "at once").pipe(Effect.provide(provider(options))),
    yield* beside(options, "bit by bit").pipe(Effect.provide(provider(options))),
    yield* together(options).pipe(Effect.provide(Layer.merge(provider(options), PostgresServer.PostgresServer.layer)))
  ]
  return outcome(options, scenarios)
}, Effect.provide(FetchHttpClient.layer))
