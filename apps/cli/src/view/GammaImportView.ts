/** What `gamma import` did with a file of several moments, for people and for machines. Pure. */
import { type Gamma, Instant } from "@tidemark/core"
import type { Record, Resolve } from "@tidemark/gamma/history"
import { count, plural } from "./Format.ts"
import * as GammaRunView from "./GammaRunView.ts"
import { dollars } from "./GammaView.ts"
import { render } from "./Table.ts"

/** Rows that were left out, and the first of them in words. */
interface LeftOut {
  readonly rows: number
  readonly lines: ReadonlyArray<string>
}

/** Rows of a moment that are told one by one. */
export const { shown } = GammaRunView

/** What became of a moment. */
export interface Moment {
  readonly at: Instant.EpochMillis
  readonly state: Record.Kept["state"] | "failed"
  /** Of the chain; `null` where there is none. */
  readonly contracts: number | null
  /** Of those, the ones that its exposure is of. */
  readonly kept: number | null
  /** Dollars for a move of 1 %. */
  readonly netGex: number | null
  /** Why it failed, or why values are missing. */
  readonly reason: string | null
  /** Whether its row was there, and stays as it is. */
  readonly wasThere: boolean
  readonly remade: ReadonlyArray<Gamma.Method>
  readonly unreadable: LeftOut
}

export interface Imported {
  readonly symbol: string
  readonly file: string
  /** Ascending, each moment of the file once. */
  readonly moments: ReadonlyArray<Moment>
  readonly unplaced: LeftOut
  readonly resolved: Resolve.Resolved
}

/** A moment of which nothing was kept, and why. */
export const failed = (at: Instant.EpochMillis, reason: string): Moment => ({
  at,
  state: "failed",
  contracts: null,
  kept: null,
  netGex: null,
  reason,
  wasThere: false,
  remade: [],
  unreadable: { rows: 0, lines: [] }
})

const states = ["new", "there", "replaced", "failed"] as const satisfies ReadonlyArray<Moment["state"]>

const totalOf = ({ moments }: Imported, state: Moment["state"]): number =>
  moments.filter((moment) => moment.state === state).length

/** 1 where nothing is kept, 3 where something is missing. */
export const exitCode = (imported: Imported): number => {
  const { moments, unplaced } = imported
  if (totalOf(imported, "failed") === moments.length) return 1
  const isLacking = ({ netGex, unreadable }: Moment) => netGex === null || unreadable.rows > 0
  return unplaced.rows > 0 || moments.some(isLacking) ? 3 : 0
}

const listed = ({ lines, rows }: LeftOut): ReadonlyArray<string> => [
  ...lines.slice(0, shown).map((line) => `  ${line}`),
  ...(rows > shown ? [`  and ${count(rows - Math.min(shown, lines.length))} more`] : [])
]

/** Rows that no moment has. */
export const unplacedLines = (unplaced: LeftOut): ReadonlyArray<string> =>
  unplaced.rows === 0
    ? []
    : [
        `${plural(unplaced.rows, "row")} of the file ${unplaced.rows === 1 ? "belongs" : "belong"} to none of its moments:`,
        ...listed(unplaced)
      ]

const unreadableLines = ({ moments }: Imported): ReadonlyArray<string> => {
  const some = moments.filter(({ unreadable }) => unreadable.rows > 0)
  const rows = some.reduce((sum, { unreadable }) => sum + unreadable.rows, 0)
  if (rows === 0) return []
  return [
    `${plural(rows, "row")} of ${plural(some.length, "moment")} ${rows === 1 ? "is" : "are"} no contract:`,
    ...listed({ rows, lines: some.flatMap(({ unreadable }) => unreadable.lines) })
  ]
}

/** Each reason once: those that differ only in figures are one, told as of the first moment. */
const reasonLines = (moments: ReadonlyArray<Moment>): ReadonlyArray<string> =>
  [
    ...Map.groupBy(
      moments.filter(({ reason, netGex }) => reason !== null && netGex === null),
      ({ reason, state }) => `${state === "failed"} ${reason!.replaceAll(/\d+/g, "#")}`
    ).values()
  ].map((same) => {
    const [{ at, reason, state }] = same as [Moment]
    const what = state === "failed" ? "failed" : "without an exposure"
    const where =
      same.length === 1 ? Instant.format(at) : `${plural(same.length, "moment")}, the first ${Instant.format(at)}`
    return `${where}, ${what}: ${reason}`
  })

const none = "–"
const words = { new: "new", there: "already there", replaced: "replaced", failed: "failed" } as const

export const toText = (imported: Imported): string => {
  const { file, moments, resolved, symbol, unplaced } = imported
  const totals = [
    [totalOf(imported, "new"), "new"],
    [totalOf(imported, "there"), "already there"],
    [totalOf(imported, "replaced"), "replaced"],
    [totalOf(imported, "failed"), "failed"]
  ] as const
  const remade = [...new Set(moments.flatMap((moment) => moment.remade))]
  return [
    `${symbol}: ${plural(moments.length, "moment")} of ${file}: ` +
      totals.flatMap(([value, what]) => (value === 0 ? [] : [`${count(value)} ${what}`])).join(", "),
    "",
    render(
      ["time (UTC)", "contracts", "kept", "net GEX for 1 %", "chain"],
      moments.map(({ at, contracts, kept, netGex, state }) => [
        Instant.format(at),
        contracts === null ? none : count(contracts),
        kept === null ? none : count(kept),
        dollars(netGex),
        words[state]
      ]),
      { right: [1, 2, 3] }
    ),
    "",
    ...reasonLines(moments),
    ...unreadableLines(imported),
    ...unplacedLines(unplaced),
    ...GammaRunView.resolvedLines(resolved),
    ...(remade.length === 0 ? [] : [`Made anew of these chains too: the rows by ${remade.join(" and ")}.`])
  ]
    .join("\n")
    .trimEnd()
}

const leftOutJson = ({ lines, rows }: LeftOut) => ({ rows, first: lines })

export const toJson = (imported: Imported) => ({
  symbol: imported.symbol,
  source: "file",
  totals: Object.fromEntries(states.map((state) => [state, totalOf(imported, state)])),
  moments: imported.moments.map((moment) => ({
    timestamp: Instant.format(moment.at),
    chain: moment.state,
    contracts: moment.contracts,
    kept: moment.kept,
    net_gex: moment.netGex,
    reason: moment.reason,
    was_there: moment.wasThere,
    remade: moment.remade,
    unreadable: leftOutJson(moment.unreadable)
  })),
  unplaced: leftOutJson(imported.unplaced),
  outcomes: GammaRunView.resolvedJson(imported.resolved)
})
