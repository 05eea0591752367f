/** A Postgres to try things on: starts one, prints the URL of an empty database, and ends with Ctrl-C. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import * as PostgresServer from "./PostgresServer.ts"

Effect.gen(function* () {
  const server = yield* PostgresServer.make()
  yield* Console.log(yield* server.database)
  yield* Console.error("Its data goes when it ends. Stop it with Ctrl-C.")
  return yield* Effect.never
}).pipe(Effect.scoped, NodeRuntime.runMain)
