/** The work of `tidemark sources rewrites`. */
import { SourceRegistry, UsageError, Verify } from "@tidemark/backfill"
import { Instant, SourceFile } from "@tidemark/core"
import { Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import { count, plural } from "../view/Format.ts"
import { render } from "../view/Table.ts"
import { items } from "./Lists.ts"
import { print, withRuntime } from "./Session.ts"

export interface RewritesInput {
  readonly source: string
  readonly symbols: Option.Option<string>
}

/** Files asked about at once. */
const lanes = 4

const compare = Effect.fnUntraced(function* ({ source, symbols }: RewritesInput) {
  const { source: asked } = yield* (yield* SourceRegistry.SourceRegistry).get(source)
  const { fileHash } = asked
  if (fileHash === undefined) {
    return yield* new UsageError.UsageError({ message: `Candles of ${source} do not come from files that it hashes` })
  }
  const wanted = new Set(items(symbols).map((symbol) => symbol.toUpperCase()))
  const files = (yield* (yield* SourceFile.SourceFiles).list(source)).filter(
    // Nothing came from those that were set aside.
    ({ series, status }) => status === "verified" && (wanted.size === 0 || wanted.has(series.symbol))
  )
  const changed = yield* Effect.forEach(
    files,
    (file) =>
      Effect.map(fileHash(file.url), (hash) => ({
        file,
        change: Option.isNone(hash)
          ? ("gone" as const)
          : hash.value === file.sha256
            ? undefined
            : ("rewritten" as const)
      })),
    { concurrency: lanes }
  )
  return { files, changed: changed.filter(({ change }) => change !== undefined) }
})

export const run = Effect.fnUntraced(function* (input: RewritesInput) {
  const { changed, files } = yield* compare(input).pipe(withRuntime("read"))
  const rows = changed.map(({ change, file }) => ({
    url: file.url,
    change,
    was: file.sha256,
    fetched_at: Instant.format(Math.floor(file.fetchedAt / 1000) * 1000),
    // What is gone can still be had page by page.
    next: Verify.command(file.series, file.interval, " --force")
  }))
  yield* print({
    json: () => ({ files: files.length, changed: rows }),
    text: () =>
      rows.length === 0
        ? `${plural(files.length, "file")}: none was written anew`
        : [
            render(
              ["file", "is", "fetched"],
              rows.map((row) => [row.url, row.change!, row.fetched_at])
            ),
            "",
            `${count(rows.length)} of ${plural(files.length, "file")} ${rows.length === 1 ? "has" : "have"} changed. What they hold now:`,
            ...new Set(rows.map((row) => `  ${row.next}`))
          ].join("\n")
  })
  yield* exitWith(rows.length === 0 ? 0 : 3)
})
