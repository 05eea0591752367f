/** The work of `tidemark copy`. */
import { UsageError } from "@tidemark/backfill"
import { Stores } from "@tidemark/runtime"
import { Copy } from "@tidemark/storage"
import { Clock, Console, Effect, Layer, Path } from "effect"
import * as Globals from "../flags/Globals.ts"
import * as CopyView from "../view/CopyView.ts"
import { print } from "./Session.ts"

export interface Input {
  readonly from: string
  readonly to: string
}

/** Time between two lines of progress. */
const lineMillis = 2_000

/** A line now and then, and one when a series is complete. */
const progress = Effect.gen(function* () {
  const quiet = yield* Globals.quiet
  let last = yield* Clock.currentTimeMillis
  return Effect.fnUntraced(function* (step: Copy.Progress) {
    const now = yield* Clock.currentTimeMillis
    if (quiet || now - last < lineMillis) return
    last = now
    yield* Console.error(CopyView.line(step))
  })
})

export const run = Effect.fnUntraced(function* (input: Input) {
  const path = yield* Path.Path
  if (Stores.place(input.from, path.resolve) === Stores.place(input.to, path.resolve)) {
    return yield* new UsageError.UsageError({ message: "--from and --to are the same database" })
  }
  const report = yield* Effect.scoped(
    Effect.gen(function* () {
      const from = yield* Layer.build(Stores.connect(input.from, "read")).pipe(
        Effect.catchIf(
          (error) => error._tag === "StoreError" && error.reason._tag === "Absent",
          () => new UsageError.UsageError({ message: `There is no database ${Stores.label(input.from)} to copy` })
        )
      )
      if (yield* Copy.isEmpty(from)) {
        return yield* new UsageError.UsageError({ message: `There is nothing in ${Stores.label(input.from)} to copy` })
      }
      const to = yield* Layer.build(Stores.connect(input.to, "write"))
      return yield* Copy.run({ from, to, onProgress: yield* progress })
    })
  ).pipe(
    Effect.onInterrupt(() =>
      Console.error("tidemark: interrupted; run the same command again, it continues where it stopped")
    )
  )
  yield* print({
    json: () => CopyView.toJson(input, report),
    text: () => CopyView.toText(report)
  })
})
