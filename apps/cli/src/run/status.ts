/** The work of `tidemark status`. */
import { Status } from "@tidemark/backfill"
import { Effect } from "effect"
import * as StatusView from "../view/StatusView.ts"
import * as Chosen from "./Chosen.ts"
import * as Remote from "./Remote.ts"
import { print, withRuntime } from "./Session.ts"

/** What a daemon tells, its pages together. */
const there = Effect.fnUntraced(function* (client: Remote.Asking) {
  const pages = yield* Remote.pages((query) => client.quality.status({ query: { ...query, counted: true } }))
  const { next: _, ...first } = pages[0]
  const told: Status.Told = { ...first, details: pages.flatMap(({ details }) => details) }
  return told
})

const countedOf = ({ candles, recorded, source, symbol, timeframe }: Status.Detail): Chosen.Counted => ({
  series: { source, symbol, timeframe },
  rows: candles,
  recorded
})

export const run = Effect.fnUntraced(function* () {
  const told = yield* Remote.either({
    local: Effect.map(Status.run(), ({ status }) => Status.tell(status)).pipe(withRuntime("read")),
    remote: there
  })
  yield* print({ json: () => Status.toJson(told), text: () => StatusView.toText(told) })
  yield* Chosen.sayChanged(told.details.map(countedOf))
})
