import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Gamma } from "@tidemark/core"
import { Traps } from "@tidemark/gamma"
import { Schema } from "effect"
import { random } from "../prices.ts"
import { type Cell, inputOf, type Scene } from "./scene.ts"

const signalOf = (scene: Scene): Gamma.Signal => Traps.Signals.of(inputOf(scene))

interface Case {
  readonly pattern: Gamma.Pattern
  readonly scene: Scene
  readonly direction: Gamma.Direction
  /** In percent. */
  readonly confidence: number
  readonly horizon: number
  /** Something that one of the reasons says. */
  readonly says: string
  /** What is no match any more, and why. */
  readonly broken: Readonly<Record<string, Scene>>
}

const [high, low, even] = [Array<number>(5).fill(80), Array<number>(5).fill(20), Array<number>(5).fill(50)]
const threeHigh = [80, 80, 80, 50, 50]
const threeLow = [20, 20, 20, 50, 50]
const far: Cell = [40, 90, -1e8]

const cases: ReadonlyArray<Case> = [
  {
    pattern: "GAMMA_SQUEEZE_CASCADE",
    scene: { net: -1e8, vix: [20, 24.2], volume: 2.1, rsi: even },
    direction: "volatile",
    confidence: 95,
    horizon: 1,
    says: "^VIX closed 21.00 % above the close before.",
    broken: {
      "an exposure above 0": { net: 1e8 },
      "a ^VIX that rose by less": { vix: [20, 23.9] },
      "no ^VIX": { vix: null },
      "less volume": { volume: 2 },
      "no volume": { volume: Number.NaN },
      "a score of 60": { rsi: high },
      "a score of -60": { rsi: low },
      "no score": { rsi: [50, 50, null, null, null] },
      "a day that is missing": { missing: 1 }
    }
  },
  {
    pattern: "FLIP_POINT_CRITICAL",
    scene: { spot: 451.2, flip: 449.85 },
    direction: "volatile",
    confidence: 90,
    horizon: 1,
    says: "Spot 451.20 lies 0.30 % above the flip at 449.85.",
    broken: {
      "a flip farther below": { flip: 448.9 },
      "a flip farther above": { flip: 453.5 },
      "no flip": { flip: null }
    }
  },
  {
    pattern: "POST_OPEX_REGIME_FLIP",
    scene: {
      net: -1.1e9,
      // Friday and Sunday; Monday is another week.
      cells: [
        [2, 110, 2.6e9],
        [4, 90, -2.6e9],
        [5, 110, 5e9]
      ]
    },
    direction: "volatile",
    confidence: 75,
    horizon: 5,
    says: "50.98 % of the gross exposure expires this week.",
    broken: {
      "less that expires": {
        cells: [
          [2, 110, 2.5e9],
          [4, 90, -2.5e9],
          [5, 110, 5e9]
        ]
      },
      "an exposure of 1bn": { net: -1e9 },
      "what expired yesterday": {
        cells: [
          [-1, 110, 2.6e9],
          [4, 90, -2.6e9],
          [5, 110, 5e9]
        ]
      }
    }
  },
  {
    pattern: "LIBERATION",
    scene: {
      cells: [
        [5, 102, 71],
        [6, 102, 29],
        [40, 102.5, 100],
        [40, 97, 100]
      ],
      rsi: threeHigh,
      range: 0.5
    },
    direction: "bullish",
    confidence: 91,
    horizon: 3,
    says: "71.00 % of the gamma of the call wall at 102.00 expires within 5 days.",
    broken: {
      "a wall farther away": {
        cells: [
          [5, 103.1, 71],
          [6, 103.1, 29]
        ]
      },
      "a strike below the spot": {
        cells: [
          [5, 99.9, 71],
          [6, 99.9, 29]
        ]
      },
      "less that expires soon": {
        cells: [
          [5, 102, 70],
          [6, 102, 30]
        ]
      },
      "two timeframes overbought": { rsi: [80, 80, 70, 50, 50] },
      "ranges that are as wide": { range: 0.8 }
    }
  },
  {
    pattern: "FALSE_FLOOR",
    scene: {
      cells: [
        [5, 95, -61],
        [6, 95, -29],
        [15, 95, -10]
      ],
      rsi: [20, 50, 50, 50, 50]
    },
    direction: "bearish",
    confidence: 68.8,
    horizon: 3,
    says: "29.00 % of the gamma of the put wall at 95.00 expires in 6 to 14 days.",
    broken: {
      "a wall farther away": {
        cells: [
          [5, 94.9, -61],
          [6, 94.9, -29],
          [15, 94.9, -10]
        ]
      },
      "less that expires soon": {
        cells: [
          [5, 95, -60],
          [6, 95, -29],
          [15, 95, -11]
        ]
      },
      "more that expires next": {
        cells: [
          [5, 95, -61],
          [14, 95, -30],
          [15, 95, -9]
        ]
      },
      "two timeframes oversold": { rsi: [20, 29, 50, 50, 50] },
      "too few RSIs": { rsi: [20, 50, null, null, null] }
    }
  },
  {
    pattern: "ZERO_DTE_PIN",
    // Next week is from Monday to Sunday.
    scene: {
      cells: [
        [0, 110, 26],
        [0, 90, -25],
        [5, 110, 60],
        [11, 90, -40],
        [12, 90, -400]
      ],
      rsi: threeLow,
      range: 0.5
    },
    direction: "neutral",
    confidence: 75,
    horizon: 1,
    says: "expires today",
    broken: {
      "less that expires today": {
        cells: [
          [0, 110, 25],
          [0, 90, -25],
          [5, 110, 60],
          [11, 90, -40]
        ]
      },
      "two timeframes oversold": { rsi: [20, 20, 30, 50, 50] },
      "ranges that are as wide": { range: 0.8 }
    }
  },
  {
    pattern: "DESTINATION",
    // |γ| 2bn, 65,000 contracts, two days left: 2 · 6.5 · 2 · 2
    scene: { cells: [[2, 102, 2e9, 65_000], far], rsi: threeHigh },
    direction: "bullish",
    confidence: 52,
    horizon: 5,
    says: "The magnet of 102.00 at the monthly expiry of 2024-02-16 is 52.0.",
    broken: {
      "two timeframes overbought": { rsi: [80, 80, 50, 50, 50] },
      "a weaker magnet": { cells: [[2, 102, 2e9, 62_500], far] },
      "another expiry": { cells: [[1, 102, 2e9, 65_000], far] },
      "a wall farther away": { cells: [[2, 103, 2e9, 65_000], far] }
    }
  },
  {
    pattern: "PIN_AT_CALL_WALL",
    scene: { cells: [[40, 101.9, 1e8], far], net: -1e8, rsi: [49, 79, 79, 79, 79] },
    direction: "neutral",
    confidence: 80,
    horizon: 3,
    says: "The RSI of 4 timeframes lies on the side of the score.",
    broken: {
      "a score of 48": { rsi: Array<number>(5).fill(74) },
      "two timeframes on its side": { rsi: [null, null, 49, 99, 99] },
      "a wall farther away": { cells: [[40, 102, 1e8], far] },
      "an exposure above 0": { net: 1e8 }
    }
  },
  {
    pattern: "PIN_AT_PUT_WALL",
    scene: { cells: [[40, 98.1, -1e8]], net: -1e8, rsi: [null, null, 24, 24, 24] },
    direction: "neutral",
    confidence: 60,
    horizon: 3,
    says: "The spot lies 1.90 % above the put wall at 98.10.",
    broken: {
      "a score of -48": { rsi: Array<number>(5).fill(26) },
      "two timeframes on its side": { rsi: [null, null, 51, 1, 1] },
      "a wall farther away": { cells: [[40, 98, -1e8]] },
      "an exposure above 0": { net: 1e8 }
    }
  },
  {
    pattern: "EXPLOSIVE_CONTINUATION",
    scene: { net: -1e8, previous: { callWall: 99.4 }, volume: 1.3, rsi: [60, 60, 60, 50, 50] },
    direction: "bullish",
    confidence: 75,
    horizon: 5,
    says: "Spot 100.00 lies 0.60 % above the call wall of 2024-02-14T15:00Z at 99.40.",
    broken: {
      "a wall that is nearer": { previous: { callWall: 99.5 } },
      "no wall before": { previous: { callWall: null } },
      "no snapshot before": { previous: null },
      "less volume": { volume: 1.2 },
      "an exposure above 0": { net: 1e8 }
    }
  },
  {
    pattern: "CAPITULATION_CASCADE",
    scene: { previous: { putWall: 100.6 }, volume: 2.2 },
    direction: "bearish",
    confidence: 77,
    horizon: 5,
    says: "The volume of the last day is 2.20 times the mean of the 20 days before.",
    broken: {
      "a wall that is nearer": { previous: { putWall: 100.5 } },
      "a wall below": { previous: { putWall: 99 } },
      "less volume": { volume: 2 }
    }
  },
  {
    pattern: "MEAN_REVERSION",
    scene: { rsi: Array<number>(5).fill(81) },
    direction: "bearish",
    confidence: 82,
    horizon: 5,
    says: "The RSI score is 62.0.",
    broken: { "a score of 60": { rsi: high }, "an exposure below 0": { net: -1e8 }, "no exposure": { net: null } }
  },
  {
    pattern: "SHORT_GAMMA_MOMENTUM",
    scene: { net: -0.6e9 },
    direction: "volatile",
    confidence: 68,
    horizon: 5,
    says: "Net exposure is -0.60bn dollars for a move of 1 %.",
    broken: { "an exposure of -0.5bn": { net: -0.5e9 }, "a score of 60": { rsi: high } }
  },
  {
    pattern: "NEUTRAL",
    scene: {},
    direction: "neutral",
    confidence: 50,
    horizon: 5,
    says: "No other pattern holds.",
    broken: {}
  }
]

