import { Command } from "effect/cli"
import { lazy } from "../Lazy.ts"

export const doctor = Command.make("doctor").pipe(
  Command.withDescription("Check the program, the configuration, the database and the sources"),
  Command.withHandler(lazy(() => import("../run/doctor.ts")))
)
