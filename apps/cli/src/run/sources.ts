/** The work of `tidemark sources list` and `tidemark sources check`. */
import { Reach, SourceCheck, SourceRegistry, SourceRow, UsageError } from "@tidemark/backfill"
import { SourceError, Timeframe } from "@tidemark/core"
import { Runtime } from "@tidemark/runtime"
import { Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import { count, plural } from "../view/Format.ts"
import { render } from "../view/Table.ts"
import * as Remote from "./Remote.ts"
import { configuration, print } from "./Session.ts"

/** Whether a source would answer now, in a word or the reason. */
export const reach = Effect.fnUntraced(function* (id: string) {
  const registry = yield* SourceRegistry.SourceRegistry
  const plugin = yield* registry.plugin(id)
  const key = yield* registry.key(id)
  const known = { id, plugin, key }
  if (plugin.capabilitiesOf !== undefined && plugin.argument !== undefined && !id.includes(":")) {
    return { ...known, reachable: true, detail: `one of many: ${id}:${plugin.argument.toUpperCase()}` }
  }
  if (key === "missing") return { ...known, reachable: false, detail: "not tried, it has no key" }
  if (plugin.capabilities.hosts.length === 0) return { ...known, reachable: true, detail: "needs no network" }
  return yield* registry.get(id).pipe(
    Effect.flatMap(({ source }) => Reach.reach(id, source)),
    Effect.match({
      onFailure: (error) => ({
        ...known,
        reachable: false,
        detail: "reason" in error ? SourceError.describe(error.reason) : error.message
      }),
      onSuccess: () => ({ ...known, reachable: true, detail: "reachable" })
    })
  )
})

/** `15 min late`, `of any time` */
const chains = (options: SourceRow.SourceRow["options"]): string => {
  if (options === null) return ""
  if (options.history) return "of any time"
  return options.delay_ms === 0 ? "yes" : `${options.delay_ms / 60_000} min late`
}

/** `6,000 a minute`, `1 a second` */
const rate = (budget: SourceRow.SourceRow["budget"]): string => {
  if (budget === null) return ""
  const seconds = budget.window_ms / 1_000
  const window = seconds === 60 ? "a minute" : seconds === 1 ? "a second" : `in ${seconds} s`
  return `${count(budget.limit)} ${window}`
}

/** Whether each would answer now is seen from here; a daemon says what it could ask. */
const listThere = Effect.fnUntraced(function* (client: Remote.Asking) {
  const rows = yield* client.sources.list()
  return rows.map((row) => ({ ...row, reachable: null, detail: "" }))
})

const listHere = Effect.gen(function* () {
  const registry = yield* SourceRegistry.SourceRegistry
  return yield* Effect.forEach(
    registry.ids,
    Effect.fnUntraced(function* (id) {
      const { detail, reachable } = yield* reach(id)
      return { ...(yield* SourceRow.of(id)), reachable, detail }
    }),
    { concurrency: "unbounded" }
  )
})

export const list = Effect.fnUntraced(function* () {
  const rows = yield* Remote.either({
    local: Effect.provide(listHere, Runtime.sources(yield* configuration)),
    remote: listThere
  })
  yield* print({
    json: () => rows,
    text: () =>
      render(
        ["source", "gives", "for", "candles", "live", "options", "budget", "key", "reachable", ""],
        rows.map((row) => [
          row.id,
          row.provenance,
          row.asset_classes.join(", "),
          row.timeframes.length > 0 ? "yes" : "",
          row.live.length > 0 ? "yes" : "",
          chains(row.options),
          rate(row.budget),
          row.key === "none needed" ? "" : row.key,
          row.reachable === null
            ? "not tried"
            : row.reachable
              ? row.detail.startsWith("one of many")
                ? row.detail
                : "yes"
              : `no: ${row.detail}`,
          row.description
        ])
      )
  })
})

export interface CheckInput {
  readonly source: string
  readonly symbol: Option.Option<string>
  readonly timeframe: Option.Option<string>
}

export const check = Effect.fnUntraced(function* (input: CheckInput) {
  const timeframe = Option.getOrUndefined(input.timeframe)
  if (timeframe !== undefined && !Timeframe.is(timeframe)) {
    return yield* new UsageError.UsageError({
      message: `There is no timeframe "${timeframe}". Timeframes: ${Timeframe.all.join(", ")}`
    })
  }
  const report = yield* SourceCheck.run({
    source: input.source,
    symbol: Option.getOrUndefined(Option.map(input.symbol, (symbol) => symbol.toUpperCase())),
    timeframe
  }).pipe(Effect.provide(Runtime.sources(yield* configuration)))
  yield* print({
    json: () => report,
    text: () =>
      [
        `${report.source}, asked for ${report.symbol}${report.timeframe === null ? "" : ` ${report.timeframe}`}:`,
        "",
        render(
          ["", "what it promises", "what came"],
          report.findings.map(({ detail, promise, status }) => [
            status === "ok" ? "ok" : status === "failed" ? "FAILED" : "-",
            promise,
            detail
          ])
        ),
        "",
        plural(report.requests, "request")
      ].join("\n")
  })
  yield* exitWith(SourceCheck.isSound(report) ? 0 : 1)
})
