/** Requests that nobody means well with: any number of them from a seed, over every address of the API. */
import { Api } from "@tidemark/api"
import * as OpenApi from "effect/http-api/OpenApi"
import type { Asked } from "./serving.ts"

/** Numbers in [0, 1), the same from the same seed. */
const mulberry = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const evil: ReadonlyArray<string> = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\r\nx: y",
  "\u202e\u{1f600}ﬀ",
  "\u0130\u00df",
  "NaN",
  "Infinity",
  "-1",
  "0",
  "-0",
  "0.5",
  "1e999",
  "9".repeat(400),
  "9007199254740993",
  "2147483648",
  "0x10",
  "a".repeat(5_000),
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "' OR 1=1 --",
  '"; DROP TABLE candles; --',
  "$1",
  "{}",
  "[]",
  '{"$gt":""}',
  "null",
  "true",
  "undefined",
  "../../etc/passwd",
  "%",
  "%25",
  "*",
  ",",
  "A,".repeat(400),
  "0000-01-01",
  "9999-12-31",
  "1800-01-01",
  "1799-12-31",
  "2199-12-31T23:59:59.999Z",
  "2020-02-30",
  "2020-01-01T25:00Z",
  "2020-01-01T00:00+99:99",
  "1969-12-31T23:59:59.999Z"
]

/** What is right for a parameter, by its name. */
const good: Readonly<Record<string, ReadonlyArray<string>>> = {
  symbol: ["BTC/USDT", "btc/usdt", "ETH/USDT"],
  symbols: ["BTC/USDT", "BTC/USDT,ETH/USDT"],
  timeframe: ["1h", "1d", "4h"],
  timeframes: ["1h", "1h,1d", "1m"],
  resample: ["4h", "1d", "1w", "1M"],
  source: ["synthetic", "binance", "auto"],
  fill_from: ["synthetic", "binance"],
  actions_from: ["yahoo", "synthetic"],
  start: ["2020-01-01", "2020-01-10T05:00Z", "1800-01-01"],
  end: ["2020-01-20", "2020-02-01", "2199-01-01"],
  as_of: ["2020-01-01", "2100-01-01"],
  limit: ["1", "7", "1000"],
  adjust: ["none", "splits", "all"],
  include: ["synthetic", "modelled"],
  allow_gaps: ["true", "false"],
  layout: ["rows", "columns"],
  format: ["json", "csv", "arrow", "parquet"],
  counted: ["true", "false"],
  all: ["true"],
  causes: ["unfetched", "outage,no-trades"],
  kind: ["market", "structure", "jump"],
  profile: ["causal", "classic"],
  policy: ["calm", "none"],
  job: ["gaps", "quality"],
  name: ["gaps", "quality", "fuzz-a", "fuzz-b"],
  id: ["1", "2", "3", "abc"]
}

/** Bodies that are right, by method and address. */
const bodies: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "POST /api/v1/runs": { work: "backfill", symbols: ["BTC/USDT"], timeframes: ["1d"], days: 2, source: "synthetic" },
  "PUT /api/v1/jobs/{name}": { work: "gaps", cron: "0 0 1 1 *", time_zone: "UTC", settings: {}, is_paused: true },
  "PATCH /api/v1/jobs/{name}": { cron: "0 0 1 1 *", settings: { symbols: ["BTC/USDT"] } },
  "POST /api/v1/symbols": { symbol: "ETH/USDT", sources: ["synthetic"], listed: "2017-01-01", active: false },
  "PATCH /api/v1/symbols/{symbol}": {
    calendar: "24/7",
    sources: [{ source: "synthetic", symbol: "X" }],
    active: false
  },
  "POST /api/v1/keys": { name: "somebody", scope: "read" }
}

interface Operation {
  readonly method: string
  readonly path: string
  readonly query: ReadonlyArray<string>
}

interface Described {
  readonly parameters?: ReadonlyArray<{ readonly in: string; readonly name: string }>
}

const operations: ReadonlyArray<Operation> = Object.entries(OpenApi.fromApi(Api.Api).paths).flatMap(([path, methods]) =>
  Object.entries(methods as Record<string, Described>).map(([method, { parameters = [] }]) => ({
    method: method.toUpperCase(),
    path,
    query: parameters.flatMap((one) => (one.in === "query" ? [one.name] : []))
  }))
)

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A backfill that means anything means two days of a generated symbol. */
const small = (settings: unknown): unknown => {
  if (!isRecord(settings)) return settings
  const { days } = settings
  return {
    ...settings,
    source: typeof settings["source"] === "string" ? "synthetic" : (settings["source"] ?? "synthetic"),
    symbols: settings["symbols"] ?? ["BTC/USDT"],
    timeframes: settings["timeframes"] ?? ["1d"],
    ...(typeof days === "number" && days > 2 && days <= 36_525 ? { days: 2 } : {}),
    ...(typeof settings["start"] === "string" && /^(1|20)/.test(settings["start"]) ? { start: "2020-01-01" } : {}),
    ...(settings["start"] === undefined && days === undefined ? { days: 2 } : {})
  }
}

/** Nothing that would go to work on its own, or for long. */
const harmless = (path: string, body: unknown): unknown => {
  if (!isRecord(body)) return body
  if (path.startsWith("/api/v1/runs")) return small(body)
  if (!path.startsWith("/api/v1/jobs")) return body
  return {
    ...body,
    settings: small(body["settings"] ?? {}),
    is_paused: body["is_paused"] === false || body["is_paused"] === undefined ? true : body["is_paused"]
  }
}

