import { Argument, Command, Flag } from "effect/cli"
import { lazy } from "../Lazy.ts"

const load = () => import("../run/jobs.ts")

const name = Argument.String("name").pipe(Argument.withDescription("As `jobs list` shows it"))
const id = Argument.Int("run").pipe(Argument.withDescription("Number of a run, as `jobs runs` shows it"))

const list = Command.make("list").pipe(
  Command.withDescription("Show the jobs of the daemon, when each is due, and how it went last"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.list }))))
)

const run = Command.make("run", { name }).pipe(
  Command.withDescription("Have a job done now; the daemon begins it"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.run }))))
)

const pause = Command.make("pause", { name }).pipe(
  Command.withDescription("Let a job rest"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.pause }))))
)

const resume = Command.make("resume", { name }).pipe(
  Command.withDescription("Have a job done again when it is due"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.resume }))))
)

const set = Command.make("set", {
  name,
  work: Flag.String("work").pipe(
    Flag.withDescription("What it does: backfill, gaps, quality, prune, features, …"),
    Flag.optional
  ),
  cron: Flag.String("cron").pipe(
    Flag.withDescription("When: minute hour day month weekday, such as '30 16 * * 1-5'"),
    Flag.optional
  ),
  timeZone: Flag.String("time-zone").pipe(Flag.withDescription("Such as America/New_York"), Flag.optional),
  settings: Flag.String("settings").pipe(
    Flag.withDescription(`JSON: {"symbols": ["BTC/USDT"], "timeframes": ["1h"], "source": "binance", "days": 30}`),
    Flag.optional
  )
}).pipe(
  Command.withDescription("Change a job, or make one (then --work and --cron are needed)"),
  Command.withExamples([
    {
      command: "tidemark jobs set features --cron '30 16 * * 1-5' --time-zone America/New_York",
      description: "Half an hour after the close of New York"
    }
  ]),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.set }))))
)

const remove = Command.make("remove", { name }).pipe(
  Command.withDescription("Remove a job with its runs; one of the built-in jobs comes back when a daemon starts"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.remove }))))
)

const runs = Command.make("runs", {
  job: Flag.String("job").pipe(Flag.withDescription("Of this job only"), Flag.optional),
  limit: Flag.Int("limit").pipe(Flag.withDescription("So many of the newest"), Flag.withDefault(20))
}).pipe(
  Command.withDescription("Show what was done, when, and what became of it"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.runs }))))
)

const log = Command.make("log", { id }).pipe(
  Command.withDescription("Show what a run said; with --remote follow it until it ends"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.log }))))
)

const cancel = Command.make("cancel", { id }).pipe(
  Command.withDescription("End a run; what it has stored stays"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.cancel }))))
)

export const jobs = Command.make("jobs").pipe(
  Command.withDescription("Jobs of the daemon: see, change, run, pause them"),
  Command.withSubcommands([list, run, pause, resume, set, remove, runs, log, cancel])
)
