/** Gamma histories on an own database: of simulated chains, of kept ones, by a model; and what of them is told when. */
import { assert, describe, it } from "@effect/vitest"
import {
  ActionStore,
  Candles,
  CorporateAction,
  Gamma,
  type Interval,
  OptionChain,
  type Timeframe
} from "@tidemark/core"
import { Analysis } from "@tidemark/gamma"
import { GammaBackfill, Prices, Record, Simulator, Slots, Underlying } from "@tidemark/gamma/history"
import { Effect } from "effect"
import { newYork } from "../chains.ts"
import { snapshotOf } from "../traps/scene.ts"
import { appliedBy, find, now, onStore, simulator, store, symbol } from "./stored.ts"

const at = (text: string): number => Date.parse(text)
const candles: Interval.Interval = { from: at("2024-01-02"), to: now }
/** Ten sessions. */
const interval: Interval.Interval = { from: at("2024-05-20"), to: at("2024-06-04") }
const slots = Slots.of(newYork, interval)

const run = Effect.fnUntraced(function* (options: Partial<GammaBackfill.Options<never, never>> = {}) {
  return yield* GammaBackfill.run({
    symbol,
    calendar: newYork,
    interval,
    method: "recomputed",
    force: false,
    appliedBy,
    simulator: yield* simulator,
    ...options
  })
})

const everything = Effect.gen(function* () {
  const gamma = yield* Gamma.GammaStore
  const of = { symbols: [symbol] }
  return { rows: yield* gamma.snapshots(of), days: yield* gamma.daily(of), signals: yield* gamma.signals(of) }
})

/** Candles of the generator that open from a moment on, at other prices. */
const otherSince =
  (moment: number) =>
  (all: Candles.Candles, timeframe: Timeframe.Timeframe): Candles.Candles => {
    const price = (column: Float64Array) =>
      column.map((value, row) => (newYork.closeOf(timeframe, all.openTime[row]!) > moment ? value * 1.4 : value))
    return { ...all, open: price(all.open), high: price(all.high), low: price(all.low), close: price(all.close) }
  }

describe("a gamma history of simulated prices", () => {
  onStore(
    "has four rows a session, of the chain at each slot; a day a session; a signal a row; and the same again",
    Effect.gen(function* () {
      yield* store(candles)
      const outcome = yield* run()
      assert.deepInclude(outcome, { slots: 40, sessions: 10, origins: { synthetic: 40 }, unknown: [] })
      assert.deepStrictEqual(outcome.written, { inserted: 40, replaced: 0, kept: 0 })
      const first = yield* everything
      assert.deepStrictEqual(
        first.rows.map((row) => [row.at, row.session, row.origin, row.source, row.method]),
        slots.map((slot) => [slot.at, slot.session, "synthetic", "synthetic", "recomputed"])
      )
      assert.deepStrictEqual(
        first.signals.map(({ at }) => at),
        slots.map(({ at }) => at)
      )
      assert.deepStrictEqual(
        first.days.map(({ session, snapshots }) => [session, snapshots]),
        [...new Set(slots.map(({ session }) => session))].map((session) => [session, 4])
      )
      for (const day of first.days) {
        const own = first.rows.filter(({ session }) => session === day.session)
        assert.deepInclude(day, { openGex: own[0]!.netGex, closeGex: own[3]!.netGex, closePrice: own[3]!.spot })
      }
      const generator = yield* simulator
      const chain = yield* Simulator.chainAt(generator, slots[7]!.at)
      assert.deepStrictEqual(first.rows[7], Analysis.of(chain, { method: "recomputed", calendar: newYork }).snapshot)
      const again = yield* run()
      assert.deepInclude(again, { planned: { chain: 0, model: 0, simulate: 0, kept: 40, without: 0 } })
      assert.deepStrictEqual(yield* everything, first)
      const forced = yield* run({ force: true })
      assert.deepStrictEqual(forced.written, { inserted: 0, replaced: 40, kept: 0 })
      assert.deepStrictEqual(yield* everything, first)
    })
  )

  onStore(
    "goes on where it ended: in two parts it has the rows that it has in one",
    Effect.gen(function* () {
      yield* store(candles)
      const middle = at("2024-05-28")
      yield* run({ interval: { from: interval.from, to: middle } })
      yield* run({ interval: { from: middle, to: interval.to } })
      const parts = yield* everything
      yield* run({ force: true })
      assert.deepStrictEqual(yield* everything, parts)
    })
  )

  onStore(
    "keeps the chains that its rows are of, so that another method makes rows of the same",
    Effect.gen(function* () {
      yield* store(candles)
      yield* run()
      const chains = yield* OptionChain.OptionChainStore
      assert.lengthOf(yield* chains.list({ symbols: [symbol] }), 40)
      const outcome = yield* run({ method: "vendor" })
      assert.deepInclude(outcome.planned, { chain: 40, simulate: 0 })
      const { rows } = yield* everything
      assert.deepStrictEqual(new Set(rows.map(({ origin }) => origin)), new Set(["synthetic"]))
      assert.lengthOf(rows, 80)
    })
  )
})

