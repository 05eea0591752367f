/** `nx run soak:run --minutes 10 --seed 1`: prints what was found; ends with 1 if anything was wrong. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Soak from "./Soak.ts"

const soak = Command.make("soak", {
  minutes: Flag.Finite("minutes").pipe(
    Flag.withDescription("Of the machine's time, until nothing more goes wrong (default 10)"),
    Flag.withDefault(10)
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription("Of what is chosen; when depends on the machine"),
    Flag.withDefault(1)
  )
}).pipe(
  Command.withDescription(
    "Months of a deployment's life, with daemons, Postgres, provider and webhook failing at random"
  ),
  Command.withHandler(
    Effect.fnUntraced(function* ({ minutes, seed }) {
      const found = yield* Soak.run({ millis: minutes * 60_000, seed, say: Console.error })
      yield* Console.log(JSON.stringify(found, null, 2))
      if (found.wrong.length > 0) process.exitCode = 1
    })
  )
)

Command.run(soak, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
