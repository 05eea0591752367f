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

/** A span as questions to a daemon have it. */
export const span = ({ from, to }: { readonly from?: number | undefined; readonly to?: number | undefined }) => ({
  ...(from === undefined ? {} : { start: from }),
  ...(to === undefined ? {} : { end: to })
})

/** Rows of a page that are asked for: as many as a page may have. */
const most = 10_000

/** Every page of a list, the first one first; there is at least one. */
export const pages = Effect.fnUntraced(function* <Page extends { readonly next: string | null }, E, R>(
  ask: (query: { readonly limit: number; readonly after?: string }) => Effect.Effect<Page, E, R>,
  limit = most
) {
  const first = yield* ask({ limit })
  const all: [Page, ...Array<Page>] = [first]
  for (let after = first.next; after !== null;) {
    const page: Page = yield* ask({ limit, after })
    all.push(page)
    after = page.next
  }
  return all
})
