/**
 * How long it takes to make a gamma snapshot of an option chain.
 *
 * - `chain`: one large chain with its profile, against the plain loop over
 *   contracts and spots with the formula.
 * - `year`: the command that fills a year of a simulated SPY, four chains a
 *   session, from simulating them to what is stored, against a process that
 *   only simulates the same chains.
 *
 * A further part is a function to an `Outcome`, in the list of `run`.
 */
import { Calendars } from "@tidemark/calendars"
import * as Day from "@tidemark/calendars/Day"
import { OptionChain } from "@tidemark/core"
import { Analysis, BlackScholes, Conventions } from "@tidemark/gamma"
import { Slots } from "@tidemark/gamma/history"
import { plugin } from "@tidemark/source-synthetic"
import { Effect, FileSystem } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import { BenchError } from "./BenchError.ts"
import * as Child from "./Child.ts"
import * as Filled from "./Filled.ts"
import { median, type Outcome, say, tableOf } from "./Verdict.ts"

export interface Options {
  readonly contracts: number
  readonly rounds: number
  /** Calendar days of history that the second part fills. */
  readonly days: number
}

const secondsLimit = 0.1
const ratioLimit = 2
const warmUps = 5

const today = Day.make(2024, 6, 3)
const at = Date.UTC(2024, 5, 3, 15)
const spot = 5_280.25
const expiries = 40
const calendar = Calendars.get("XNYS")

/** Every contract is kept, and no two have one volatility: nothing is spared. */
const chainOf = (size: number): OptionChain.OptionChain => {
  const contracts = OptionChain.allocate(size)
  const strikes = Math.ceil(size / expiries / 2)
  for (let i = 0; i < size; i++) {
    const isCall = i % 2
    const strike = Math.floor(i / 2) % strikes
    const expiry = Math.floor(i / 2 / strikes)
    contracts.root[i] = "SPXW"
    contracts.expiry[i] = today + 1 + expiry * 7
    contracts.strike[i] = spot * (0.7 + (0.6 * strike) / strikes)
    contracts.isCall[i] = isCall
    contracts.impliedVolatility[i] = 0.12 + 0.1 * Math.abs(strike / strikes - 0.6) + (0.01 * i) / size
    // More calls above the middle, more puts below it: there is a flip.
    contracts.openInterest[i] = 1 + Math.round(500 * (isCall === 1 ? strike : strikes - strike)) / strikes
  }
  return { symbol: "^SPX", source: "bench", at, spot, provenance: "synthetic", contracts, unreadable: [] }
}

/** The net exposure at every spot of the profile, contract by contract. */
const plain = ({ contracts }: OptionChain.OptionChain): Float64Array => {
  const { from, points, to } = Conventions.grid
  return Float64Array.from({ length: points }, (_, point) => {
    const price = spot * (from + ((to - from) * point) / (points - 1))
    let net = 0
    for (let i = 0; i < contracts.strike.length; i++) {
      const gamma = BlackScholes.gamma({
        spot: price,
        strike: contracts.strike[i]!,
        years: Conventions.yearsBetween("weekdays/262", today, contracts.expiry[i]!),
        volatility: contracts.impliedVolatility[i]!
      })
      const sign = contracts.isCall[i] === 1 ? 1 : -1
      net += sign * gamma * contracts.openInterest[i]! * contracts.multiplier[i]! * price * price * 0.01
    }
    return net
  })
}

const chain = Effect.fnUntraced(function* ({ contracts, rounds }: Options) {
  const made = chainOf(contracts)
  const runs: Array<{ readonly plain: number; readonly analysis: number }> = []
  yield* say(`Pricing ${contracts} contracts at ${Conventions.grid.points} spots …`)
  for (let round = -warmUps; round < rounds; round++) {
    const loop = yield* Filled.seconds(Effect.sync(() => plain(made)))
    const ours = yield* Filled.seconds(Effect.sync(() => Analysis.of(made, { method: "recomputed", calendar })))
    const { profile, snapshot } = ours.result
    const scale = snapshot.grossGex ?? 0
    if (
      snapshot.accounting?.kept !== contracts ||
      !profile?.net.every((net, i) => Math.abs(net - loop.result[i]!) <= 1e-9 * scale)
    ) {
      return yield* new BenchError({ detail: "the profile is not that of the plain loop" })
    }
    if (round >= 0) runs.push({ plain: loop.seconds, analysis: ours.seconds })
  }
  const seconds = { plain: median(runs.map((one) => one.plain)), analysis: median(runs.map((one) => one.analysis)) }
  const outcome: Outcome = {
    json: { runs },
    text: [
      tableOf(
        ["", "contracts", "ms"],
        [
          ["plain loop, profile alone", `${contracts}`, (seconds.plain * 1e3).toFixed(1)],
          ["snapshot with its profile", `${contracts}`, (seconds.analysis * 1e3).toFixed(1)]
        ]
      )
    ],
    targets: [
      {
        name: `snapshot of ${contracts} contracts`,
        value: seconds.analysis,
        unit: "s",
        bound: "less than",
        limit: secondsLimit
      },
      {
        name: "plain loop / snapshot",
        value: median(runs.map((one) => one.plain / one.analysis)),
        bound: "at least",
        limit: ratioLimit
      }
    ]
  }
  return outcome
})

