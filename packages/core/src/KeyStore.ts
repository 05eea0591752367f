/** Keys of the HTTP API: what of them is kept opens nothing. */
import { Context, type Effect, Schema } from "effect"
import type { EpochMillis } from "./Instant.ts"
import type { StoreError } from "./StoreError.ts"

/** `read` answers questions; `write` changes something, and may do all that `read` may. */
export const Scope = Schema.Literals(["read", "write"])
export type Scope = typeof Scope.Type

export interface Key {
  /** The beginning of the key: tells which it is. */
  readonly id: string
  /** For people. */
  readonly name: string
  readonly scope: Scope
  readonly createdAt: EpochMillis
  readonly revokedAt: EpochMillis | undefined
}

/** A key, with the SHA-256 of its text in hexadecimal digits. */
export interface Kept extends Key {
  readonly hash: string
}

export class KeyStore extends Context.Service<
  KeyStore,
  {
    /** By when they were made; also those that were revoked. */
    readonly list: Effect.Effect<ReadonlyArray<Key>, StoreError>
    readonly add: (key: Kept) => Effect.Effect<void, StoreError>
    /** Those that open something: all that were not revoked. */
    readonly valid: Effect.Effect<ReadonlyArray<Kept>, StoreError>
    /** `false` if there is none, or it was revoked before. */
    readonly revoke: (id: Key["id"], at: EpochMillis) => Effect.Effect<boolean, StoreError>
  }
>()("@tidemark/core/KeyStore") {}
