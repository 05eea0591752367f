/** Pictures of a gamma snapshot: exposure by strike, and over the spot. Pure. */
import type { Gamma } from "@tidemark/core"
import { Instant } from "@tidemark/core"
import type { Profile, Strikes } from "@tidemark/gamma"
import type * as Chart from "./Chart.ts"
import * as GammaView from "./GammaView.ts"

/** What is drawn of one snapshot. */
export interface Picture {
  readonly snapshot: Gamma.Snapshot
  /** Ascending. */
  readonly strikes: ReadonlyArray<Strikes.Strike>
  readonly profile: Pick<Profile.Profile, "spot" | "net">
}

/** Told apart without red and green. */
const colours = { call: "#4e9fd1", put: "#d1603d", net: "#222222", mark: "#555555" }

/** Strikes further from the spot than this share are not drawn: next to nothing lies there. */
const shownShare = 0.2

/** Exposure of each strike near the spot; of all where none is told. */
export const near = ({ snapshot: { spot }, strikes }: Pick<Picture, "snapshot" | "strikes">) =>
  strikes.filter(({ strike }) => spot === null || Math.abs(strike / spot - 1) <= shownShare)

/** In billions where that is more than a thousandth of one, else in millions. */
const unitOf = (values: ReadonlyArray<number>) => {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return largest >= 1e9 ? { name: "bn $", size: 1e9 } : { name: "m $", size: 1e6 }
}

const round = (value: number): number => Number(value.toPrecision(6))

/** Lines at prices that matter: one label each, on alternating heights so that near ones can be read. */
const marks = ({ callWall, flips, putWall, spot }: Gamma.Snapshot) => {
  const lines = [
    ...(spot === null ? [] : [{ name: `spot ${round(spot)}`, xAxis: spot, lineStyle: { type: "solid", width: 2 } }]),
    ...flips.map((flip) => ({ name: `flip ${round(flip)}`, xAxis: flip, lineStyle: { type: "dashed" } })),
    ...(callWall === null
      ? []
      : [{ name: `call wall ${callWall}`, xAxis: callWall, lineStyle: { color: colours.call } }]),
    ...(putWall === null ? [] : [{ name: `put wall ${putWall}`, xAxis: putWall, lineStyle: { color: colours.put } }])
  ]
  const ascending = lines.toSorted((a, b) => a.xAxis - b.xAxis)
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.mark, width: 1.2 },
    data: ascending.map(({ name, ...line }, i) => ({
      ...line,
      name,
      label: { formatter: name, position: "end", distance: 4 + 14 * (i % 3) }
    }))
  }
}

const frame = (title: string, { snapshot }: Picture, isInteractive: boolean) => ({
  animation: false,
  backgroundColor: "#ffffff",
  useUTC: true,
  textStyle: { fontFamily: "DejaVu Sans, sans-serif" },
  title: { text: `${snapshot.symbol} · ${title}`, subtext: subtitle(snapshot), left: "center" },
  grid: { left: 88, right: 48, top: 120, bottom: isInteractive ? 108 : 72 },
  ...(isInteractive
    ? { dataZoom: [{ type: "inside" }, { type: "slider", bottom: 8 }], tooltip: { trigger: "axis" } }
    : {})
})

const subtitle = ({ at, method, netGex, origin, source }: Gamma.Snapshot): string =>
  `${source}, ${origin}, ${method}, ${Instant.format(at)} · net ${GammaView.dollars(netGex)} for a move of 1 %`

const strikes = (picture: Picture, isInteractive: boolean) => {
  const rows = near(picture)
  const unit = unitOf(rows.flatMap(({ call, put }) => [call, put]))
  const pair = (value: (row: Strikes.Strike) => number) =>
    rows.map((row) => [row.strike, round(value(row) / unit.size)])
  const steps = rows.slice(1).map(({ strike }, i) => strike - rows[i]!.strike)
  const bar = (name: string, color: string, value: (row: Strikes.Strike) => number) => ({
    name,
    type: "bar",
    stack: "exposure",
    barMaxWidth: 14,
    barMinWidth: 1,
    itemStyle: { color },
    data: pair(value)
  })
  return {
    ...frame("gamma exposure by strike", picture, isInteractive),
    legend: { data: ["calls", "puts", "net"], bottom: isInteractive ? 44 : 8, itemGap: 28, selectedMode: false },
    xAxis: {
      type: "value",
      name: "strike",
      nameLocation: "middle",
      nameGap: 28,
      scale: true,
      // Without it the bars of the ends hang over the axis.
      ...(steps.length === 0
        ? {}
        : { min: rows[0]!.strike - Math.min(...steps), max: rows.at(-1)!.strike + Math.min(...steps) }),
      axisLabel: { showMinLabel: false, showMaxLabel: false },
      splitLine: { show: false }
    },
    yAxis: { type: "value", name: `${unit.name} for 1 %` },
    series: [
      { ...bar("calls", colours.call, ({ call }) => call), markLine: marks(picture.snapshot) },
      bar("puts", colours.put, ({ put }) => put),
      {
        name: "net",
        type: "line",
        showSymbol: false,
        lineStyle: { width: 1.2, color: colours.net },
        itemStyle: { color: colours.net },
        data: pair(({ call, put }) => call + put)
      }
    ]
  }
}

const profile = (picture: Picture, isInteractive: boolean) => {
  const { net, spot } = picture.profile
  const unit = unitOf([...net])
  return {
    ...frame("gamma exposure over the spot", picture, isInteractive),
    xAxis: {
      type: "value",
      name: "spot",
      nameLocation: "middle",
      nameGap: 28,
      min: round(spot[0]!),
      max: round(spot.at(-1)!),
      axisLabel: { showMinLabel: false, showMaxLabel: false },
      splitLine: { show: false }
    },
    yAxis: { type: "value", name: `${unit.name} for 1 %` },
    series: [
      {
        name: "net exposure",
        type: "line",
        showSymbol: false,
        lineStyle: { width: 1.6, color: colours.net },
        itemStyle: { color: colours.net },
        areaStyle: { color: colours.call, opacity: 0.15, origin: 0 },
        markLine: marks(picture.snapshot),
        data: Array.from(spot, (at, i) => [round(at), round(net[i]! / unit.size)])
      }
    ]
  }
}

/** Exposure by strike above, the profile below. */
export const charts = (picture: Picture): ReadonlyArray<Chart.Chart> => [
  { title: `${picture.snapshot.symbol} gamma exposure by strike`, option: (is) => strikes(picture, is) },
  { title: `${picture.snapshot.symbol} gamma exposure over the spot`, option: (is) => profile(picture, is) }
]
