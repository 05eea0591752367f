/** `emulator faults`: what can be given to `--faults`. */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import * as FaultText from "../FaultText.ts"
import * as StreamFault from "../StreamFault.ts"

const lines = FaultText.all.map(({ argument, description, name }) => {
  const usage = argument === undefined ? name : `${name}[:${argument}]`
  return `  ${usage.padEnd(38)} ${description}`
})

const text = [
  "name[:argument][*times][@after], separated by commas; *all never ends, @5 lets five matching requests pass first.",
  "Faults of the candles wait for a request for candles.",
  "",
  ...lines,
  "",
  "For --stream-faults, names separated by commas, one for each candle that Binance's streams tell as closed:",
  "",
  ...Object.entries(StreamFault.all).map(([name, description]) => `  ${name.padEnd(38)} ${description}`)
].join("\n")

export const faults = Command.make("faults").pipe(
  Command.withDescription("List the faults that --faults takes"),
  Command.withHandler(() => Console.log(text).pipe(Effect.asVoid))
)
