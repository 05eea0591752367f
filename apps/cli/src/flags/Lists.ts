/** Flags that take a list: `--symbols BTC/USDT,AAPL`. */
import { Flag } from "effect/cli"

export const flags = {
  symbols: Flag.String("symbols").pipe(
    Flag.withAlias("s"),
    Flag.withDescription("Symbols, with commas between them (default: every active one)"),
    Flag.optional
  ),
  timeframes: Flag.String("timeframes").pipe(
    Flag.withAlias("t"),
    Flag.withDescription("Timeframes, with commas between them (default: 1m,5m,15m,30m,1h,4h,1d,1w)"),
    Flag.optional
  )
}