describe("the patterns", () => {
  it("are all of them in the table of these tests, in their order", () => {
    assert.deepStrictEqual(
      cases.map(({ pattern }) => pattern),
      [...Gamma.Pattern.literals]
    )
  })

  for (const { broken, confidence, direction, horizon, pattern, says, scene } of cases) {
    it(`find ${pattern}`, () => {
      const signal = signalOf(scene)
      assert.strictEqual(signal.pattern, pattern, signal.reasons.join("\n"))
      assert.strictEqual(signal.direction, direction)
      assert.approximately(signal.confidence, confidence / 100, 1e-12)
      assert.strictEqual(signal.horizon, horizon)
      assert.include(signal.reasons.join("\n"), says)
    })
    for (const [what, change] of Object.entries(broken)) {
      it(`do not find ${pattern} with ${what}`, () => {
        assert.notStrictEqual(signalOf({ ...scene, ...change }).pattern, pattern)
      })
    }
  }

  it("turn against the score where prices have run too far down", () => {
    assert.strictEqual(signalOf({ rsi: Array<number>(5).fill(19) }).direction, "bullish")
  })

  const walls: ReadonlyArray<Cell> = [
    [40, 101, 1e8],
    [40, 99, -1e8]
  ]
  const both: ReadonlyArray<readonly [first: Gamma.Pattern, second: Gamma.Pattern, scene: Scene, without: Scene]> = [
    [
      "GAMMA_SQUEEZE_CASCADE",
      "FLIP_POINT_CRITICAL",
      { net: -1e8, vix: [20, 25], volume: 3, flip: 100.1 },
      { vix: [20, 20] }
    ],
    ["FLIP_POINT_CRITICAL", "POST_OPEX_REGIME_FLIP", { net: 2e9, flip: 100.1, cells: [[2, 110, 3e9]] }, { flip: null }],
    [
      "POST_OPEX_REGIME_FLIP",
      "LIBERATION",
      { net: 2e9, cells: [[2, 102, 3e9]], rsi: threeHigh, range: 0.5 },
      { net: 1e8 }
    ],
    [
      "LIBERATION",
      "FALSE_FLOOR",
      {
        cells: [
          [5, 102, 1e8],
          [5, 98, -1e8]
        ],
        rsi: threeHigh,
        range: 0.5
      },
      { range: 1 }
    ],
    ["FALSE_FLOOR", "ZERO_DTE_PIN", { cells: [[0, 98, -1e8]], rsi: threeHigh, range: 0.5 }, { rsi: threeLow }],
    [
      "ZERO_DTE_PIN",
      "DESTINATION",
      {
        cells: [
          [2, 102, 2e9, 1e5],
          [40, 102, 2e9, 1e5],
          [0, 90, -1e8]
        ],
        rsi: threeHigh,
        range: 0.5
      },
      { range: 1 }
    ],
    [
      "DESTINATION",
      "PIN_AT_CALL_WALL",
      { net: -1e8, cells: [[2, 101, 2e9, 1e5], far], rsi: high },
      { cells: [[2, 101, 2e9, 10], far] }
    ],
    ["PIN_AT_CALL_WALL", "PIN_AT_PUT_WALL", { net: -1e8, cells: walls, rsi: high }, { cells: walls.slice(1) }],
    [
      "PIN_AT_PUT_WALL",
      "EXPLOSIVE_CONTINUATION",
      { net: -1e8, cells: walls.slice(1), rsi: high, previous: { callWall: 98 }, volume: 1.5 },
      { rsi: even }
    ],
    [
      "EXPLOSIVE_CONTINUATION",
      "CAPITULATION_CASCADE",
      { net: -1e8, previous: { callWall: 99, putWall: 101 }, volume: 3 },
      { net: 1e8 }
    ],
    [
      "CAPITULATION_CASCADE",
      "MEAN_REVERSION",
      { previous: { putWall: 101 }, volume: 3, rsi: Array<number>(5).fill(85) },
      { volume: 1 }
    ],
    [
      "CAPITULATION_CASCADE",
      "SHORT_GAMMA_MOMENTUM",
      { net: -1e9, previous: { putWall: 101 }, volume: 3 },
      { volume: 1 }
    ]
  ]
  for (const [first, second, scene, without] of both) {
    it(`give way: ${first} comes before ${second}`, () => {
      assert.strictEqual(signalOf(scene).pattern, first)
      assert.strictEqual(signalOf({ ...scene, ...without }).pattern, second)
    })
  }
})

