import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import { PointInTime } from "@tidemark/features"
import { SmcCompat, SmcPit } from "@tidemark/regime/structure"
import { Effect, Schema } from "effect"
import { candles, isClean, of, path } from "./market.ts"

const size = 400
const swingLength = 3
const Row = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: size }))
const Seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

const events = (rows: Candles.Candles) => SmcPit.events(rows, { swingLength })
const ofKind = <Kind extends SmcPit.Event["kind"]>(all: ReadonlyArray<SmcPit.Event>, kind: Kind) =>
  all.filter((event): event is Extract<SmcPit.Event, { kind: Kind }> => event.kind === kind)

/** What is left of breaks in the end. */
const standing = (all: ReadonlyArray<SmcPit.Event>) => {
  const found = new Map<number, string>()
  for (const event of all) {
    if (event.kind === "break") {
      assert.isFalse(found.has(event.row), `row ${event.row} is told twice`)
      found.set(event.row, `${event.direction} ${event.pattern} of ${event.row} by ${event.broken}`)
    }
    if (event.kind === "break-superseded") {
      assert.isTrue(found.delete(event.row), `row ${event.row} was not told`)
      const told = all.find((one) => one.kind === "break" && one.row === event.row)
      assert.isBelow(told!.knownAfter, event.knownAfter, `row ${event.row} is told and superseded at once`)
    }
  }
  return [...found.values()].toSorted()
}

/** Order blocks and what becomes of them, in the words of their definition. */
const blocksAsWritten = ({ close, high, low }: Candles.Candles, all: ReadonlyArray<SmcPit.Event>) => {
  const found: Array<ReadonlyArray<unknown>> = []
  for (const [side, direction, sign] of [
    ["high", "bullish", 1],
    ["low", "bearish", -1]
  ] as const) {
    // Upside down where it is bearish.
    const tops = (sign === 1 ? high : low).map((value) => sign * value)
    const bottoms = (sign === 1 ? low : high).map((value) => sign * value)
    const swings = ofKind(all, "swing").filter((swing) => swing.side === side)
    const crossed = new Set<number>()
    const made = new Set<number>()
    for (let row = 0; row < size; row++) {
      const swing = swings.findLast(({ knownAfter }) => knownAfter <= row + 1)
      if (swing === undefined || crossed.has(swing.row) || sign * close[row]! <= tops[swing.row]!) continue
      crossed.add(swing.row)
      const between = bottoms.subarray(swing.row + 1, row)
      const at = swing.row + 1 + between.lastIndexOf(Math.min(...between))
      // It is one already, made by the swing that this one took the place of.
      if (made.has(at)) continue
      made.add(at)
      found.push(["order-block", direction, at, row, high[at], low[at]])
      const mitigated = bottoms.findIndex((value, i) => i > row && value < bottoms[at]!)
      if (mitigated < 0) continue
      found.push(["order-block-mitigated", direction, at, mitigated, high[at], low[at]])
      const invalid = tops.findIndex((value, i) => i > mitigated && value > tops[at]!)
      if (invalid >= 0) found.push(["order-block-invalidated", direction, at, invalid, high[at], low[at]])
    }
  }
  return found.map((one) => one.join()).toSorted()
}

const liquidityOptions = { swingLength, liquidityPart: 0.05, liquidityCandles: 60 }