describe("a gamma history of observed prices", () => {
  const observed = { source: "yahoo", provenance: "observed" } as const

  onStore(
    "is told by a model, which says that it was fitted on simulated chains; nothing that only a chain can show is",
    Effect.gen(function* () {
      yield* store(candles, observed)
      const outcome = yield* run()
      assert.deepInclude(outcome, { origins: { modelled: 40 } })
      const [model] = outcome.models
      assert.deepInclude(model, { fittedOn: "synthetic", source: "synthetic", symbol })
      assert.isAtMost(model!.to, at("2024-01-01"))
      const { rows } = yield* everything
      for (const row of rows) {
        assert.deepInclude(row, { method: "model", source: "yahoo", model: model!.id, flip: null, accounting: null })
        assert.deepInclude(row, { callWall: null, putWall: null, maxPain: null, atmVolatility: null })
        assert.isNumber(row.netGex)
      }
      const kept = yield* (yield* Gamma.GammaStore).models(symbol)
      assert.deepStrictEqual(kept, [model!])
    })
  )

  onStore(
    "uses kept chains where there are any, and a model of observed chains for the months after sixty sessions of them",
    Effect.gen(function* () {
      yield* store({ from: at("2023-10-02"), to: now }, observed)
      const generator = yield* simulator
      const whole = { from: at("2024-03-06"), to: interval.to }
      const all = Slots.of(newYork, whole)
      const looks = all.filter(({ session }, i) => session < "2024-06-01" && all[i + 1]?.session !== session)
      const before = looks.slice(0, 60)
      const chains = yield* OptionChain.OptionChainStore
      const keep = Effect.fnUntraced(function* (moment: number, source: string) {
        const chain = yield* Simulator.chainAt(generator, moment)
        yield* chains.keep([{ ...chain, source, provenance: "observed" }], now)
      })
      for (const slot of before) yield* keep(slot.at, "cboe")
      // Another look at the first session, which counts once; another source, newer than all of them, and too few.
      yield* keep(all[1]!.at, "cboe")
      assert.lengthOf(looks, 61)
      yield* keep(looks[60]!.at, "file")
      // And one that has as many, and older ones.
      const older = before.map(({ session }, i) => ({
        signal: undefined,
        snapshot: snapshotOf({ symbol, source: "polygon", at: all[4 * i]!.at, session, netGex: 1e9 * Math.sin(i) })
      }))
      yield* (yield* Gamma.GammaStore).write(older, { replace: false, at: now })
      const outcome = yield* run({ interval: whole })
      assert.deepInclude(outcome.origins, { "chain-observed": before.length + 2 })
      const { rows } = yield* everything
      const june = rows.filter(({ at: moment }) => moment >= at("2024-06-01"))
      const own = outcome.models.find(({ fittedOn }) => fittedOn === "chain-observed")
      assert.deepInclude(own, { rows: 60, from: before[0]!.at, to: before.at(-1)!.at, source: "cboe" })
      assert.isAbove(june.length, 0)
      for (const row of june) assert.strictEqual(row.model, own!.id)
      // In May there were those of March and April: too few.
      const may = rows.filter(({ at: moment, method }) => moment < at("2024-06-01") && method === "model")
      assert.isAbove(may.length, 0)
      for (const row of may) assert.notStrictEqual(row.model, own!.id)
      // Rows that another method is asked for beside do not change an estimate.
      yield* run({ interval: whole, method: "vendor", force: true })
      const modelled = (all: ReadonlyArray<Gamma.Snapshot>) => all.filter(({ method }) => method === "model")
      const again = new Map(modelled((yield* everything).rows).map((row) => [row.at, row]))
      for (const row of modelled(rows)) assert.deepStrictEqual(again.get(row.at), row)
    })
  )

  onStore(
    "uses no candle that had not closed: other prices from a moment on change nothing before it",
    Effect.gen(function* () {
      // In the middle of a session, between two slots.
      const moment = at("2024-05-29T17:00Z")
      yield* store(candles, { ...observed, change: otherSince(moment) })
      yield* store(candles, { ...observed, source: "polygon" })
      for (const source of ["yahoo", "polygon"]) yield* run({ force: true, source })
      const { rows, signals } = yield* everything
      const ofSource = <Row extends { source: string; at: number }>(all: ReadonlyArray<Row>, source: string) =>
        all.filter((row) => row.source === source && row.at <= moment).map((row) => ({ ...row, source: "either" }))
      assert.deepStrictEqual(ofSource(rows, "yahoo"), ofSource(rows, "polygon"))
      const told = ({ confidence, direction, pattern, price, reasons, rsi, threshold }: Gamma.Signal) => ({
        confidence,
        direction,
        pattern,
        price,
        reasons,
        rsi,
        threshold
      })
      assert.deepStrictEqual(ofSource(signals, "yahoo").map(told), ofSource(signals, "polygon").map(told))
      const after = (source: string) => rows.filter((row) => row.source === source && row.at > moment)
      assert.notDeepEqual(
        after("yahoo").map(({ spot }) => spot),
        after("polygon").map(({ spot }) => spot)
      )
    })
  )

  onStore(
    "has no price of before the last session: nothing old is put in its place",
    Effect.gen(function* () {
      yield* store({ from: candles.from, to: at("2024-05-29") }, observed)
      const { planned, unknown, without } = yield* run()
      const { rows, signals } = yield* everything
      const isLate = (moment: number) => moment >= at("2024-05-30")
      const late = slots.filter((slot) => isLate(slot.at))
      assert.isAbove(late.length, 0)
      assert.deepStrictEqual(
        rows.filter((row) => isLate(row.at)),
        []
      )
      assert.deepInclude(without, { slots: late.length, first: late[0]!.at })
      assert.match(without.why!, /closed at 2024-05-28T20:00Z, and a session has ended since: tidemark backfill/)
      assert.deepInclude(planned, { model: slots.length - late.length, without: late.length })
      assert.deepStrictEqual([rows.length, signals.length], [slots.length - late.length, rows.length])
      assert.deepStrictEqual(unknown, [])
    })
  )
})

