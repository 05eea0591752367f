/** The work of `tidemark quality …`. */
import type { Quality } from "@tidemark/api"
import { Check, Survey, UsageError } from "@tidemark/backfill"
import { Gap, QualityStore, type Series, Timeframe } from "@tidemark/core"
import { Clock, Console, Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import * as QualityView from "../view/QualityView.ts"
import * as Chosen from "./Chosen.ts"
import { toSpan } from "./Range.ts"
import * as Remote from "./Remote.ts"
import { checkSources, print, withRuntime, withStores } from "./Session.ts"

/** Whether there is something that cannot be: what is only unusual is no failure. */
const isSound = ({ findings, months }: Check.Checked, acknowledged: ReadonlySet<string>): boolean =>
  months.every(({ open }) => Gap.openCauses.every((cause) => open[cause] === 0)) &&
  findings.every(({ interval, kind, severity }) => severity !== "error" || acknowledged.has(`${kind} ${interval.from}`))

export const check = Effect.fnUntraced(function* (input: Chosen.SeriesFlags) {
  const chosen = yield* Chosen.chosen(input)
  const { absent, checks, known, stored } = yield* Effect.gen(function* () {
    const surveyed = yield* Survey.run({ choose: (stored) => Survey.isKnown(stored) && chosen.includes(stored) })
    const stored = surveyed.map((one) => one.stored)
    const checks = (yield* Effect.forEach(surveyed, Check.series)).filter((one) => one !== undefined)
    const known = yield* (yield* QualityStore.QualityStore).findings
    return { absent: Chosen.absent(chosen, stored), checks, known, stored }
  }).pipe(withRuntime("update"))
  yield* print({ json: () => QualityView.toJson(checks), text: () => QualityView.toText(checks) })
  yield* Chosen.sayChanged(stored.map(Chosen.counted))
  yield* Chosen.sayAbsent(absent)
  const isSame = (a: Series.Series, b: Series.Series) =>
    a.source === b.source && a.symbol === b.symbol && a.timeframe === b.timeframe
  const sound = checks.every((one) => {
    const ofIt = known.filter(({ acknowledged, series }) => acknowledged !== undefined && isSame(series, one.series))
    return isSound(one, new Set(ofIt.map(({ interval, kind }) => `${kind} ${interval.from}`)))
  })
  yield* exitWith(sound ? 0 : 3)
})

export interface ListInput extends Chosen.SeriesFlags {
  readonly all: boolean
}

const listHere = Effect.fnUntraced(function* ({ all, source }: ListInput, { symbols, timeframes }: Chosen.Chosen) {
  const findings = yield* Effect.flatMap(QualityStore.QualityStore, (store) => store.findings).pipe(withStores("read"))
  return findings.filter(
    ({ acknowledged, series }) =>
      (all || acknowledged === undefined) &&
      (symbols.length === 0 || symbols.includes(series.symbol)) &&
      (timeframes.length === 0 || timeframes.includes(series.timeframe)) &&
      (Option.isNone(source) || source.value === series.source)
  )
})

const toFinding = ({
  acknowledged_at,
  found_at,
  from,
  note,
  source,
  symbol,
  timeframe,
  to,
  ...rest
}: Quality.Finding): QualityStore.StoredFinding => ({
  ...rest,
  series: { source, symbol, timeframe },
  interval: { from, to },
  foundAt: found_at,
  ...(acknowledged_at === null ? {} : { acknowledged: { at: acknowledged_at, note: note ?? "" } })
})

const listThere = Effect.fnUntraced(function* (input: ListInput, chosen: Chosen.Chosen, client: Remote.Asking) {
  const query = { ...Chosen.selection(chosen, input.source), all: input.all }
  const pages = yield* Remote.pages((page) => client.quality.findings({ query: { ...query, ...page } }))
  return pages.flatMap(({ findings }) => findings.map(toFinding))
})

export const list = Effect.fnUntraced(function* (input: ListInput) {
  const chosen = yield* Chosen.chosen(input)
  const findings = yield* Remote.either({
    local: listHere(input, chosen),
    remote: (client) => listThere(input, chosen, client)
  })
  yield* print({ json: () => findings.map(QualityView.storedJson), text: () => QualityView.findingsText(findings) })
})

export interface AcknowledgeInput {
  readonly symbol: string
  readonly timeframe: string
  readonly source: string
  readonly start: string
  readonly end: string
  readonly note: string
}

export const acknowledge = Effect.fnUntraced(function* (input: AcknowledgeInput) {
  const { note, source, timeframe } = input
  if (!Timeframe.is(timeframe)) {
    return yield* new UsageError.UsageError({
      message: `There is no timeframe "${timeframe}". Timeframes: ${Timeframe.all.join(", ")}`
    })
  }
  yield* checkSources(Option.some(source))
  const { from, to } = yield* toSpan({ start: Option.some(input.start), end: Option.some(input.end) })
  const series: Series.Series = { source, symbol: input.symbol.toUpperCase(), timeframe }
  const acknowledged = yield* Effect.gen(function* () {
    const store = yield* QualityStore.QualityStore
    return yield* store.acknowledge(series, { from: from!, to: to! }, note, yield* Clock.currentTimeMillis)
  }).pipe(withStores("update"))
  yield* print({
    json: () => ({ ...series, acknowledged }),
    text: () => `${acknowledged} acknowledged: ${note}`
  })
  if (acknowledged === 0) yield* Console.error("tidemark: no check has found anything there: tidemark quality list")
  yield* exitWith(acknowledged === 0 ? 3 : 0)
})