/** Liquidity in the words of its definition: swings by the first one's band, and the candle beyond it. */
const liquidityAsWritten = ({ high, low }: Candles.Candles, all: ReadonlyArray<SmcPit.Event>) => {
  const found: Array<ReadonlyArray<unknown>> = []
  for (const side of ["high", "low"] as const) {
    const swings = ofKind(all, "swing").filter((swing) => swing.side === side)
    let groups: Array<{ members: Array<SmcPit.Swing>; reach: number }> = []
    for (let row = 0; row < size; row++) {
      const isSwept = ({ members, reach }: (typeof groups)[number]) =>
        side === "high" ? high[row]! >= members[0]!.level + reach : low[row]! <= members[0]!.level - reach
      const tell = (kind: string, members: ReadonlyArray<SmcPit.Swing>) => {
        const mean = members.reduce((sum, { level }) => sum + level, 0) / members.length
        found.push([kind, side, members[0]!.row, row, members.at(-1)!.row, members.length, mean])
      }
      for (const group of groups.filter(isSwept)) if (group.members.length > 1) tell("liquidity-swept", group.members)
      groups = groups.filter((group) => !isSwept(group))
      const swing = swings.find(({ knownAfter }) => knownAfter === row + 1)
      if (swing === undefined) continue
      const replaced = groups.find(({ members }) => members.at(-1)!.row === swing.replaces)
      if (replaced !== undefined) {
        replaced.members.pop()
        if (replaced.members.length > 0) {
          replaced.members.push(swing)
          tell("liquidity", replaced.members)
          continue
        }
        groups = groups.filter((group) => group !== replaced)
      }
      const from = Math.max(0, row - 59)
      const range = Math.max(...high.subarray(from, row + 1)) - Math.min(...low.subarray(from, row + 1))
      const joined = groups.find(
        ({ members: [first], reach }) =>
          first!.knownAfter > swing.knownAfter - 60 && Math.abs(first!.level - swing.level) <= reach
      )
      if (joined === undefined) groups.push({ members: [swing], reach: 0.05 * range })
      else {
        joined.members.push(swing)
        tell("liquidity", joined.members)
      }
    }
  }
  return found.map((one) => one.join()).toSorted()
}

describe("structure point in time", () => {
  it.effect.prop(
    "is the same with and without the future",
    { seed: Seed, cut: Row },
    ({ cut, seed }) =>
      Effect.sync(() => {
        const rows = candles(size, seed)
        assert.isUndefined(PointInTime.leak(size, (end) => events(Candles.slice(rows, 0, end)), [cut]))
      }),
    { arbitrary: { runs: 300 } }
  )

  it.effect.prop(
    "does not depend on the batches that candles come in",
    { seed: Seed, cuts: Schema.Array(Row) },
    ({ cuts, seed }) =>
      Effect.sync(() => {
        const rows = candles(size, seed)
        const run = new SmcPit.Run({ swingLength })
        const ends = [0, ...cuts.toSorted((a, b) => a - b), size]
        const batches = ends.slice(1).map((end, i) => run.push(Candles.slice(rows, ends[i]!, end)))
        assert.deepStrictEqual(batches.flat(), events(rows))
      }),
    { arbitrary: { runs: 50 } }
  )

  it("as the reference marks it, in the row it is about, is found to look ahead", () => {
    const rows = candles(size, 11)
    const marked = (end: number) => {
      const known = Candles.slice(rows, 0, end)
      const swings = SmcCompat.Swings.of(known, swingLength)
      const breaks = SmcCompat.Breaks.of(known, swings)
      const gaps = SmcCompat.FairValueGaps.of(known)
      return Array.from({ length: end }, (_, row) => ({
        knownAfter: row + 1,
        swing: swings.direction[row],
        bos: breaks.bos[row],
        gap: gaps.direction[row]
      }))
    }
    const cuts = Array.from({ length: 200 }, (_, i) => 2 * i)
    for (const column of ["swing", "bos", "gap"] as const) {
      const compute = (end: number) => marked(end).map(({ knownAfter, [column]: value }) => ({ knownAfter, value }))
      assert.isDefined(PointInTime.leak(size, compute, cuts), column)
    }
  })

  it("that is told a candle too early is found to look ahead", () => {
    const rows = candles(size, 12)
    const early = (end: number) =>
      events(Candles.slice(rows, 0, end)).map((event) => ({ ...event, knownAfter: event.knownAfter - 1 }))
    assert.isDefined(
      PointInTime.leak(
        size,
        early,
        Array.from({ length: 200 }, (_, i) => 2 * i)
      )
    )
  })

  it.effect.prop(
    "comes to the same in the end as the reference, but for its artificial swings",
    { seed: Seed },
    ({ seed }) =>
      Effect.sync(() => {
        const rows = candles(size, seed)
        const all = events(rows)
        const swings = SmcCompat.Swings.of(rows, swingLength)
        const marked = [...swings.direction.keys()].filter((row) => swings.direction[row] !== 0)
        const told = new Map<number, number>()
        for (const { level, replaces, row } of ofKind(all, "swing")) {
          if (replaces !== null) assert.isTrue(told.delete(replaces))
          told.set(row, level)
        }
        assert.deepStrictEqual(
          [...told],
          marked.slice(1, -1).map((row) => [row, swings.level[row]!])
        )

        const inner = { direction: swings.direction.slice(), level: swings.level }
        inner.direction[0] = 0
        inner.direction[size - 1] = 0
        const breaks = SmcCompat.Breaks.of(rows, inner)
        const expected = marked.flatMap((row) => {
          const [bos, choch] = [breaks.bos[row]!, breaks.choch[row]!]
          if (bos === 0 && choch === 0) return []
          const direction = bos + choch === 1 ? "bullish" : "bearish"
          return [`${direction} ${bos === 0 ? "choch" : "bos"} of ${row} by ${breaks.broken[row]}`]
        })
        assert.deepStrictEqual(standing(all), expected.toSorted())

        const gaps = SmcCompat.FairValueGaps.of(rows)
        const mitigated = new Map(
          ofKind(all, "fair-value-gap-mitigated").map(({ knownAfter, row }) => [row, knownAfter - 1])
        )
        const gapRows = [...gaps.direction.keys()].filter((row) => gaps.direction[row] !== 0)
        assert.deepStrictEqual(
          ofKind(all, "fair-value-gap").map(({ bottom, row, top }) => [row, top, bottom, mitigated.get(row) ?? 0]),
          gapRows.map((row) => [row, gaps.top[row], gaps.bottom[row], gaps.mitigated[row]])
        )
      }),
    { arbitrary: { runs: 100 } }
  )
})

