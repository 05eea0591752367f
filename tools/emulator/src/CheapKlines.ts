/**
 * Klines that cost next to nothing, for load.
 *
 * A triangle wave of 8,192 rows repeats for ever. Its rows are printed once;
 * a chunk is a copy of their bytes with the digits of the two times written
 * over, so that one core serves millions of rows a second.
 */
import { Candles, type Interval } from "@tidemark/core"
import * as KlineText from "./KlineText.ts"

const period = 8_192
const digits = 13
/** First and last instants that have thirteen digits. */
const earliest = 1e12
const latest = 1e13 - 1
/** `[` stands before the open time. */
const openAt = 1
const comma = Buffer.from(",")

const pattern = (): Candles.Candles => {
  const wave = Candles.allocate(period, { quoteVolume: true, trades: true })
  const level = (i: number): number => {
    const at = i % period
    return 20_000 + Math.min(at, period - at) * 0.25 + (at % 7) * 0.01
  }
  const cents = (value: number): number => Math.round(value * 100) / 100
  for (let i = 0; i < period; i++) {
    const open = cents(level(i))
    const close = cents(level(i + 1))
    const volume = (1_000 + (i % 977)) / 100
    wave.open[i] = open
    wave.close[i] = close
    wave.high[i] = cents(Math.max(open, close) + 1 + (i % 5))
    wave.low[i] = cents(Math.min(open, close) - 1 - (i % 3))
    wave.volume[i] = volume
    wave.quoteVolume![i] = cents(volume * close)
    wave.trades![i] = 100 + (i % 900)
  }
  return wave
}

interface Template {
  readonly wave: Candles.Candles
  readonly text: KlineText.KlineText
  /** Of each row, how far its close time is from its start. */
  readonly closeAt: Uint16Array
}

let template: Template | undefined

/** Made once for all, when first needed. */
const templateOf = (): Template => {
  if (template !== undefined) return template
  const wave = pattern()
  wave.openTime.fill(earliest)
  const text = KlineText.print(wave, "1m")
  const closeAt = new Uint16Array(period)
  const mark = String(earliest + 60_000 - 1)
  for (let i = 0; i < period; i++) closeAt[i] = text.bytes.indexOf(mark, text.starts[i]) - text.starts[i]!
  template = { wave, text, closeAt }
  return template
}

const writeDigits = (bytes: Buffer, at: number, value: number): void => {
  // Two halves that fit 32 bits, for which division is far cheaper.
  let upper = Math.floor(value / 1_000_000)
  let lower = value - upper * 1_000_000
  for (let i = digits - 1; i >= 7; i--) {
    const rest = (lower / 10) | 0
    bytes[at + i] = 48 + lower - rest * 10
    lower = rest
  }
  for (let i = 6; i >= 0; i--) {
    const rest = (upper / 10) | 0
    bytes[at + i] = 48 + upper - rest * 10
    upper = rest
  }
}

export interface Cheap {
  readonly candles: (interval: Interval.Interval) => Candles.Candles
  readonly klines: (interval: Interval.Interval) => KlineText.KlineText
}

/** A row every `stepMillis` from 1970 on; throws a `RangeError` for an extent with instants of other than 13 digits. */
export const make = (extent: Interval.Interval, stepMillis: number): Cheap => {
  if (extent.from < earliest || extent.to + stepMillis > latest) {
    throw new RangeError("cheap klines exist from 2001-09-09T01:46:40Z to 2286-11-20")
  }
  const span = ({ from, to }: Interval.Interval) => {
    const start = Math.ceil(from / stepMillis)
    return { start, size: Math.max(0, Math.ceil(to / stepMillis) - start) }
  }
  const opens = (start: number, size: number): Float64Array => {
    const openTime = new Float64Array(size)
    for (let i = 0; i < size; i++) openTime[i] = (start + i) * stepMillis
    return openTime
  }
  return {
    candles: (interval) => {
      const { size, start } = span(interval)
      const indices = Uint32Array.from({ length: size }, (_, i) => (start + i) % period)
      return { ...Candles.pick(templateOf().wave, indices), openTime: opens(start, size) }
    },
    klines: (interval) => {
      const { size, start } = span(interval)
      if (size === 0) return KlineText.empty
      const { closeAt, text } = templateOf()
      const phase = start % period
      const starts = new Uint32Array(size + 1)
      const runs: Array<Buffer> = []
      let at = 0
      for (let done = 0; done < size;) {
        const first = (phase + done) % period
        const count = Math.min(size - done, period - first)
        const base = at - text.starts[first]!
        for (let i = 0; i < count; i++) starts[done + i] = base + text.starts[first + i]!
        at = base + text.starts[first + count]!
        runs.push(KlineText.slice(text, first, first + count), comma)
        done += count
      }
      starts[size] = at
      const bytes = Buffer.concat(runs.slice(0, -1))
      for (let i = 0; i < size; i++) {
        const row = starts[i]!
        const open = (start + i) * stepMillis
        writeDigits(bytes, row + openAt, open)
        writeDigits(bytes, row + closeAt[(phase + i) % period]!, open + stepMillis - 1)
      }
      return { openTime: opens(start, size), bytes, starts }
    }
  }
}