describe("outcomes of signals", () => {
  onStore(
    "are told by the close that ends their horizon, and wait for it where it is not stored",
    Effect.gen(function* () {
      yield* store({ from: candles.from, to: at("2024-06-05") })
      const outcome = yield* run()
      assert.isAbove(outcome.resolved.told, 0)
      const pending = (yield* everything).signals.filter((signal) => signal.outcome === "pending")
      assert.isAbove(pending.length, 0)
      // Their time has come by the clock: what is missing are the candles.
      assert.deepStrictEqual(
        outcome.resolved.missing,
        [...new Set(pending.map(({ dueAt }) => dueAt))].toSorted((a, b) => a - b)
      )
      const [daily] = yield* Underlying.read((yield* find())!, { from: interval.from, to: now }, ["1d"])
      for (const signal of (yield* everything).signals) {
        if (signal.outcome === "pending") continue
        const row = daily!.candles.openTime.findIndex((open) => newYork.closeOf("1d", open) === signal.dueAt)
        assert.strictEqual(signal.outcomePrice, daily!.candles.close[row])
        assert.strictEqual(signal.move, signal.outcomePrice! / signal.price! - 1)
      }
      yield* store({ from: at("2024-06-05"), to: now })
      const later = yield* run()
      assert.deepStrictEqual(later.resolved.missing, [])
      assert.strictEqual(later.resolved.told, pending.length)
    })
  )
})