export const from = (seed: number): (() => Asked) => {
  const random = mulberry(seed)
  const chance = (share: number) => random() < share
  const below = (bound: number) => Math.floor(random() * bound)
  const pick = <A>(from: ReadonlyArray<A>): A => from[below(from.length)]!
  const value = (name: string): string => (chance(0.7) ? pick(good[name] ?? evil) : pick(evil))
  const encoded = (text: string): string =>
    chance(0.95) ? encodeURIComponent(text.replaceAll(/\p{Cs}/gu, "?")) : text.replaceAll(/[^\u0021-\u00ff]/g, "%00")

  const queryOf = ({ query }: Operation): string => {
    const parts = query
      .filter((name) => chance(name === "symbol" || name === "timeframe" ? 0.9 : 0.3))
      .map((name) => `${name}=${encoded(value(name))}`)
    if (chance(0.1)) parts.push(`${encoded(pick(evil))}=${encoded(pick(evil))}`)
    if (parts.length > 0 && chance(0.05)) parts.push(pick(parts))
    if (chance(0.02)) parts.push(...Array.from({ length: 300 }, (_, i) => `x${i}=1`))
    if (chance(0.03)) parts.push(pick(["&&&", "=", "a", "%zz=1", "?", "#", "[]=1", "symbol[]=x", "symbol[$ne]=x"]))
    return parts.length === 0 && chance(0.9) ? "" : `?${parts.join("&")}`
  }

  const pathOf = ({ path }: Operation): string => {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(value(name)))
    if (chance(0.95)) return filled
    const at = below(filled.length)
    return pick([
      `${filled}/`,
      `${filled}/${encoded(pick(evil))}`,
      filled.replace("/api", "//api"),
      filled.replace("v1", "v1/../v1"),
      filled.toUpperCase(),
      filled.slice(0, at) + pick(["%00", "%", ";", "\u00ff", "/", "%2f", "%2e%2e"]) + filled.slice(at),
      `/${encoded(pick(evil))}`,
      `http://localhost${filled}`,
      "*"
    ])
  }

  const anything = (depth = 0): unknown =>
    pick<() => unknown>([
      () => null,
      () => true,
      () => pick([0, -1, 0.1, 1e308, -1e308, 2 ** 53, 36_526, 1e-320]),
      () => pick(evil),
      () => "\ud800",
      () => [],
      () => ({}),
      () => (depth > 2 ? "deep" : [anything(depth + 1), anything(depth + 1)]),
      () => (depth > 2 ? "deep" : { [pick(evil)]: anything(depth + 1) }),
      () => JSON.parse('{"__proto__":{"is_paused":false}}')
    ])()

  const mutated = (body: unknown): unknown => {
    if (!isRecord(body)) return anything()
    const keys = Object.keys(body)
    const key = pick(keys)
    const change = below(6)
    if (change === 0) return Object.fromEntries(Object.entries(body).filter(([name]) => name !== key))
    if (change === 1) return { ...body, [pick(evil)]: anything() }
    if (change === 2) return anything()
    if (change === 3 && isRecord(body[key])) return { ...body, [key]: mutated(body[key]) }
    if (change === 4) return { ...body, [key]: [body[key]] }
    return { ...body, [key]: anything() }
  }

  const bodyOf = ({ method, path }: Operation): string | Buffer | undefined => {
    const right = bodies[`${method} ${path}`]
    if (right === undefined) return chance(0.9) ? undefined : JSON.stringify(anything())
    const body = harmless(path, chance(0.2) ? right : chance(0.8) ? mutated(right) : mutated(mutated(right)))
    const text = JSON.stringify(body) ?? ""
    if (chance(0.92)) return text
    return pick<() => string | Buffer>([
      () => text.slice(0, below(text.length)),
      () => `${text}${text}`,
      () => Buffer.from(Array.from({ length: 64 }, () => below(256))),
      () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]),
      () => "[".repeat(50_000),
      () => `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
      () => " ".repeat(1_100_000),
      () => ""
    ])()
  }

  const key = "fuzz"
  return () => {
    const first = pick(operations)
    // What looks at every row is asked less often, so that more is asked in all.
    const operation = /status|certificate/.test(first.path) && chance(0.7) ? pick(operations) : first
    const method = chance(0.96)
      ? operation.method
      : pick(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "PROPFIND", "PURGE"])
    const body = method === "GET" || method === "HEAD" ? undefined : bodyOf({ ...operation, method })
    const type = chance(0.95)
      ? "application/json"
      : pick(["text/plain", "application/x-www-form-urlencoded", "x", "application/json; charset=utf-16", ""])
    return {
      method,
      path: pathOf(operation) + queryOf(operation),
      headers: {
        ...(chance(0.97)
          ? { "x-api-key": key }
          : chance(0.5)
            ? {}
            : { "x-api-key": pick(evil).replaceAll(/[^\u0020-\u007e]/g, "?") }),
        ...(body === undefined ? {} : { "content-type": type, "content-length": String(Buffer.byteLength(body)) }),
        ...(chance(0.02)
          ? { accept: "text/html", "accept-encoding": "br", range: "bytes=0-1", "if-none-match": "*" }
          : {}),
        ...(chance(0.01) ? { host: "evil.example" } : {})
      },
      ...(body === undefined ? {} : { body })
    }
  }
}
