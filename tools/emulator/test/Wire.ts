/** What the tests ask of an emulator, and the candles that they give it. */
import { NodeHttpClient } from "@effect/platform-node"
import { Effect, type Layer } from "effect"
import { HttpClient } from "effect/http"
import { Candles } from "@tidemark/core"
import { Dataset, Emulator } from "@tidemark/emulator"

export const hour = 3_600_000
/** 2024-01-01T00:00Z */
export const start = 1_704_067_200_000

export const hours = (first: number, count: number): Array<number> =>
  Array.from({ length: count }, (_, i) => start + (first + i) * hour)

/** Hourly candles from `start`; `without`: indices that are missing. */
export const hourly = (options: {
  readonly rows: number
  readonly without?: ReadonlyArray<number>
  readonly symbol?: string
  readonly status?: string
}): Dataset.Dataset => {
  const kept = hours(0, options.rows).filter((_, i) => !(options.without ?? []).includes(i))
  const candles = Candles.allocate(kept.length)
  for (const [i, open] of kept.entries()) {
    candles.openTime[i] = open
    candles.open[i] = 100 + i
    candles.high[i] = 102.5 + i
    candles.low[i] = 99.123_456_78 + i
    candles.close[i] = 101 + i
    candles.volume[i] = 0.1 + i
  }
  return Dataset.fromCandles({
    symbol: options.symbol ?? "BTC/USDT",
    interval: "1h",
    status: options.status,
    candles
  })
}

export const client: Layer.Layer<HttpClient.HttpClient> = NodeHttpClient.layerUndici

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

/** The whole answer to a path of the emulator at hand; fails where the connection does. */
export const get = Effect.fnUntraced(function* (path: string) {
  const emulator = yield* Emulator
  const response = yield* HttpClient.get(`${emulator.url}${path}`)
  const answer: Answer = { status: response.status, headers: response.headers, text: yield* response.text }
  return answer
})

export type Row = ReadonlyArray<string | number | null>
export const rowsOf = (answer: Answer): ReadonlyArray<Row> => JSON.parse(answer.text) as ReadonlyArray<Row>

export const errorCode = (answer: Answer): number => (JSON.parse(answer.text) as { readonly code: number }).code

/** Waits until the emulator's figure is what it should become. */
export const until = (figure: Effect.Effect<number>, expected: number): Effect.Effect<void> =>
  Effect.flatMap(figure, (value) =>
    value === expected ? Effect.void : Effect.andThen(Effect.sleep(5), until(figure, expected))
  )