describe("a chain as it is shown", () => {
  onStore(
    "is kept with its row and its signal once; prices and the row before are those of its own time",
    Effect.gen(function* () {
      yield* store(candles, { source: "yahoo", provenance: "observed" })
      const generator = yield* simulator
      const chainAt = (moment: number) =>
        Effect.map(Simulator.chainAt(generator, moment), (chain) => ({
          ...chain,
          source: "cboe",
          provenance: "observed" as const
        }))
      const [one, two] = [yield* chainAt(slots[4]!.at), yield* chainAt(slots[5]!.at)]
      const options = { method: "recomputed", appliedBy } as const
      const first = yield* Record.run(one, options)
      assert.deepInclude(first, { wasThere: false })
      assert.deepInclude(first.analysis.snapshot, { origin: "chain-observed", spot: one.spot, spotAt: one.at })
      assert.lengthOf(
        first.signal!.rsi.filter((rsi) => rsi !== null),
        5
      )
      assert.isTrue((yield* Record.run(one, options)).wasThere)
      yield* Record.run(two, options)
      assert.lengthOf((yield* everything).rows, 2)
      const nameless = { ...(yield* chainAt(slots[6]!.at)), spot: Number.NaN }
      const { snapshot } = (yield* Record.run(nameless, options)).analysis
      const underlying = (yield* find())!
      const grids = yield* Underlying.read(underlying, { from: slots[6]!.at, to: slots[6]!.at + 1 })
      const price = Prices.at({ underlying, grids }, slots[6]!.at) as Prices.Price
      assert.deepInclude(snapshot, { spot: price.price, spotAt: price.at })
    })
  )

  onStore(
    "of an underlying without prices has a row, and a signal that says what could not be looked at",
    Effect.gen(function* () {
      const chain = yield* Simulator.chainAt(yield* simulator, slots[0]!.at)
      const { analysis, signal } = yield* Record.run(
        { ...chain, source: "file", provenance: "observed" },
        { method: "recomputed", appliedBy }
      )
      assert.isNumber(analysis.snapshot.netGex)
      assert.strictEqual(signal!.rsiScore, null)
      assert.match(signal!.reasons.join(" "), /no observed candles of SPY are stored/)
    })
  )
})

describe("what was observed", () => {
  onStore(
    "takes no price that was simulated: a chain without a spot stays without one",
    Effect.gen(function* () {
      yield* store(candles)
      const chain = yield* Simulator.chainAt(yield* simulator, slots[3]!.at)
      const told = { ...chain, source: "cboe", provenance: "observed" as const, spot: Number.NaN }
      yield* (yield* OptionChain.OptionChainStore).keep([told], now)
      yield* run()
      const { rows, signals } = yield* everything
      const row = rows.find(({ source }) => source === "cboe")
      assert.deepInclude(row, { origin: "chain-observed", spot: null, netGex: null })
      assert.isFalse(signals.some(({ source }) => source === "cboe"))
    })
  )

  onStore(
    "of a weekend belongs to no slot: Friday's last is that of its own session",
    Effect.gen(function* () {
      yield* store(candles)
      const generator = yield* simulator
      const sunday = at("2024-06-02T16:00Z")
      const chain = yield* Simulator.chainAt(generator, sunday)
      yield* (yield* OptionChain.OptionChainStore).keep([{ ...chain, source: "cboe", provenance: "observed" }], now)
      const { origins } = yield* run()
      assert.deepStrictEqual(origins, { synthetic: 40 })
    })
  )
})

describe("what is simulated", () => {
  onStore(
    "is told where prices are stored, and nowhere else",
    Effect.gen(function* () {
      yield* store({ from: at("2024-05-23"), to: now })
      const { origins, without } = yield* run()
      assert.deepStrictEqual(origins, { synthetic: 28 })
      assert.deepInclude(without, { slots: 12, first: slots[0]!.at })
      assert.match(without.why!, /no candle of SPY from synthetic closed before/)
    })
  )
})