describe("order blocks and liquidity point in time", () => {
  it.effect.prop(
    "are what their definitions say",
    { seed: Seed },
    ({ seed }) =>
      Effect.sync(() => {
        const rows = candles(size, seed)
        const all = SmcPit.events(rows, liquidityOptions)
        const blocks = all.flatMap((event) =>
          event.kind === "order-block" ||
          event.kind === "order-block-mitigated" ||
          event.kind === "order-block-invalidated"
            ? [[event.kind, event.direction, event.row, event.knownAfter - 1, event.top, event.bottom].join()]
            : []
        )
        assert.deepStrictEqual(blocks.toSorted(), blocksAsWritten(rows, all))
        const liquidity = all.flatMap((event) =>
          event.kind === "liquidity" || event.kind === "liquidity-swept"
            ? [[event.kind, event.side, event.row, event.knownAfter - 1, event.end, event.swings, event.level].join()]
            : []
        )
        assert.deepStrictEqual(liquidity.toSorted(), liquidityAsWritten(rows, all))
        assert.isAbove(Math.min(blocks.length, liquidity.length), 0)
      }),
    { arbitrary: { runs: 100 } }
  )
})

describe("an order block", () => {
  it("is no candle twice, though a swing is crossed and the one in its place as well", () => {
    // One of the few markets in which that happens.
    const blocks = ofKind(SmcPit.events(candles(size, 231), { swingLength: 8 }), "order-block")
    assert.isAbove(blocks.length, 5)
    assert.strictEqual(new Set(blocks.map(({ direction, row }) => `${direction} ${row}`)).size, blocks.length)
  })
})

/** Up to 110, back to 104, up to 120, down to 103, and up again: a candle at a time. */
const turns = path(
  [
    [100, 102, 104, 106, 108, 110],
    [108, 106, 104],
    [106, 108, 109, 112, 116, 120],
    [116, 112, 108, 105, 103],
    [107, 111, 115, 119]
  ].flat()
)

