/** Flags that every command has. */
import { Effect, Option } from "effect"
import { Flag, GlobalFlag } from "effect/cli"

export const database = GlobalFlag.Setting("database")({
  flag: Flag.String("database").pipe(
    Flag.withDescription("Database URL (default: DATABASE_URL, else duckdb:./data/tidemark.duckdb)"),
    Flag.optional
  )
})

export const config = GlobalFlag.Setting("config")({
  flag: Flag.String("config").pipe(Flag.withDescription("Configuration file (default: tidemark.json)"), Flag.optional)
})

/** A daemon to ask instead of a database. */
const remoteFlag = GlobalFlag.Setting("remote")({
  flag: Flag.String("remote").pipe(
    Flag.withDescription("Ask the daemon at this URL instead of a database (default: TIDEMARK_REMOTE)"),
    Flag.optional
  )
})

export const remote = Effect.map(remoteFlag, (flag) =>
  Option.orElse(flag, () => Option.fromNullishOr(process.env["TIDEMARK_REMOTE"] || undefined))
)

/** The result as JSON on stdout. */
export const json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
})

/** No progress on stderr. */
export const quiet = GlobalFlag.Setting("quiet")({
  flag: Flag.Boolean("quiet").pipe(Flag.withDescription("Print no progress"), Flag.withDefault(false))
})

export const flags = [database, config, remoteFlag, json, quiet] as const
