/**
 * A result as it comes out of DuckDB: chunks of at most 2,048 rows, column by
 * column. Everything that streams is made of these.
 */
import type { DuckDBDataChunk, DuckDBResult, DuckDBType } from "@duckdb/node-api"
import { type Array, Cause, Effect, Stream } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { Batch } from "../Columns.ts"
import * as Batches from "./Batches.ts"
import * as Failure from "./Failure.ts"
import type { Module } from "./Native.ts"
import * as Rows from "./Rows.ts"

export interface Chunks {
  readonly names: ReadonlyArray<string>
  readonly types: ReadonlyArray<DuckDBType>
  /** The next chunk, or `undefined` at the end. */
  readonly next: Effect.Effect<DuckDBDataChunk | undefined, SqlError>
}

/** The chunks of a result; `fetch` gives the next one, or nothing. A statement that gives no rows has none. */
export const make = (
  native: Module,
  result: DuckDBResult,
  fetch: Effect.Effect<DuckDBDataChunk | null, SqlError>
): Chunks => ({
  names: result.columnNames(),
  types: result.columnTypes(),
  next:
    result.returnType === native.ResultReturnType.QUERY_RESULT
      ? Effect.map(fetch, (chunk) => (chunk === null || chunk.rowCount === 0 ? undefined : chunk))
      : Effect.undefined
})

type TransformRows = (<A extends object>(rows: ReadonlyArray<A>) => ReadonlyArray<A>) | undefined

const decode = <A>(f: () => A): Effect.Effect<A, SqlError> =>
  Effect.try({
    try: f,
    catch: (cause) => Failure.of(cause instanceof Error ? cause.message : String(cause), "decode", cause)
  })

/** Every row of the result, as `read` makes them. */
export const collect = Effect.fnUntraced(function* <A>(
  chunks: Chunks,
  read: (chunk: DuckDBDataChunk) => ReadonlyArray<A>
): Effect.fn.Return<ReadonlyArray<A>, SqlError> {
  const rows: Array<A> = []
  for (let chunk = yield* chunks.next; chunk !== undefined; chunk = yield* chunks.next) {
    const ready = chunk
    for (const row of yield* decode(() => read(ready))) rows.push(row)
  }
  return rows
})

export const rows = (
  native: Module,
  chunks: Chunks,
  safeIntegers: boolean,
  transformRows: TransformRows
): Stream.Stream<object, SqlError> => {
  const reader = Rows.reader(native, chunks.names, chunks.types, safeIntegers)
  return fromPull(
    Effect.flatMap(chunks.next, (chunk) =>
      chunk === undefined
        ? Effect.undefined
        : decode(() => {
            const objects = reader.objects(chunk)
            return transformRows === undefined ? objects : transformRows(objects)
          })
    )
  )
}

/** Batches of `batchRows` rows (the last has what is left), or one per chunk. */
export const batches = (
  native: Module,
  chunks: Chunks,
  batchRows: number | undefined
): Stream.Stream<Batch, SqlError> =>
  Stream.unwrap(
    Effect.map(Effect.fromResult(Batches.reader(native, chunks.names, chunks.types)), (read) => {
      const gathered = gather(chunks, batchRows)
      return fromPull(
        Effect.flatMap(gathered, (slices) =>
          slices.length === 0
            ? Effect.undefined
            : Effect.map(Effect.fromResult(read(slices)), (batch): ReadonlyArray<Batch> => [batch])
        )
      )
    })
  )

/** An effect that takes the slices of the next batch from the chunks; none at the end. */
const gather = (
  chunks: Chunks,
  batchRows: number | undefined
): Effect.Effect<ReadonlyArray<Batches.Slice>, SqlError> => {
  let left: Batches.Slice | undefined
  return Effect.gen(function* () {
    const slices: Array<Batches.Slice> = []
    let wanted = batchRows ?? 1
    while (wanted > 0) {
      const slice: Batches.Slice | undefined = left ?? (yield* nextSlice(chunks))
      if (slice === undefined) break
      const to = batchRows === undefined ? slice.to : Math.min(slice.to, slice.from + wanted)
      slices.push({ ...slice, to })
      left = to < slice.to ? { ...slice, from: to } : undefined
      wanted -= to - slice.from
    }
    return slices
  })
}

const nextSlice = (chunks: Chunks) =>
  Effect.map(chunks.next, (chunk) => (chunk === undefined ? undefined : { chunk, from: 0, to: chunk.rowCount }))

const fromPull = <A>(pull: Effect.Effect<ReadonlyArray<A> | undefined, SqlError>): Stream.Stream<A, SqlError> =>
  Stream.fromPull(
    Effect.succeed(
      Effect.flatMap(pull, (items) =>
        items === undefined ? Cause.done() : Effect.succeed(items as Array.NonEmptyReadonlyArray<A>)
      )
    )
  )
