/**
 * What the user has configured: flags > environment > `.env.local` > `.env` >
 * `tidemark.json` > defaults.
 *
 * The one place where the process's environment and the configuration file
 * are read. Everything else gets values.
 */
import * as Settings from "@tidemark/alerts/Settings"
import * as Retention from "@tidemark/backfill/Retention"
import * as UsageError from "@tidemark/backfill/UsageError"
import { FileProblem } from "@tidemark/core"
import { Effect, FileSystem, Option, Schema } from "effect"
import { parseEnv } from "node:util"
import * as ApiSettings from "./ApiSettings.ts"
import * as Stores from "./Stores.ts"

/** `json`: an object a line. */
export const LogFormat = Schema.Literals(["json", "pretty"])
export type LogFormat = typeof LogFormat.Type

export const LogLevel = Schema.Literals(["debug", "info", "warn", "error"])
export type LogLevel = typeof LogLevel.Type

/** `tidemark.json` */
export const ConfigFile = Schema.Struct({
  $schema: Schema.optionalKey(Schema.String),
  /** As `DATABASE_URL`. */
  database: Schema.optionalKey(Schema.NonEmptyString),
  /** Settings of each source, by its id. */
  sources: Schema.optionalKey(Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown))),
  /** How long candles are kept, by timeframe, for all symbols and for single ones. */
  retention: Schema.optionalKey(Retention.Settings),
  /** What the daemon does. */
  daemon: Schema.optionalKey(
    Schema.Struct({
      /** Store what closes as its source tells it. Default: true. */
      tail: Schema.optionalKey(Schema.Boolean)
    })
  ),
  /** How the daemon serves the HTTP API. */
  api: Schema.optionalKey(ApiSettings.Section),
  /** What to hold in each regime. */
  policies: Schema.optionalKey(ApiSettings.Policies),
  /** What is worth an alert, and who is told. */
  alerts: Schema.optionalKey(Settings.File),
  /** What the daemon logs, and how. */
  log: Schema.optionalKey(Schema.Struct({ format: Schema.optionalKey(LogFormat), level: Schema.optionalKey(LogLevel) }))
})
export type ConfigFile = typeof ConfigFile.Type

export interface Configuration {
  readonly databaseUrl: string
  readonly sources: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly retention: Retention.Settings
  readonly daemon: { readonly tail: boolean }
  readonly api: ApiSettings.Settings
  readonly policies: typeof ApiSettings.Policies.Type
  readonly alerts: Settings.Settings
  readonly log: { readonly format: LogFormat; readonly level: LogLevel }
  readonly variables: Readonly<Record<string, string | undefined>>
}

export interface Flags {
  readonly database: Option.Option<string>
  readonly config: Option.Option<string>
}

const defaultDatabase = "duckdb:./data/tidemark.duckdb"
const defaultFile = "tidemark.json"

const decodeFile = Schema.decodeUnknownEffect(Schema.fromJsonString(ConfigFile), { onExcessProperty: "error" })

/** The text of a file, `none` if there is no such file; one that cannot be read is an error, not a default. */
const readText = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readFileString(path).pipe(
    Effect.map(Option.some),
    Effect.catchIf(
      (error) => error.reason._tag === "NotFound",
      () => Effect.succeed(Option.none<string>())
    ),
    Effect.mapError(
      (error) => new UsageError.UsageError({ message: `Cannot read ${FileProblem.describe(path, error)}` })
    )
  )
})

const readFile = Effect.fnUntraced(function* (path: string, required: boolean) {
  const text = yield* readText(path)
  if (Option.isNone(text)) {
    if (required) return yield* new UsageError.UsageError({ message: `There is no configuration file ${path}` })
    return {} as ConfigFile
  }
  return yield* decodeFile(text.value).pipe(
    Effect.mapError((error) => UsageError.ofSchema(`The configuration file ${path} is wrong`, error))
  )
})

const readVariables = Effect.fnUntraced(function* (path: string) {
  const text = yield* readText(path)
  return Option.match(text, { onNone: () => ({}), onSome: (content) => parseEnv(content) })
})

/** Who is told of alerts: those of the file, and that of the environment. A message never has a URL in it. */
const webhooksOf = Effect.fnUntraced(function* (
  file: ConfigFile,
  variables: Readonly<Record<string, string | undefined>>
) {
  const wrong = (where: string) =>
    new UsageError.UsageError({ message: `${where} is no URL; it begins with https:// or http://` })
  const out = new Map<string, Settings.Webhook>()
  for (const [i, { shape, url }] of (file.alerts?.webhooks ?? []).entries()) {
    const webhook = Settings.webhook(url, shape)
    if (webhook === undefined) return yield* wrong(`alerts.webhooks.${i}.url of the configuration file`)
    out.set(webhook.id, webhook)
  }
  const url = variables["TIDEMARK_ALERT_WEBHOOK"]
  if (url !== undefined && url !== "") {
    const shape = yield* choice(variables, "TIDEMARK_ALERT_WEBHOOK_SHAPE", Settings.Shape.literals)
    const webhook = Settings.webhook(url, shape)
    if (webhook === undefined) return yield* wrong("TIDEMARK_ALERT_WEBHOOK")
    out.set(webhook.id, webhook)
  }
  return [...out.values()]
})

/** The value of a variable that is one of a few. */
const choice = Effect.fnUntraced(function* <A extends string>(
  variables: Readonly<Record<string, string | undefined>>,
  name: string,
  values: ReadonlyArray<A>
) {
  const given = variables[name]
  if (given === undefined || given === "") return undefined
  const value = values.find((one) => one === given.toLowerCase())
  if (value !== undefined) return value
  return yield* new UsageError.UsageError({ message: `${name} is "${given}"; it may be ${values.join(", ")}` })
})

/** Reads everything; files are looked for in `folder`. */
export const load = Effect.fnUntraced(function* (
  flags: Flags,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  folder = "."
) {
  const file = yield* readFile(
    Option.getOrElse(flags.config, () => `${folder}/${defaultFile}`),
    Option.isSome(flags.config)
  )
  const variables: Record<string, string | undefined> = {
    ...(yield* readVariables(`${folder}/.env`)),
    ...(yield* readVariables(`${folder}/.env.local`)),
    ...environment
  }
  const databaseUrl = Option.getOrElse(
    flags.database,
    () => variables["DATABASE_URL"] || (file.database ?? defaultDatabase)
  )
  const configuration: Configuration = {
    databaseUrl,
    sources: file.sources ?? {},
    retention: file.retention ?? {},
    daemon: { tail: file.daemon?.tail ?? true },
    api: yield* ApiSettings.resolve(file.api ?? {}, variables),
    policies: file.policies ?? {},
    alerts: Settings.make(file.alerts ?? {}, {
      database: Stores.label(databaseUrl),
      file: Stores.file(databaseUrl),
      webhooks: yield* webhooksOf(file, variables)
    }),
    log: {
      format: (yield* choice(variables, "TIDEMARK_LOG_FORMAT", LogFormat.literals)) ?? file.log?.format ?? "pretty",
      level: (yield* choice(variables, "TIDEMARK_LOG_LEVEL", LogLevel.literals)) ?? file.log?.level ?? "info"
    },
    variables
  }
  return configuration
})