const yearSecondsLimit = 20
const end = "2025-01-01"
const dayMillis = 86_400_000
/** Candles of before the year, that its first signals look back at. */
const leadDays = 60

/** The generator asks nobody. */
const offline = HttpClient.make((request) => Effect.die(`nobody is to be asked: ${request.url}`))

/** Simulates the chains of these moments, and does nothing with them. */
const simulated = Effect.fnUntraced(
  function* (moments: ReadonlyArray<number>) {
    const source = yield* plugin.make({ seed: 1 })
    const { optionChain } = source
    if (optionChain === undefined) return yield* new BenchError({ detail: "the generator shows no option chains" })
    let contracts = 0
    for (const moment of moments) {
      const chain = yield* optionChain({ symbol: "SPY", assetClass: "equity", calendar }, moment)
      contracts += OptionChain.length(chain.contracts)
    }
    return contracts
  },
  Effect.provideService(HttpClient.HttpClient, offline)
)

const year = Effect.fnUntraced(function* ({ days }: Options) {
  const fs = yield* FileSystem.FileSystem
  const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-gamma-" })
  const to = Date.parse(end)
  const dateBefore = (days: number) => new Date(to - days * dayMillis).toISOString().slice(0, 10)
  const tidemark = (...args: ReadonlyArray<string>): Child.Command => ({
    name: `tidemark ${args[0]}`,
    cwd,
    args: [...Child.tidemark, ...args, "--quiet"]
  })
  yield* say("Storing the candles of SPY …")
  yield* Child.measure(
    tidemark(
      "backfill",
      "--symbols=SPY",
      "--source=synthetic",
      `--start=${dateBefore(days + leadDays)}`,
      `--end=${end}`
    )
  )
  yield* say(`Filling ${days} days of gamma …`)
  const filled = yield* Child.measure(
    tidemark("gamma", "backfill", "--symbol=SPY", `--start=${dateBefore(days)}`, `--end=${end}`, "--json")
  )
  const { inserted, slots } = JSON.parse(filled.stdout) as { readonly slots: number; readonly inserted: number }
  if (inserted !== slots) return yield* new BenchError({ detail: `${inserted} of ${slots} snapshots were stored` })
  const moments = Slots.of(calendar, { from: to - days * dayMillis, to }).map(({ at }) => at)
  const bare = yield* Filled.seconds(simulated(moments))
  const outcome: Outcome = {
    json: { snapshots: slots, contracts: bare.result, seconds: filled.seconds, simulating: bare.seconds },
    text: [
      "",
      tableOf(
        ["", "snapshots", "s"],
        [
          ["simulating the chains alone", `${moments.length}`, bare.seconds.toFixed(1)],
          ["tidemark gamma backfill, the whole process", `${slots}`, filled.seconds.toFixed(1)]
        ]
      ),
      `${Math.round(bare.result / moments.length)} contracts a chain, all of them stored`
    ],
    targets: [
      {
        name: `${slots} snapshots of simulated chains, stored`,
        value: filled.seconds,
        unit: "s",
        bound: "less than",
        limit: yearSecondsLimit
      }
    ]
  }
  return outcome
}, Effect.scoped)

export const run = Effect.fnUntraced(function* (options: Options) {
  const parts = { chain: yield* chain(options), year: yield* year(options) }
  const outcomes: ReadonlyArray<Outcome> = Object.values(parts)
  const outcome: Outcome = {
    json: { options, ...Object.fromEntries(Object.entries(parts).map(([name, { json }]) => [name, json])) },
    text: outcomes.flatMap(({ text }) => text),
    targets: outcomes.flatMap(({ targets }) => targets)
  }
  return outcome
})
