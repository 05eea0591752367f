/**
 * The sources that a program knows, made when first asked for.
 *
 * A name is an id, with an argument where the plugin takes one:
 * `binance`, `file:history/btc.csv`. Configuration is decoded here, once:
 * the file's section for the source, then its environment variables, then
 * the argument, later ones winning.
 */
import { SocketDoor, Source, type SourceError } from "@tidemark/core"
import { Context, Effect, Layer, Predicate, Option, Redacted, Result, Schema, Scope, Semaphore } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import { createHash } from "node:crypto"
import { type ClientOptions, SourceHttp } from "./SourceHttp.ts"
import { SourceSockets } from "./SourceSockets.ts"
import { ofSchema, UsageError } from "./UsageError.ts"

/** A built-in source; `load` imports its package, so that nothing is loaded before it is used. */
export interface Entry {
  readonly id: string
  readonly load: () => Promise<Source.SourcePlugin<unknown>>
}

export interface Settings {
  /** Section of each source in the configuration file. */
  readonly sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

export interface Registered {
  /** The full name, `id` or `id:argument`: two files, or two exchanges, are two sources and never one series. */
  readonly id: string
  readonly plugin: Source.SourcePlugin<unknown>
  readonly source: Source.Source
}

export class SourceRegistry extends Context.Service<
  SourceRegistry,
  {
    readonly ids: ReadonlyArray<string>
    /** What a source can do, without making it. */
    readonly plugin: (name: string) => Effect.Effect<Source.SourcePlugin<unknown>, UsageError>
    /** Whether it needs a key, and has one. */
    readonly key: (name: string) => Effect.Effect<"none needed" | "present" | "missing", UsageError>
    /** Fails if the source cannot be made as it is named and set up. */
    readonly check: (name: string) => Effect.Effect<void, UsageError>
    /** The source, made on the first call and closed with the registry. */
    readonly get: (name: string) => Effect.Effect<Registered, UsageError | SourceError.SourceError>
  }
>()("@tidemark/backfill/SourceRegistry") {
  static readonly layer = (entries: ReadonlyArray<Entry>, settings: Settings) =>
    Layer.effect(SourceRegistry, make(entries, settings))
}

const split = (name: string): readonly [id: string, argument: string | undefined] => {
  const colon = name.indexOf(":")
  return colon < 0 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)]
}

/** Tells the keys of a configuration from others, without saying what they are. */
const accountOf = (config: unknown): string => {
  const secrets = Object.values(Predicate.isObject(config) ? config : {}).filter(Redacted.isRedacted)
  if (secrets.length === 0) return ""
  return createHash("sha256").update(secrets.map(Redacted.value).join("\n")).digest("hex").slice(0, 12)
}

/** The variables that are set. */
const present = (record: Readonly<Record<string, string | undefined>>, keys: Iterable<string>) => {
  const out: Record<string, string> = {}
  for (const key of keys) {
    const value = record[key]
    if (value !== undefined && value !== "") out[key] = value
  }
  return out
}

/** What a source is called in full, if a name that is none is the argument of one which is many. */
const longerName = Effect.fnUntraced(function* (entries: ReadonlyArray<Entry>, name: string) {
  const argument = name.toLowerCase()
  for (const { id, load } of entries) {
    const plugin = yield* Effect.promise(load)
    if (plugin.argument === undefined || plugin.capabilitiesOf === undefined) continue
    const found = yield* Schema.decodeUnknownEffect(plugin.config)({ [plugin.argument]: argument }).pipe(
      Effect.flatMap((config) => Source.configured(plugin, config)),
      Effect.result
    )
    if (Result.isSuccess(found)) return `${id}:${argument}`
  }
  return undefined
})

/** The entry of a source, by a name that people give; a name that is none is a mistake, with those that there are. */
export const find = Effect.fnUntraced(function* (entries: ReadonlyArray<Entry>, name: string) {
  const [id] = split(name)
  const entry = entries.find((candidate) => candidate.id === id)
  if (entry !== undefined) return entry
  const meant = yield* longerName(entries, name)
  const hint = meant === undefined ? "" : ` Did you mean ${meant}?`
  const known = entries.map((candidate) => candidate.id).join(", ")
  return yield* new UsageError({ message: `There is no source "${id}".${hint} Known sources: ${known}` })
})

