/** The work of `tidemark status`. */
import { Status } from "@tidemark/backfill"
import { Effect } from "effect"
import * as StatusView from "../view/StatusView.ts"
import * as Chosen from "./Chosen.ts"
import { print, withRuntime } from "./Session.ts"

export const run = Effect.fnUntraced(function* () {
  const { status, stored } = yield* Status.run().pipe(withRuntime("read"))
  yield* print({ json: () => Status.toJson(status), text: () => StatusView.toText(status) })
  yield* Chosen.sayChanged(stored.map(Chosen.counted))
})
