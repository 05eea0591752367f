import { Command, Flag } from "effect/cli"
import { lazy } from "../Lazy.ts"

export const copy = Command.make("copy", {
  from: Flag.String("from").pipe(Flag.withDescription("URL of the database to copy; it is only read")),
  to: Flag.String("to").pipe(Flag.withDescription("URL of the database to copy into: empty, or of an earlier copy"))
}).pipe(
  Command.withDescription("Copy a database into another, of either kind; compares both when done"),
  Command.withHandler(lazy(() => import("../run/copy.ts")))
)