describe("an event", () => {
  const all = SmcPit.events(turns, { swingLength: 2 })
  const at = (event: SmcPit.Event) => event.knownAfter - 1

  it("of a swing is there as many candles later as a swing is long, and replaced by one further out", () => {
    assert.deepStrictEqual(
      ofKind(all, "swing").map((event) => [event.side, event.level, event.row, at(event), event.replaces]),
      [
        ["high", 110.25, 5, 7, null],
        ["low", 103.75, 8, 10, null],
        ["high", 120.25, 14, 16, null],
        ["low", 102.75, 19, 21, null]
      ]
    )
    // Highs of which the second is further out, and lows that only rise.
    const highs = [1, 2, 3, 4, 9, 4, 4, 4, 10, 5, 5, 5, 5, 5]
    const rising = of(highs.map((high, i) => [99, 110 + high, 90 + i / 10, 100]))
    assert.deepStrictEqual(
      ofKind(SmcPit.events(rising, { swingLength: 2 }), "swing").map(({ replaces, row }) => [row, replaces]),
      [
        [4, null],
        [8, 4]
      ]
    )
  })

  it("of a break is there when its fourth swing is, though the close beyond was before", () => {
    const [turn] = ofKind(all, "break")
    assert.deepInclude(turn, {
      pattern: "choch",
      direction: "bearish",
      level: 103.75,
      row: 8,
      broken: 19,
      knownAfter: 22
    })
    const longer = path([104, 102, 100, 98, 96, 94, 92].concat([...turns.close]))
    const [found] = ofKind(SmcPit.events(longer, { swingLength: 2 }), "break")
    assert.deepInclude(found, {
      pattern: "bos",
      direction: "bullish",
      level: 110.25,
      row: 12,
      broken: 19,
      knownAfter: 24
    })
  })

  it("of an order block follows the close beyond the swing; then it is mitigated, then invalid", () => {
    const blocks = all.filter(({ kind }) => kind.startsWith("order-block"))
    assert.deepStrictEqual(
      blocks.map((event) => [event.kind, event.row, at(event)]),
      [
        ["order-block", 9, 12],
        ["order-block-mitigated", 9, 19],
        ["order-block", 15, 19],
        ["order-block-invalidated", 9, 20]
      ]
    )
    assert.deepInclude(blocks[0], {
      direction: "bullish",
      top: 106.25,
      bottom: 103.75,
      swing: 5,
      volume: 30,
      percentage: 50
    })
  })

  it("of liquidity is there with the second swing, and again with a third; then it is swept", () => {
    const legs = [
      100, 104, 108, 110, 108, 106, 104, 106, 108, 110.125, 108, 106, 104, 107, 110, 108, 106, 104, 108, 112, 113
    ]
    const found = SmcPit.events(path(legs), { swingLength: 2, liquidityPart: 0.02 }).filter(
      (event) => event.kind.startsWith("liquidity") && "side" in event && event.side === "high"
    )
    assert.deepStrictEqual(
      found.map((event) => [event.kind, event.row, at(event), "end" in event && event.end]),
      [
        ["liquidity", 3, 11, 9],
        ["liquidity", 3, 16, 14],
        ["liquidity-swept", 3, 19, 14]
      ]
    )
  })

  it("has a sentence of its own", () => {
    const { openTime } = turns
    const sentences = all.map((event) => SmcPit.describe(event, openTime))
    assert.include(sentences, "swing high 110.25 of 2024-01-01T05:00Z")
    assert.include(
      sentences,
      "bullish order block 103.75 to 106.25 of 2024-01-01T09:00Z, from which 2024-01-01T12:00Z crossed the swing of 2024-01-01T05:00Z"
    )
    assert.include(
      sentences,
      "bullish order block 103.75 to 106.25 of 2024-01-01T09:00Z mitigated by 2024-01-01T19:00Z"
    )
  })
})

describe("a market without events", () => {
  it("is one of no candle, one candle, or prices that stand still", () => {
    assert.deepStrictEqual(SmcPit.events(of([])), [])
    assert.deepStrictEqual(SmcPit.events(of([[1, 2, 0.5, 1.5]])), [])
    const still = SmcPit.events(of(Array.from({ length: 100 }, () => [5, 5, 5, 5])))
    assert.deepStrictEqual(
      still.map(({ kind }) => kind),
      ["swing"]
    )
  })

  it("goes on over candles that are none as if they were not there, and counts their rows", () => {
    const rows = candles(size, 5)
    const keep = Array.from({ length: size }, (_, row) => row).filter((row) => ![40, 41, 150, 399].includes(row))
    const broken = { ...rows, high: rows.high.slice(), close: rows.close.slice(), volume: rows.volume.slice() }
    for (const row of [40, 41, 150, 399])
      broken[row === 41 ? "close" : "high"][row] = row === 150 ? Infinity : Number.NaN
    const all = events(broken)
    assert.isTrue(isClean(all))
    const without = events(Candles.pick(rows, keep))
    assert.deepStrictEqual(
      all.map(({ kind, row }) => [kind, row]),
      without.map(({ kind, row }) => [kind, keep[row]])
    )
    broken.volume.fill(Number.NaN)
    const blocks = ofKind(events(broken), "order-block")
    assert.isTrue(blocks.length > 0 && blocks.every(({ percentage, volume }) => volume === 0 && percentage === 100))
  })
})