describe("the reasons of a signal", () => {
  it("say what could not be decided without a chain, once for all patterns that need one", () => {
    const signal = signalOf({ method: "model", cells: null, previous: {}, net: -0.6e9, vix: null, volume: 3 })
    assert.strictEqual(signal.pattern, "SHORT_GAMMA_MOMENTUM")
    assert.deepStrictEqual(signal.reasons, [
      "Net exposure is -0.60bn dollars for a move of 1 %.",
      "The RSI score is 0.0.",
      "GAMMA_SQUEEZE_CASCADE could not be decided: ^VIX is not stored.",
      "FLIP_POINT_CRITICAL, FALSE_FLOOR, EXPLOSIVE_CONTINUATION and CAPITULATION_CASCADE could not be decided: there is no option chain."
    ])
  })

  it("leave out what is decided, whatever else is not known", () => {
    // There is no ^VIX, but an exposure above 0 decides.
    assert.notInclude(signalOf({ vix: null }).reasons.join(), "^VIX")
  })

  it("say why a snapshot has no exposure, which RSIs are not known, and what a score needs", () => {
    const { pattern, reasons } = signalOf({
      net: null,
      spot: null,
      reason: "no price of the underlying",
      rsi: [50, null, null, null, 60],
      vix: [20]
    })
    assert.strictEqual(pattern, "NEUTRAL")
    assert.include(reasons.join("\n"), "the net exposure is not known")
    assert.include(reasons.join("\n"), "fewer than 3 RSIs are known")
    const empty = signalOf({ net: null, cells: [], reason: "no contract is kept" }).reasons.join("\n")
    assert.include(empty, "nothing of the option chain can be used")
    assert.include(reasons, "The RSI of 15m, 1h and 4h is not known: there are no candles before then.")
  })

  it("say why a day's figures are not known", () => {
    const reasonsOf = (scene: Scene) => signalOf({ net: -1e8, vix: [20, 25], volume: 3, ...scene }).reasons.join("\n")
    assert.include(reasonsOf({ missing: 1 }), "the last of the daily candles is missing")
    assert.include(reasonsOf({ missing: 2 }), "the last 2 of the daily candles of ^VIX are missing")
    assert.include(reasonsOf({ days: 12 }), "21 daily candles are needed, there are 12")
    assert.include(reasonsOf({ volume: Number.NaN }), "no volume is stored")
  })

  it("do not take a later snapshot for one before", () => {
    const input = inputOf({ net: -1e8, previous: { callWall: 99 }, volume: 1.5 })
    assert.strictEqual(Traps.Signals.of(input).pattern, "EXPLOSIVE_CONTINUATION")
    const later = { ...input, previous: { ...input.previous!, at: input.snapshot.at } }
    assert.strictEqual(Traps.Signals.of(later).pattern, "NEUTRAL")
    assert.include(Traps.Signals.of(later).reasons.join(), "is not one before")
  })
})

