/** What the tests of Massive ask of an emulator, and the shares that they give it. */
import { assert } from "@effect/vitest"
import { CorporateAction } from "@tidemark/core"
import { Emulator, Equity, Massive } from "@tidemark/emulator"
import { Effect } from "effect"
import { get } from "./Wire.ts"

export const minute = 60_000
export const now = Date.UTC(2024, 5, 3, 15, 10)

const dividend = (exDate: string, amount: number) =>
  new CorporateAction.Dividend({ exDate, amount, declared: exDate, recorded: exDate, paid: exDate })

export const apple = Equity.synthetic({
  symbol: "AAPL",
  actions: [
    dividend("2020-05-08", 0.82),
    dividend("2020-08-07", 0.82),
    new CorporateAction.Split({ exDate: "2020-08-31", from: 1, to: 4 })
  ]
})
const microsoft = Equity.synthetic({ symbol: "MSFT", actions: [dividend("2020-05-20", 0.51)] })

export const emulatorWith = (options: Massive.Options) =>
  Emulator.layer({
    datasets: [],
    equities: [microsoft, apple],
    providers: [Massive.providerWith(options)],
    now: () => now
  })
export const serving = Effect.provide(emulatorWith({}), { local: true })

export interface Bar {
  readonly t: number
  readonly o: number
  readonly h: number
  readonly l: number
  readonly c: number
  readonly v: number
}
export interface Body extends Readonly<Record<string, unknown>> {
  readonly status?: string
  readonly error?: string
  readonly message?: string
  readonly queryCount?: number
  readonly resultsCount?: number
  readonly next_url?: string
  readonly results?: ReadonlyArray<Bar & Readonly<Record<string, unknown>>>
}

export const ask = Effect.fnUntraced(function* (path: string, key = "k") {
  const mark = path.includes("?") ? "&" : "?"
  const { headers, status, text } = yield* get(`${path}${key === "" ? "" : `${mark}apiKey=${key}`}`)
  return { status, headers, text, body: JSON.parse(text) as Body }
})
export const range = (rest: string, ticker = "AAPL") => `/v2/aggs/ticker/${ticker}/range/${rest}`
export const bars = Effect.fnUntraced(function* (rest: string) {
  return (yield* ask(range(rest))).body.results ?? []
})
export const keysOf = (value: object | undefined) => Object.keys(value ?? {}).toSorted()
export const iso = (bar: Bar | undefined) => new Date(bar?.t ?? Number.NaN).toISOString().slice(0, 16)

/** Everything behind the links, each followed as it is, with the key put to it. */
export const follow = Effect.fnUntraced(function* (path: string) {
  const { url } = yield* Emulator
  const pages: Array<Body> = []
  for (let next: string | undefined = path; next !== undefined;) {
    const { body }: { readonly body: Body } = yield* ask(next)
    pages.push(body)
    if (body.next_url !== undefined) assert.isTrue(body.next_url.startsWith(`${url}${path.split(/\/range\/|\?/)[0]}`))
    const cursor = body.next_url?.split("cursor=")[1] ?? ""
    assert.notInclude(`${body.next_url} ${Buffer.from(cursor, "base64url").toString()}`, "apiKey")
    next = body.next_url?.slice(url.length)
  }
  return pages
})
