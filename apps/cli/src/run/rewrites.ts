/** The work of `tidemark sources rewrites`. */
import { Fetch, SourceRegistry, UsageError, Verify } from "@tidemark/backfill"
import { Instant, SourceError, SourceFile } from "@tidemark/core"
import { Console, Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import { count, plural } from "../view/Format.ts"
import { render } from "../view/Table.ts"
import { items } from "./Lists.ts"
import { checkSources, print, withRuntime } from "./Session.ts"

export interface RewritesInput {
  readonly source: string
  readonly symbols: Option.Option<string>
}

/** What has become of a file; nothing where it is as it was. */
interface Answer {
  readonly file: SourceFile.FileRecord
  readonly change: "gone" | "rewritten" | "unknown" | undefined
  readonly why?: string
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
  const all = yield* (yield* SourceFile.SourceFiles).list(source)
  const known = new Set(all.map(({ series }) => series.symbol))
  const strangers = [...wanted].filter((symbol) => !known.has(symbol))
  if (strangers.length > 0) {
    const names = strangers.join(", ")
    return yield* new UsageError.UsageError({ message: `No candles of ${names} came from files of ${source}` })
  }
  const files = all.filter(
    // Nothing came from those that were set aside.
    ({ series, status }) => status === "verified" && (wanted.size === 0 || wanted.has(series.symbol))
  )
  const answers = yield* Effect.forEach(
    files,
    (file) =>
      Fetch.patiently(fileHash(file.url)).pipe(
        Effect.map((hash): Answer => ({
          file,
          change: Option.isNone(hash) ? "gone" : hash.value === file.sha256 ? undefined : "rewritten"
        })),
        // One that cannot be asked about says nothing of the others.
        Effect.catch((error) =>
          Effect.succeed<Answer>({ file, change: "unknown", why: SourceError.describe(error.reason) })
        )
      ),
    { concurrency: lanes }
  )
  return { files, answers: answers.filter(({ change }) => change !== undefined) }
})

export const run = Effect.fnUntraced(function* (input: RewritesInput) {
  yield* checkSources(Option.some(input.source))
  const { answers, files } = yield* compare(input).pipe(withRuntime("read"))
  const failed = answers.filter(({ change }) => change === "unknown")
  const rows = answers
    .filter(({ change }) => change !== "unknown")
    .map(({ change, file }) => ({
      url: file.url,
      change,
      was: file.sha256,
      fetched_at: Instant.format(Math.floor(file.fetchedAt / 1000) * 1000),
      // What is gone can still be had page by page.
      next: Verify.command(file.series, file.interval, " --force")
    }))
  yield* print({
    json: () => ({
      files: files.length,
      changed: rows,
      unknown: failed.map(({ file, why }) => ({ url: file.url, error: why }))
    }),
    text: () =>
      rows.length === 0
        ? `${plural(files.length - failed.length, "file")}: none was written anew`
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
  if (failed.length > 0) {
    const { file, why } = failed[0]!
    yield* Console.error(
      `tidemark: ${plural(failed.length, "file")} could not be asked about, the first of them ${file.url}: ${why}; run it again`
    )
  }
  yield* exitWith(rows.length === 0 && failed.length === 0 ? 0 : failed.length === files.length ? 1 : 3)
})
