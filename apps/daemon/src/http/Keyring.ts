/** The keys that open this server: those of the database, and one that its environment may name. */
import { KeyStore, type StoreError } from "@tidemark/core"
import { ApiKey } from "@tidemark/runtime"
import { Clock, Context, Effect, Layer, type Redacted, Semaphore } from "effect"

/** One who has shown a key, or needs none. */
export interface Known {
  /** Of the key: no two have the same. */
  readonly id: string
  readonly name: string
  readonly scope: KeyStore.Scope
}

/** How long what the database said is believed: a key that another process revokes opens that much longer. */
const believedMillis = 10_000

export class Keyring extends Context.Service<
  Keyring,
  {
    /** Whether there is no key at all. */
    readonly isEmpty: Effect.Effect<boolean, StoreError.StoreError>
    /** Whether some key is for writing. */
    readonly canWrite: Effect.Effect<boolean, StoreError.StoreError>
    readonly find: (key: Redacted.Redacted) => Effect.Effect<Known | undefined, StoreError.StoreError>
    /** After a key was made or revoked here. */
    readonly forget: Effect.Effect<void>
  }
>()("@tidemark/daemon/Keyring") {
  /** `own`: a key that is in no database. */
  static readonly layer = (own: Redacted.Redacted | undefined) =>
    Layer.effect(
      Keyring,
      Effect.gen(function* () {
        const store = yield* KeyStore.KeyStore
        const one = yield* Semaphore.make(1)
        // Of what is believed: what was asked before it grew is believed no more.
        let generation = 0
        let kept: { readonly at: number; readonly byId: ReadonlyMap<string, KeyStore.Kept> } | undefined

        const fresh = Effect.map(Clock.currentTimeMillis, (now) =>
          kept !== undefined && now - kept.at < believedMillis ? kept.byId : undefined
        )
        const load = Effect.gen(function* () {
          const known = yield* fresh
          if (known !== undefined) return known
          const at = yield* Clock.currentTimeMillis
          const asked = generation
          const byId = new Map((yield* store.valid).map((key) => [key.id, key]))
          if (asked === generation) kept = { at, byId }
          return byId
        })
        const current = Effect.flatMap(fresh, (known) =>
          known === undefined ? one.withPermit(load) : Effect.succeed(known)
        )

        return Keyring.of({
          isEmpty: Effect.map(current, (byId) => byId.size === 0 && own === undefined),
          canWrite: Effect.map(
            current,
            (byId) => own !== undefined || [...byId.values()].some(({ scope }) => scope === "write")
          ),
          forget: Effect.sync(() => {
            generation++
            kept = undefined
          }),
          find: Effect.fnUntraced(function* (key) {
            if (own !== undefined && ApiKey.isSame(key, own))
              return { id: "TIDEMARK_API_KEY", name: "TIDEMARK_API_KEY", scope: "write" }
            const id = ApiKey.idOf(key)
            const found = id === undefined ? undefined : (yield* current).get(id)
            return found !== undefined && ApiKey.matches(key, found.hash) ? found : undefined
          })
        })
      })
    )
}
