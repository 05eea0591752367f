/** The `tidemark` command: composition only. A command is a file in `commands/`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { CliOutput, Command } from "effect/cli"
import { actions } from "./commands/actions.ts"
import { alerts } from "./commands/alerts.ts"
import { backfill } from "./commands/backfill.ts"
import { copy } from "./commands/copy.ts"
import { coverage } from "./commands/coverage.ts"
import { doctor } from "./commands/doctor.ts"
import { exportCommand } from "./commands/export.ts"
import { features } from "./commands/features.ts"
import { gamma } from "./commands/gamma.ts"
import { gaps } from "./commands/gaps.ts"
import { jobs } from "./commands/jobs.ts"
import { keys } from "./commands/keys.ts"
import { migrate } from "./commands/migrate.ts"
import { prune } from "./commands/prune.ts"
import { quality } from "./commands/quality.ts"
import { query } from "./commands/query.ts"
import { regime } from "./commands/regime.ts"
import { signals } from "./commands/signals.ts"
import { sources } from "./commands/sources.ts"
import { status } from "./commands/status.ts"
import { symbols } from "./commands/symbols.ts"
import { verify } from "./commands/verify.ts"
import * as Failure from "./Failure.ts"
import * as Globals from "./flags/Globals.ts"
import * as Log from "./view/Log.ts"

Command.make("tidemark").pipe(
  Command.withDescription("Market history that you can trust."),
  Command.withSubcommands([
    backfill,
    coverage,
    status,
    gaps,
    quality,
    verify,
    features,
    regime,
    gamma,
    signals,
    alerts,
    actions,
    symbols,
    sources,
    query,
    exportCommand,
    prune,
    jobs,
    keys,
    copy,
    migrate,
    doctor
  ]),
  Command.withGlobalFlags(Globals.flags),
  Command.run({ version: "0.1.0", renderErrors: true }),
  Failure.report,
  Effect.provideService(CliOutput.Presenter, Failure.presenter),
  Effect.provide(Log.layer),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