describe("a price at a moment", () => {
  const grid = (timeframe: Timeframe.Timeframe, opens: ReadonlyArray<string>, close: ReadonlyArray<number>) => {
    const one = Candles.allocate(opens.length)
    one.openTime.set(opens.map(at))
    one.close.set(close)
    return { timeframe, candles: one }
  }
  const underlying: Underlying.Underlying = {
    symbol,
    source: "yahoo",
    provenance: "observed",
    calendar: newYork,
    stored: [],
    splits: [],
    isRescaled: false,
    isSplitUnknown: false
  }

  it("is the newest close of any timeframe, of the shortest where several closed at once; nothing old", () => {
    const grids = [
      grid("5m", ["2024-06-03T13:30Z", "2024-06-03T13:35Z"], [10, 11]),
      grid("1h", ["2024-06-03T13:30Z", "2024-06-03T14:30Z"], [20, 21]),
      grid("1d", ["2024-05-31T13:30Z"], [30])
    ]
    const price = (text: string) => Prices.at({ underlying, grids }, at(text))
    assert.deepStrictEqual(price("2024-06-03T13:34Z"), { price: 30, at: at("2024-05-31T20:00Z") })
    assert.deepStrictEqual(price("2024-06-03T13:35Z"), { price: 10, at: at("2024-06-03T13:35Z") })
    assert.deepStrictEqual(price("2024-06-03T14:29Z"), { price: 11, at: at("2024-06-03T13:40Z") })
    assert.deepStrictEqual(price("2024-06-03T14:30Z"), { price: 20, at: at("2024-06-03T14:30Z") })
    assert.match(price("2024-06-04T13:45Z") as string, /a session has ended since/)
    assert.match(price("2024-05-01T13:45Z") as string, /no candle of SPY from yahoo closed before/)
  })

  it("is told in the shares of its own day, whatever the source has applied; not where nobody knows of splits", () => {
    const split: Underlying.Underlying = { ...underlying, splits: [{ at: at("2024-06-04T13:30Z"), factor: 0.25 }] }
    const grids = [grid("1d", ["2024-06-03T13:30Z", "2024-06-04T13:30Z"], [100, 101])]
    for (const isRescaled of [true, false]) {
      const price = (text: string) => Prices.at({ underlying: { ...split, isRescaled }, grids }, at(text))
      assert.deepInclude(price("2024-06-03T20:00Z"), { price: 400 })
      assert.deepInclude(price("2024-06-04T20:00Z"), { price: 101 })
    }
    const unknown = { ...underlying, isRescaled: true, isSplitUnknown: true }
    assert.match(Prices.at({ underlying: unknown, grids }, at("2024-06-03T20:00Z")) as string, /tidemark actions fetch/)
  })
})

describe("splits", () => {
  const splitAt = "2024-05-29"
  const fetched = Effect.gen(function* () {
    yield* (yield* ActionStore.ActionStore).put({
      symbol,
      source: "yahoo",
      interval: { from: at("2020-01-01"), to: now },
      kinds: ["split", "dividend"],
      actions: [new CorporateAction.Split({ exDate: splitAt, from: 1, to: 4 })],
      at: now
    })
  })
  /** In shares of today from a source that rescales, as they were traded from one that does not. */
  const traded = (all: Candles.Candles): Candles.Candles => {
    const price = (column: Float64Array) =>
      column.map((value, row) => (all.openTime[row]! < at(splitAt) ? value * 4 : value))
    return { ...all, open: price(all.open), high: price(all.high), low: price(all.low), close: price(all.close) }
  }

  onStore(
    "between a signal and its outcome make no move, whether the source rescales or not",
    Effect.gen(function* () {
      yield* fetched
      const daily = { provenance: "observed", timeframes: ["1d"] } as const
      yield* store(candles, { source: "yahoo", ...daily })
      yield* store(candles, { source: "polygon", ...daily, change: traded })
      yield* run({ source: "yahoo", force: true, appliedBy: () => Effect.succeed("splits" as const) })
      yield* run({ source: "polygon", force: true, appliedBy: () => Effect.succeed("none" as const) })
      const { rows, signals } = yield* everything
      const of = <Row extends { source: string }>(all: ReadonlyArray<Row>, source: string) =>
        all.filter((row) => row.source === source)
      for (const [i, row] of of(rows, "yahoo").entries()) {
        const other = of(rows, "polygon")[i]!
        assert.approximately(row.spot!, other.spot!, 1e-9 * other.spot!)
        assert.approximately(row.netGex!, other.netGex!, 1e-6 * Math.abs(other.netGex!))
      }
      for (const [i, signal] of of(signals, "yahoo").entries()) {
        const other = of(signals, "polygon")[i]!
        assert.strictEqual(signal.outcome, other.outcome)
        if (signal.move !== null) {
          assert.isBelow(Math.abs(signal.move), 0.2)
          assert.approximately(signal.move, other.move!, 1e-9)
        }
      }
      assert.isTrue(of(signals, "yahoo").some(({ outcome }) => outcome !== "pending"))
    })
  )
})
