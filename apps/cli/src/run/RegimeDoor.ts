/** Regimes that a daemon derives: it is told to, followed to its end, and asked what it knows then. */
import type { Jobs as Wire, Regimes } from "@tidemark/api"
import { UsageError } from "@tidemark/backfill"
import { Instant } from "@tidemark/core"
import { Effect, Option } from "effect"
import * as JobsView from "../view/JobsView.ts"
import * as RegimeView from "../view/RegimeView.ts"
import * as Jobs from "./jobs.ts"
import * as Remote from "./Remote.ts"
import { print } from "./Session.ts"

/** What both commands of daily candles and that of structure have. */
export interface Flags {
  readonly source: Option.Option<string>
  readonly dryRun: boolean
  readonly force: boolean
  readonly plot: Option.Option<string>
}

/** Fails for flags that say how this process would do it. */
export const refuse = (named: Readonly<Record<string, boolean | Option.Option<unknown>>>) => {
  const given = Object.entries(named).flatMap(([name, value]) =>
    value === true || (typeof value === "object" && Option.isSome(value)) ? [`--${name}`] : []
  )
  return given.length === 0
    ? Effect.void
    : Effect.fail(
        new UsageError.UsageError({ message: `A daemon cannot be told ${given.join(", ")}. Leave it out, or --remote` })
      )
}

/** The settings of a run that flags mean. */
export const settingsOf = (
  { force, source }: Pick<Flags, "source" | "force">,
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined }
) => ({
  ...(Option.isNone(source) ? {} : { source: source.value }),
  ...(from === undefined ? {} : { start: Instant.format(from) }),
  ...(to === undefined ? {} : { end: Instant.format(to) }),
  ...(force ? { force: true } : {})
})

/** Of one market: its newest regime, and what returns were in each. */
export const daily = Effect.fnUntraced(function* (
  client: Remote.Asking,
  kind: Regimes.Kind,
  wanted: Wire.Wanted & { readonly symbols: readonly [string] },
  span: { readonly from?: number | undefined; readonly to?: number | undefined }
) {
  const run = yield* Jobs.have(client, { ...wanted, work: kind })
  const { profile, source, symbols } = wanted
  const query = {
    symbol: symbols[0],
    ...(source === undefined ? {} : { source }),
    ...(profile === undefined ? {} : { profile })
  }
  const nothing = { NotFound: () => Effect.succeed(undefined) }
  const current = yield* client.regimes.current({ params: { kind }, query }).pipe(Effect.catchTags(nothing))
  const performance = yield* client.regimes
    .performance({ params: { kind }, query: { ...query, ...Remote.span(span) } })
    .pipe(Effect.catchTags(nothing))
  yield* print({
    json: () => ({ run: JobsView.runJson(run), ...RegimeView.toldJson(current, performance) }),
    text: () => [JobsView.runsText([run]), ...RegimeView.toldText(current, performance)].join("\n\n")
  })
  yield* Jobs.exitAs(run)
})
