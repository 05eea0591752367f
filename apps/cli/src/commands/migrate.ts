import { Command } from "effect/cli"
import { lazy } from "../Lazy.ts"

export const migrate = Command.make("migrate").pipe(
  Command.withDescription("Bring the database to the schema of this program; every writing command does it too"),
  Command.withHandler(lazy(() => import("../run/migrate.ts")))
)
