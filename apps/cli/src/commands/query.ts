import { Argument, Command } from "effect/cli"
import { lazy } from "../Lazy.ts"

export const query = Command.make("query", {
  sql: Argument.String("sql").pipe(Argument.withDescription("One statement that reads"))
}).pipe(
  Command.withDescription("Run a read-only SQL query and print its rows"),
  Command.withExamples([
    { command: 'tidemark query "SELECT * FROM historical_data_range"', description: "What is stored" }
  ]),
  Command.withHandler(lazy(() => import("../run/query.ts")))
)
