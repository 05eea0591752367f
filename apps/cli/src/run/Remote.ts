/**
 * Asks a daemon instead of a database: what `--remote URL` means.
 *
 * A command that can be asked of a daemon names both ways; the others refuse
 * the flag, so that nobody takes the database at hand for the daemon's.
 */
import type { Client } from "@tidemark/api/Client"
import { Effect, Option } from "effect"
import * as Globals from "../flags/Globals.ts"
import { configuration } from "./Session.ts"

export type Asking = Client["Service"]

/** What a daemon answers where one is named, else what is found here. */
export const either = <A, E, R, A2, E2, R2>(ways: {
  readonly local: Effect.Effect<A, E, R>
  readonly remote: (client: Asking) => Effect.Effect<A2, E2, R2>
}) =>
  Effect.gen(function* () {
    const url = yield* Globals.remote
    if (Option.isNone(url)) return yield* ways.local
    const { api } = yield* configuration
    const { ask } = yield* Effect.promise(() => import("./RemoteClient.ts"))
    return yield* ask({ url: url.value, key: api.key }, ways.remote)
  })
