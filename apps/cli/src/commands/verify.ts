import { Command, Flag } from "effect/cli"
import * as Lists from "../flags/Lists.ts"
import * as Span from "../flags/Span.ts"
import { lazy } from "../Lazy.ts"

const flags = {
  ...Lists.flags,
  source: Flag.String("source").pipe(Flag.withDescription("Of this source only"), Flag.optional),
  ...Span.flags("what must be there (default: all that was ever asked for)"),
  lock: Flag.String("lock").pipe(
    Flag.withDescription("Write a certificate to this file: counts, gaps with their causes, hashes"),
    Flag.optional
  ),
  against: Flag.String("against").pipe(
    Flag.withDescription("Compare with the certificate in this file, range by range"),
    Flag.optional
  )
}

export const verify = Command.make("verify", flags).pipe(
  Command.withDescription("Prove what is stored: exit 0 only if nothing is missing without a cause"),
  Command.withExamples([
    {
      command:
        "tidemark verify --symbols BTC/USDT --timeframes 1h --start 2020-01-01 --end 2021-01-01 --lock btc.lock.json",
      description: "A certificate of a year"
    },
    { command: "tidemark verify --against btc.lock.json", description: "Whether it is still the same" }
  ]),
  Command.withHandler(lazy(() => import("../run/verify.ts")))
)