describe("the snapshot before", () => {
  const beyond: Scene = { net: -1e8, volume: 1.3, rsi: [60, 60, 60, 50, 50] }
  const of = (previous: NonNullable<Scene["previous"]>, more: Scene = {}) =>
    signalOf({ ...beyond, ...more, previous: { callWall: 99.4, ...previous } })

  it("counts where it is of the same session or of the one right before, by the calendar", () => {
    const yesterday = of({ at: "2024-02-13T15:00Z", session: "2024-02-13" })
    assert.strictEqual(yesterday.pattern, "EXPLOSIVE_CONTINUATION")
    // Tuesday after Presidents' Day's weekend, and the Friday before it.
    const input = inputOf({ ...beyond, previous: { callWall: 99.4, at: "2024-02-16T15:00Z", session: "2024-02-16" } })
    const snapshot = { ...input.snapshot, at: Date.parse("2024-02-20T17:00Z"), session: "2024-02-20" }
    assert.strictEqual(Traps.Signals.of({ ...input, snapshot }).pattern, "EXPLOSIVE_CONTINUATION")
    const always = { ...input, snapshot, calendar: Calendars.get("24/7") }
    assert.notStrictEqual(Traps.Signals.of(always).pattern, "EXPLOSIVE_CONTINUATION")
  })

  it("that is older tells no walls, and is named", () => {
    const old = of({ at: "2024-02-12T15:00Z", session: "2024-02-12" })
    assert.strictEqual(old.pattern, "NEUTRAL")
    assert.include(
      old.reasons,
      "EXPLOSIVE_CONTINUATION could not be decided: the last snapshot before is of 2024-02-12T15:00Z, more than a session ago."
    )
    const january = signalOf({ volume: 3, previous: { putWall: 130, at: "2024-01-12T15:00Z", session: "2024-01-12" } })
    assert.strictEqual(january.pattern, "NEUTRAL")
    assert.include(january.reasons.join(), "CAPITULATION_CASCADE could not be decided: the last snapshot before is of")
  })

  it("tells no walls where shares were split since: its strikes are in shares of then", () => {
    assert.strictEqual(of({}, { isSplitBetween: false }).pattern, "EXPLOSIVE_CONTINUATION")
    const split = of({}, { isSplitBetween: true })
    assert.strictEqual(split.pattern, "NEUTRAL")
    assert.include(
      split.reasons,
      "EXPLOSIVE_CONTINUATION could not be decided: shares were split since the snapshot of 2024-02-14T15:00Z."
    )
  })
})

