/**
 * Keys of the HTTP API. A key is 32 random bytes with a name of its own in
 * front; what is kept is its SHA-256, which needs no salt for a secret that
 * nobody can guess.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import type { KeyStore } from "@tidemark/core"
import { Clock, Effect, Redacted } from "effect"

const prefix = "tmk_"
const form = /^tmk_([a-f0-9]{12})_[A-Za-z0-9_-]{43}$/

const hashOf = (key: Redacted.Redacted): string => createHash("sha256").update(Redacted.value(key)).digest("hex")

/** Which key a text is one of; `undefined` for what is none. */
export const idOf = (key: Redacted.Redacted): string | undefined => form.exec(Redacted.value(key))?.[1]

/** A new key, and what is kept of it. */
export const make = Effect.fnUntraced(function* ({ name, scope }: Pick<KeyStore.Key, "name" | "scope">) {
  const id = randomBytes(6).toString("hex")
  const key = Redacted.make(`${prefix}${id}_${randomBytes(32).toString("base64url")}`)
  const kept: KeyStore.Kept = {
    id,
    name,
    scope,
    createdAt: yield* Clock.currentTimeMillis,
    revokedAt: undefined,
    hash: hashOf(key)
  }
  return { key, kept }
})

/** Takes as long for a key that is nearly right as for one that is not. */
export const matches = (key: Redacted.Redacted, hash: string): boolean => {
  const [a, b] = [Buffer.from(hashOf(key)), Buffer.from(hash)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Whether two texts are one, told as slowly as `matches`. */
export const isSame = (a: Redacted.Redacted, b: Redacted.Redacted): boolean => matches(a, hashOf(b))
