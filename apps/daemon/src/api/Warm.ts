/**
 * The first answers of a process take longest: code is compiled, the database
 * has read nothing yet. So what is asked for most is asked for once, for
 * nobody, before `/health/ready` says that the daemon is.
 */
import { Status, Summary, Survey } from "@tidemark/backfill"
import { CandleStore } from "@tidemark/core"
import { Clock, Deferred, Effect, Layer } from "effect"
import { Warmth } from "../http/Health.ts"
import type { Needs } from "../Jobs.ts"
import * as Candles from "./Candles.ts"

/** A database that takes longer makes nobody wait. */
const patience = "4 seconds"

/** Whose candles are read, at most. */
const mostSeries = 3
const rows = 100

const ask = Effect.gen(function* () {
  const stored = yield* (yield* CandleStore.CandleStore).recorded({})
  yield* Summary.coverage({ isCounted: false })
  const some = stored.filter((one) => one.rows > 0).slice(-mostSeries)
  for (const { series } of some) {
    const of = { symbols: [series.symbol] }
    yield* Summary.coverage({ ...of, isCounted: false })
    yield* Survey.run({ of, choose: () => true, isCounted: false })
    yield* Effect.ignore(Candles.page({ ...series, limit: rows }, "/"))
  }
  yield* Status.run({ isCounted: false })
})

/** Begins at once, and lets others go on meanwhile. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const services = yield* Effect.context<Needs>()
    const { done } = yield* Warmth
    const begun = yield* Clock.currentTimeMillis
    yield* ask.pipe(
      Effect.timeout(patience),
      Effect.tap(() =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.logDebug(`the daemon was warm after ${now - begun} ms`))
      ),
      // Whoever asks will be told what is wrong.
      Effect.ignoreCause,
      Effect.ensuring(Deferred.succeed(done, undefined)),
      Effect.provideContext(services),
      Effect.forkScoped
    )
  })
)