/** What names and settings say of sources. Makes none and asks nobody. */
export const catalogue = (entries: ReadonlyArray<Entry>, settings: Settings) => {
  const configOf = Effect.fnUntraced(function* (chosen: Source.SourcePlugin<unknown>, argument: string | undefined) {
    if (argument !== undefined && chosen.argument === undefined) {
      return yield* new UsageError({ message: `The source "${chosen.id}" takes no argument, got "${argument}"` })
    }
    const input: Record<string, unknown> = { ...settings.sections[chosen.id] }
    for (const [field, variable] of Object.entries(chosen.variables)) {
      const value = settings.variables[variable]
      if (value !== undefined && value !== "") input[field] = value
    }
    if (argument !== undefined) input[chosen.argument!] = argument
    if (chosen.argument !== undefined && input[chosen.argument] === undefined) {
      const name = `${chosen.id}:${chosen.argument.toUpperCase()}`
      return yield* new UsageError({ message: `The source "${chosen.id}" is many in one: name which, as ${name}` })
    }
    return yield* Schema.decodeUnknownEffect(chosen.config)(input, { onExcessProperty: "error" }).pipe(
      Effect.mapError((error) => ofSchema(`The settings of the source "${chosen.id}" are wrong`, error))
    )
  })

  const chosenBy = (name: string) => Effect.flatMap(find(entries, name), ({ load }) => Effect.promise(load))

  /** The plugin as the name and the settings set it up, with its configuration. */
  const configured = Effect.fnUntraced(function* (name: string) {
    const generic = yield* chosenBy(name)
    const config = yield* configOf(generic, split(name)[1])
    const chosen = yield* Source.configured(generic, config).pipe(
      // What a source cannot be is a mistake in its name.
      Effect.mapError((error) => new UsageError({ message: error.message }))
    )
    return { chosen, config }
  })

  const plugin = Effect.fn("SourceRegistry.plugin")(function* (name: string) {
    const generic = yield* chosenBy(name)
    const isNamed = generic.argument === undefined || split(name)[1] !== undefined
    return generic.capabilitiesOf !== undefined && isNamed ? (yield* configured(name)).chosen : generic
  })

  const key = Effect.fn("SourceRegistry.key")(function* (name: string) {
    const generic = yield* chosenBy(name)
    if (generic.keys === undefined) return "none needed"
    const section = settings.sections[generic.id] ?? {}
    const isSet = (field: string) => (section[field] ?? settings.variables[generic.variables[field] ?? ""] ?? "") !== ""
    return generic.keys.some(isSet) ? "present" : "missing"
  })

  return { ids: entries.map(({ id }) => id), configured, plugin, key }
}

const make = Effect.fnUntraced(function* (entries: ReadonlyArray<Entry>, settings: Settings) {
  const http = yield* SourceHttp
  // A program that listens to nobody has none.
  const sockets = yield* Effect.serviceOption(SourceSockets)
  const scope = yield* Effect.scope
  const { configured, ids, key, plugin } = catalogue(entries, settings)
  const made = new Map<string, Registered>()
  const lock = yield* Semaphore.make(1)

  const get = Effect.fn("SourceRegistry.get")(
    function* (name: string) {
      const known = made.get(name)
      if (known !== undefined) return known
      const { chosen, config } = yield* configured(name)
      const { baseUrls, capabilities } = chosen
      const overrides = present(
        settings.variables,
        baseUrls.flatMap((base) => [base.variable, ...(base.otherwise === undefined ? [] : [base.otherwise])])
      )
      const forSockets = new Set(baseUrls.filter((base) => base.sockets === true).map((base) => base.variable))
      for (const [variable, url] of Object.entries(overrides)) {
        const form = forSockets.has(variable) ? /^(https?|wss?):\/\/./i : /^https?:\/\/./i
        if (form.test(url) && URL.canParse(url)) continue
        return yield* new UsageError({ message: `${variable} is no URL: "${url}". Write it as http://localhost:4010` })
      }
      const options: ClientOptions = {
        source: chosen.id,
        capabilities,
        baseUrls,
        overrides,
        account: accountOf(config)
      }
      const making = chosen
        .make(config)
        .pipe(
          Effect.provideService(HttpClient.HttpClient, http.clientFor(options)),
          Effect.provideService(Scope.Scope, scope)
        )
      const source = yield* Option.match(sockets, {
        onNone: () => making,
        onSome: ({ doorFor }) => Effect.provideService(making, SocketDoor.SocketDoor, doorFor(options))
      })
      const registered: Registered = { id: name, plugin: chosen, source }
      made.set(name, registered)
      return registered
    },
    (effect) => lock.withPermit(effect)
  )

  return SourceRegistry.of({ ids, plugin, key, check: (name) => Effect.asVoid(configured(name)), get })
})
