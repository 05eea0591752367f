/** The work of `tidemark doctor`: what works here, and what to do about what does not. */
import { SourceRegistry } from "@tidemark/backfill"
import { CandleStore, Wording } from "@tidemark/core"
import { Runtime, Stores } from "@tidemark/runtime"
import { Query } from "@tidemark/storage"
import { Effect, Result } from "effect"
import { exitWith } from "../Failure.ts"
import { plural } from "../view/Format.ts"
import { render } from "../view/Table.ts"
import { configuration, print, withStores } from "./Session.ts"
import { reach } from "./sources.ts"

interface Finding {
  readonly what: string
  readonly ok: boolean
  readonly detail: string
}

const program: Effect.Effect<Finding> = Effect.sync(() => {
  const major = Number(process.versions.node.split(".")[0])
  return {
    what: "Node.js",
    ok: major >= 24,
    detail:
      major >= 24 ? process.version : `${process.version}; Tidemark needs 24, which npm ci brings: use npx tidemark`
  }
})

const database = Effect.gen(function* () {
  const look = Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    const { engine } = yield* Query.Query
    return { stored: yield* store.list, engine: yield* engine }
  })
  const result = yield* look.pipe(withStores("read"), Effect.result)
  if (Result.isFailure(result)) {
    const error = result.failure
    const detail = Wording.messageOf(error, Wording.flags)
    // Where nobody has started yet, nothing is wrong.
    return { what: "database", ok: error._tag === "StoreError" && error.reason._tag === "Absent", detail }
  }
  const { engine, stored } = result.success
  const rows = stored.reduce((sum, entry) => sum + entry.rows, 0)
  const { databaseUrl } = yield* configuration
  return {
    what: "database",
    ok: true,
    detail: `${Stores.label(databaseUrl)} (${engine}): ${stored.length} series, ${plural(rows, "candle")}`
  }
})

const sources = Effect.gen(function* () {
  const settings = yield* configuration
  return yield* Effect.gen(function* () {
    const registry = yield* SourceRegistry.SourceRegistry
    const reached = yield* Effect.forEach(registry.ids, reach, { concurrency: "unbounded" })
    return reached.map(({ detail, id, reachable }): Finding => ({ what: `source ${id}`, ok: reachable, detail }))
  }).pipe(Effect.provide(Runtime.sources(settings)))
})

/** Fails only for what stops everything: a source that cannot be reached is worth a line, not an error. */
export const run = Effect.fnUntraced(function* () {
  const essential = [yield* program, yield* database]
  const findings: ReadonlyArray<Finding> = [...essential, ...(yield* sources)]
  yield* print({
    json: () => findings,
    text: () =>
      render(
        ["", "", ""],
        findings.map(({ detail, ok, what }) => [ok ? "✓" : "✗", what, detail])
      )
  })
  yield* exitWith(essential.every(({ ok }) => ok) ? 0 : 1)
})
