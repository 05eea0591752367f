/** What a command's work has at hand: the configuration, and stores and sources made from it. */
import * as UsageError from "@tidemark/backfill/UsageError"
import * as Configuration from "@tidemark/runtime/Configuration"
import * as Runtime from "@tidemark/runtime/Runtime"
import * as Sources from "@tidemark/runtime/Sources"
import type * as Stores from "@tidemark/runtime/Stores"
import { Console, Effect, Option } from "effect"
import * as Globals from "../flags/Globals.ts"

/** The configuration that the flags, the environment and the files give. */
export const configuration = Effect.gen(function* () {
  return yield* Configuration.load({ database: yield* Globals.database, config: yield* Globals.config })
})

/** Fails for a source that is named and that there is not: a slip in a name must not pass for one with nothing of it. */
export const checkSources = Effect.fnUntraced(function* (...names: ReadonlyArray<Option.Option<string>>) {
  const { configured } = Sources.catalogue(yield* configuration)
  yield* Effect.forEach(names.flatMap(Option.toArray), configured, { discard: true })
})

/** The configuration, for what works on the database itself; fails where a daemon is to be asked. */
export const localConfiguration = Effect.gen(function* () {
  const remote = yield* Globals.remote
  if (Option.isNone(remote)) return yield* configuration
  return yield* new UsageError.UsageError({
    message:
      `This works on the database itself and cannot be asked of ${remote.value}. What a daemon can be asked: ` +
      "backfill, coverage, gaps list, status, verify, quality list, export, regime, gamma show|plot, signals, symbols add|list|remove, sources list, jobs, keys, alerts list. " +
      "Leave --remote (TIDEMARK_REMOTE) out"
  })
})

/** Gives a command stores and sources. Only `write` makes a database; the others fail without one unless they say otherwise. */
export const withRuntime =
  (mode: Stores.Mode, otherwise?: Stores.Otherwise) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(localConfiguration, (settings) => Effect.provide(effect, Runtime.layer(settings, mode, otherwise)))

/** Gives a command stores only. */
export const withStores =
  (mode: Stores.Mode, otherwise?: Stores.Otherwise) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(localConfiguration, (settings) => Effect.provide(effect, Runtime.stores(settings, mode, otherwise)))

/** Prints the result: as JSON if the user asks for it, else as text. */
export const print = Effect.fnUntraced(function* (result: {
  readonly json: () => unknown
  readonly text: () => string
}) {
  yield* Console.log((yield* Globals.json) ? JSON.stringify(result.json(), null, 2) : result.text())
})