describe("a signal of a snapshot of which nothing is known", () => {
  const nothing: Scene = { net: null, cells: null, rsi: Array<null>(5).fill(null), days: 0, vix: null, previous: null }

  it("is neutral without any confidence, and says that nothing could be decided", () => {
    const { confidence, pattern, reasons } = signalOf(nothing)
    assert.deepStrictEqual([pattern, confidence, reasons[0]], ["NEUTRAL", 0, "Nothing could be decided."])
    assert.notInclude(reasons, "No other pattern holds.")
  })

  it("has the confidence of the rule as soon as one pattern is decided", () => {
    // Volume decides the two that go on where prices have left a wall.
    const { confidence, pattern, reasons } = signalOf({ ...nothing, days: 21 })
    assert.deepStrictEqual([pattern, confidence, reasons[0]], ["NEUTRAL", 0.5, "No other pattern holds."])
  })
})

describe("any signal", () => {
  it.prop(
    "has a confidence from 0 to 1, reasons in whole sentences, and a score within its bounds",
    { seed: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1e9 })) },
    ({ seed }) => {
      const next = random(seed)
      const some = <A>(...values: ReadonlyArray<A>): A => values[Math.floor(next() * values.length)]!
      const signal = signalOf({
        spot: some(100, 100, null),
        net: some(null, (next() - 0.5) * 4e8, (next() - 0.5) * 1e11),
        flip: some(null, 100 + next() - 0.5, 90),
        method: some("recomputed", "vendor", "model"),
        cells: some(
          null,
          [],
          Array.from({ length: 40 }, (): Cell => [
            Math.floor(next() * 30),
            90 + Math.floor(next() * 20),
            (next() - 0.5) * 1e10,
            next() * 1e6
          ])
        ),
        previous: some(null, { callWall: 99, putWall: 80 }, { callWall: 120, putWall: 102 }, { net: null }),
        rsi: some(
          even,
          [1, 2, 3].map(() => 50 + 49 * next()),
          even.map(() => some(null, 100 * next())),
          high,
          low
        ),
        volume: some(next() * 10, 0, Number.NaN, 1e9),
        range: some(1, 0.2, 0),
        vix: some(null, [20, 30], [20], [20, 19]),
        missing: some(0, 0, 1, 5),
        days: some(21, 30, 3, 0)
      })
      assert.isTrue(signal.confidence >= 0 && signal.confidence <= 1)
      assert.isAbove(signal.reasons.length, 0)
      for (const reason of signal.reasons) assert.match(reason, /^\S.*\.$/)
      assert.notMatch(signal.reasons.join(), /NaN|Infinity|undefined|null|object/)
      assert.isTrue(signal.rsiScore === null || Math.abs(signal.rsiScore) <= 100)
      assert.strictEqual(
        signal.threshold !== null,
        signal.direction === "volatile" && !signal.reasons.join().includes("judged: ")
      )
    },
    { arbitrary: { runs: 500 } }
  )
})
