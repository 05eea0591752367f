/** A picture of prices with bands of regimes, as an option of ECharts: data only, without functions. Pure. */
import { Instant } from "@tidemark/core"
import type * as Chart from "./Chart.ts"

export interface Picture {
  readonly title: string
  readonly openTime: Float64Array
  /** Until when each counts: before the next open where candles are missing between. */
  readonly ends: Float64Array
  readonly close: Float64Array
  /** One an open; `null` where there is none. */
  readonly labels: ReadonlyArray<string | null>
  /** All there can be, in the order of the legend. */
  readonly all: ReadonlyArray<string>
}

/** Told apart without red and green. */
const colours = ["#4e9fd1", "#d1603d", "#e6b422", "#9a8fb8", "#7f7f7f"]

/** Points that a picture of 1,200 pixels can show, and more. */
const mostPoints = 20_000

interface Band {
  readonly label: string
  readonly from: number
  readonly to: number
}

/** Opens of one label that follow one another. */
export const bands = ({
  ends,
  labels,
  openTime
}: Pick<Picture, "ends" | "labels" | "openTime">): ReadonlyArray<Band> => {
  const out: Array<Band> = []
  for (let row = 0; row < labels.length;) {
    let next = row + 1
    while (next < labels.length && labels[next] === labels[row] && ends[next - 1] === openTime[next]) next++
    const label = labels[row]!
    if (label !== null) out.push({ label, from: openTime[row]!, to: ends[next - 1]! })
    row = next
  }
  return out
}

/** Every n-th point of a history with more than a picture can show; the last one always. */
const points = ({ close, ends, openTime }: Picture): ReadonlyArray<readonly [number, number | null]> => {
  const step = Math.ceil(openTime.length / mostPoints)
  const out: Array<readonly [number, number | null]> = []
  for (let row = 0; row < openTime.length; row++) {
    if (row % step !== 0 && row !== openTime.length - 1) continue
    out.push([openTime[row]!, Number.isFinite(close[row]!) ? close[row]! : null])
    // The line ends where candles are missing.
    if (row + 1 < openTime.length && ends[row]! < openTime[row + 1]!) out.push([ends[row]!, null])
  }
  return out
}

/** Round prices of an axis from `low` to `high`: even steps, or 1, 2 and 5 of every power of ten where it spans many. */
export const ticks = (low: number, high: number): ReadonlyArray<number> => {
  const rounds = (power: number) => [1, 2, 5].map((digit) => digit * 10 ** power)
  const [least, most] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))]
  const all =
    high / low > 8
      ? Array.from({ length: most - least + 1 }, (_, i) => rounds(least + i)).flat()
      : evenly(low, high, (high - low) / 6)
  return all.filter((tick) => tick >= low && tick <= high).map((tick) => Number(tick.toPrecision(6)))
}

const evenly = (low: number, high: number, about: number): ReadonlyArray<number> => {
  const power = 10 ** Math.floor(Math.log10(about))
  const step = power * ([1, 2, 5].find((digit) => digit * power >= about) ?? 10)
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, i) => (first + i) * step)
}

const priceAxis = ({ close }: Picture) => {
  const prices = close.filter((price) => Number.isFinite(price) && price > 0)
  const [low, high] = [prices.reduce((a, b) => Math.min(a, b), Infinity), prices.reduce((a, b) => Math.max(a, b), 0)]
  if (!(high > low)) return { type: "value", scale: true, name: "close" }
  const [min, max] = [low * 0.98, high * 1.02]
  const customValues = ticks(min, max)
  return {
    type: "log",
    name: "close, log scale",
    min,
    max,
    axisLabel: { customValues },
    axisTick: { customValues },
    splitLine: { show: false }
  }
}

const subtitle = ({ openTime }: Picture): string =>
  openTime.length === 0
    ? "nothing is stored"
    : `${Instant.formatDate(openTime[0]!)} to ${Instant.formatDate(openTime.at(-1)!)}`

export const option = (picture: Picture, isInteractive: boolean) => {
  const ofLabel = Map.groupBy(bands(picture), ({ label }) => label)
  const present = picture.all.filter((label) => ofLabel.has(label))
  return {
    animation: false,
    backgroundColor: "#ffffff",
    useUTC: true,
    textStyle: { fontFamily: "DejaVu Sans, sans-serif" },
    title: { text: picture.title, subtext: subtitle(picture), left: "center" },
    legend: { data: present, bottom: isInteractive ? 44 : 8, icon: "rect", itemGap: 28, selectedMode: false },
    grid: { left: 72, right: 32, top: 72, bottom: isInteractive ? 108 : 72 },
    xAxis: { type: "time" },
    yAxis: priceAxis(picture),
    ...(isInteractive
      ? { dataZoom: [{ type: "inside" }, { type: "slider", bottom: 8 }], tooltip: { trigger: "axis" } }
      : {}),
    series: [
      {
        name: "close",
        type: "line",
        data: points(picture),
        showSymbol: false,
        lineStyle: { width: 1.2, color: "#222222" },
        itemStyle: { color: "#222222" },
        z: 3
      },
      ...present.map((label) => {
        const color = colours[picture.all.indexOf(label) % colours.length]!
        return {
          name: label,
          type: "line",
          data: [],
          lineStyle: { color },
          itemStyle: { color },
          markArea: {
            silent: true,
            itemStyle: { color, opacity: 0.35 },
            data: ofLabel.get(label)!.map(({ from, to }) => [{ xAxis: from }, { xAxis: to }])
          }
        }
      })
    ]
  }
}

/** A picture as a chart of its own. */
export const chart = (picture: Picture): Chart.Chart => ({
  title: picture.title,
  option: (isInteractive) => option(picture, isInteractive)
})
