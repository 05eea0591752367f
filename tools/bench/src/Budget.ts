/**
 * How much of a provider's allowance is used, and how often it has to refuse.
 *
 * The provider counts weight in windows of the clock and bans who goes on
 * asking. The product asks as fast as it lets itself: alone, beside another
 * client that takes half of every window, and as two processes on one
 * Postgres. What was used is read from the provider's own log.
 */
import { Emulator } from "@tidemark/emulator"
import { PostgresServer } from "@tidemark/postgres"
import { Effect, Layer } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { ChildProcess } from "effect/process"
import { execPath } from "node:process"
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
  /** The most that was spent in one window, refusals included. */
  readonly most: number
  readonly refused: number
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
    [
      Child.script("spender.ts"),
      url,
      String(options.limit),
      String(options.windowMillis),
      String(options.lanes),
      ...(database === undefined ? [] : [database])
    ],
    { stdin: "ignore", stdout: "inherit", stderr: "inherit" }
  )

const untilNext = (windowMillis: number) =>
  Effect.suspend(() => Effect.sleep(windowMillis - (Date.now() % windowMillis) + 5))

/** Takes half of every window at its start, and waits for the next when it is refused. */
const stranger = Effect.fnUntraced(function* (options: Options, url: string) {
  const client = yield* HttpClient.HttpClient
  const klines = `${url}/api/v3/klines?symbol=${strangers}&interval=1m&limit=10`
  for (;;) {
    yield* untilNext(options.windowMillis)
    for (let spent = 0; spent < options.limit / 2; spent += klinesWeight) {
      const response = yield* client.get(klines)
      yield* response.arrayBuffer
      if (response.status !== 200) break
    }
  }
})

/** What the provider saw in whole windows that begin after now. */
const watch = Effect.fnUntraced(function* (
  name: string,
  options: Options
): Effect.fn.Return<Scenario, never, Emulator> {
  const { windowMillis, windows } = options
  const emulator = yield* Emulator
  // What was started before is well on its way by then.
  yield* untilNext(windowMillis)
  yield* untilNext(windowMillis)
  const first = Math.floor(Date.now() / windowMillis)
  yield* Effect.sleep(windows * windowMillis)
  const all = (yield* emulator.requests).filter(({ at, path }) => {
    const window = Math.floor(at / windowMillis)
    return path.endsWith("/klines") && window >= first && window < first + windows
  })
  const weightOf = (requests: typeof all) => requests.length * klinesWeight
  const given = all.filter(({ status }) => status === 200)
  const theirs = given.filter(({ query }) => query.get("symbol") === strangers)
  const ours = all.filter(({ query }) => query.get("symbol") !== strangers)
  const perWindow = Map.groupBy(all, ({ at }) => Math.floor(at / windowMillis))
  return {
    name,
    windows,
    ours: weightOf(given) - weightOf(theirs),
    theirs: weightOf(theirs),
    used: weightOf(given) / (windows * options.limit),
    most: Math.max(0, ...[...perWindow.values()].map(weightOf)),
    refused: ours.filter(({ status }) => status === 429).length,
    banned: all.filter(({ status }) => status === 418).length
  }
})

const alone = Effect.fnUntraced(function* (options: Options) {
  yield* say("alone …")
  const { url } = yield* Emulator
  yield* spender(options, url)
  return yield* watch("alone", options)
}, Effect.scoped)

const beside = Effect.fnUntraced(function* (options: Options) {
  yield* say("beside another client …")
  const { url } = yield* Emulator
  yield* spender(options, url)
  yield* Effect.forkScoped(stranger(options, url))
  return yield* watch("beside another", options)
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
  const [one, half, two] = scenarios as [Scenario, Scenario, Scenario]
  const rows = scenarios.map((scenario) => [
    scenario.name,
    `${(scenario.used * 100).toFixed(1)} %`,
    String(scenario.ours),
    String(scenario.theirs),
    String(scenario.most),
    String(scenario.refused),
    String(scenario.banned)
  ])
  return {
    json: { options, scenarios },
    text: [
      `${options.limit} weight per ${options.windowMillis / 1000} s; ${options.windows} whole windows each.`,
      "",
      tableOf(["scenario", "used", "ours", "theirs", "most in a window", "429 to us", "418"], rows)
    ],
    targets: [
      { name: "alone: allowance used", value: one.used, bound: "at least", limit: 0.95 },
      { name: "alone: refusals", value: one.refused, bound: "at most", limit: 0 },
      { name: "beside another: bans", value: half.banned, bound: "at most", limit: 0 },
      { name: "two processes: allowance used", value: two.used, bound: "at least", limit: 0.95 },
      { name: "two processes: refusals", value: two.refused, bound: "at most", limit: 0 },
      { name: "two processes: most in a window", value: two.most, bound: "at most", limit: options.limit }
    ]
  }
}

export const run = Effect.fnUntraced(function* (options: Options) {
  const scenarios = [
    yield* alone(options).pipe(Effect.provide(provider(options))),
    yield* beside(options).pipe(Effect.provide(provider(options))),
    yield* together(options).pipe(Effect.provide(Layer.merge(provider(options), PostgresServer.PostgresServer.layer)))
  ]
  return outcome(options, scenarios)
}, Effect.provide(FetchHttpClient.layer))
