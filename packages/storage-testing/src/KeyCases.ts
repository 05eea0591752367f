/** Keys of the API: kept by their hashes, found by their names, revoked once. */
import { assert, type Vitest } from "@effect/vitest"
import { KeyStore } from "@tidemark/core"
import { Effect } from "effect"

const key = (id: string, change: Partial<KeyStore.Kept> = {}): KeyStore.Kept => ({
  id,
  name: `for ${id}`,
  scope: "read",
  createdAt: 1_000,
  revokedAt: undefined,
  hash: `hash of ${id}`,
  ...change
})

const told = ({ createdAt, id, name, revokedAt, scope }: KeyStore.Kept): KeyStore.Key => ({
  createdAt,
  id,
  name,
  revokedAt,
  scope
})

export const cases = (it: Vitest.MethodsNonLive<KeyStore.KeyStore>): void => {
  it.effect("K01 keys are found as they were added; one that was revoked stays so", () =>
    Effect.gen(function* () {
      const store = yield* KeyStore.KeyStore
      const [one, two] = [key("one", { createdAt: 2_000 }), key("two", { scope: "write" })]
      yield* Effect.forEach([one, two], store.add)
      assert.deepStrictEqual(yield* store.list, [told(two), told(one)])
      const valid = Effect.map(store.valid, (keys) => keys.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
      assert.deepStrictEqual(yield* valid, [one, two])
      assert.isTrue(yield* store.revoke("one", 5_000))
      assert.isFalse(yield* store.revoke("one", 6_000))
      assert.isFalse(yield* store.revoke("three", 6_000))
      assert.deepStrictEqual(yield* store.list, [told(two), { ...told(one), revokedAt: 5_000 }])
      assert.deepStrictEqual(yield* valid, [two])
    })
  )
}
