/** How long a Node process takes that does nothing: the scale for everything that starts one. */
import { Effect } from "effect"
import * as Child from "./Child.ts"
import { median } from "./Verdict.ts"

export interface Times {
  readonly median: number
  readonly fastest: number
  readonly slowest: number
}

/** Times of several runs, after one that warms the caches. */
export const times = Effect.fnUntraced(function* (command: Child.Command, repetitions: number) {
  yield* Child.time(command)
  const seconds = yield* Effect.replicateEffect(
    Effect.map(Child.time(command), (run) => run.seconds),
    repetitions
  )
  const all: Times = { median: median(seconds), fastest: Math.min(...seconds), slowest: Math.max(...seconds) }
  return all
})

export const emptyNode = (cwd: string): Child.Command => ({ name: "node -e 0", cwd, args: ["-e", "0"] })

export const row = (name: string, { fastest, median, slowest }: Times): ReadonlyArray<string> => [
  name,
  ...[median, fastest, slowest].map((seconds) => seconds.toFixed(3))
]

export const header = ["", "median s", "fastest", "slowest"]
