/** How long `tidemark --help` takes. */
import { Effect, FileSystem } from "effect"
import * as Child from "./Child.ts"
import * as StartUp from "./StartUp.ts"
import { type Outcome, tableOf } from "./Verdict.ts"

const limitSeconds = 0.5

export const run = Effect.fnUntraced(function* ({ repetitions }: { readonly repetitions: number }) {
  const fs = yield* FileSystem.FileSystem
  const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-help-" })
  const node = yield* StartUp.times(StartUp.emptyNode(cwd), repetitions)
  const help = yield* StartUp.times({ name: "tidemark --help", cwd, args: [...Child.tidemark, "--help"] }, repetitions)
  const outcome: Outcome = {
    json: { repetitions, node, help },
    text: [tableOf(StartUp.header, [StartUp.row("node -e 0", node), StartUp.row("tidemark --help", help)])],
    targets: [{ name: "tidemark --help", value: help.median, unit: "s", bound: "less than", limit: limitSeconds }]
  }
  return outcome
}, Effect.scoped)
