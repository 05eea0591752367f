import { Command, Flag } from "effect/cli"
import * as Lists from "../flags/Lists.ts"
import { lazy } from "../Lazy.ts"

const load = () => import("../run/quality.ts")

const series = {
  ...Lists.flags,
  source: Flag.String("source").pipe(Flag.withDescription("Of this source only"), Flag.optional)
}

const check = Command.make("check", series).pipe(
  Command.withDescription("Look at every stored candle: what is missing by month, and what looks wrong"),
  Command.withExamples([
    { command: "tidemark quality check --symbols AAPL", description: "Fills data_quality and data_anomalies" }
  ]),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.check }))))
)

const list = Command.make("list", {
  ...series,
  all: Flag.Boolean("all").pipe(Flag.withDescription("Those that are acknowledged too"), Flag.withDefault(false))
}).pipe(
  Command.withDescription("What the last check found"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.list }))))
)

const acknowledge = Command.make("acknowledge", {
  symbol: Flag.String("symbol").pipe(Flag.withDescription("AAPL")),
  timeframe: Flag.String("timeframe").pipe(Flag.withDescription("1d")),
  source: Flag.String("source").pipe(Flag.withDescription("yahoo")),
  start: Flag.String("start").pipe(Flag.withDescription("First instant of what is right")),
  end: Flag.String("end").pipe(Flag.withDescription("First instant after it")),
  note: Flag.String("note").pipe(Flag.withDescription('Why it is right: "flash crash"'))
}).pipe(
  Command.withDescription("Say that what a check found there is right: it counts no more"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.acknowledge }))))
)

const compare = Command.make("compare", {
  ...series,
  with: Flag.String("with").pipe(Flag.withDescription("Another source of the same symbols: yahoo"), Flag.optional),
  finer: Flag.String("finer").pipe(
    Flag.withDescription("Shorter candles of the same source that have to add up: 1m"),
    Flag.optional
  ),
  tolerance: Flag.Finite("tolerance").pipe(
    Flag.withDescription(
      "How far prices of two sources may be apart, as a share: 0.005 is 0.5 % (default 0.001, at most 0.1)"
    ),
    Flag.optional
  )
}).pipe(
  Command.withDescription("Compare stored candles with another source, or with what shorter ones add up to"),
  Command.withExamples([
    { command: "tidemark quality compare --timeframes 1h,1d --finer 1m", description: "Whether minutes add up" },
    { command: "tidemark quality compare --symbols AAPL --timeframes 1d --with yahoo", description: "A second opinion" }
  ]),
  Command.withHandler(lazy(() => import("../run/compare.ts")))
)

const report = Command.make("report", {
  ...series,
  html: Flag.String("html").pipe(Flag.withDescription("Write the page to this file"))
}).pipe(
  Command.withDescription("A page for a browser: completeness by month, gaps, anomalies"),
  Command.withExamples([
    { command: "tidemark quality report --html quality.html", description: "Of all that is stored" }
  ]),
  Command.withHandler(lazy(() => import("../run/report.ts")))
)

export const quality = Command.make("quality").pipe(
  Command.withDescription("Completeness by month, and candles that look wrong"),
  Command.withSubcommands([check, list, acknowledge, compare, report])
)
