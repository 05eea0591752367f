/**
 * Candles from the bulk archive: whole months and days as zipped CSV, each
 * with a checksum beside it.
 *
 * A file is used only if it is sound from end to end: the checksum is that of
 * its bytes, it unzips, and its rows are candles of its own span, in order.
 * One that is not is set aside with its evidence, and what it should have
 * held is asked for page by page instead.
 */
import {
  Calendar,
  Candles,
  type Interval,
  type Source,
  type SourceError,
  type SourceFile,
  type Timeframe
} from "@tidemark/core"
import { Effect, Option } from "effect"
import { createHash } from "node:crypto"
import * as ArchiveCsv from "./ArchiveCsv.ts"
import { type FilePiece, pathOf } from "./ArchivePlan.ts"
import type { Http } from "./Http.ts"
import { type Market, symbolOf } from "./Market.ts"
import * as Zip from "./Zip.ts"

export const host: Source.Host = { name: "data.binance.vision", bulk: true }

/** A file that could be used, or the evidence that it could not. */
export type Fetched =
  | { readonly _tag: "Sound"; readonly candles: Candles.Candles; readonly file: SourceFile.SourceFile }
  | { readonly _tag: "Unsound"; readonly file: SourceFile.SourceFile }

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** The hash that a CHECKSUM file gives for the file of its name. */
export const readChecksum = (text: string, fileName: string): string | undefined => {
  const [hash, name] = text.trim().split(/\s+/)
  return hash !== undefined && /^[0-9a-f]{64}$/i.test(hash) && name === fileName ? hash.toLowerCase() : undefined
}

export const make = (http: Http) => {
  /** What the archive says now of a file's content; `none` if it has no such file. */
  const checksum = Effect.fnUntraced(function* (path: string) {
    const found = yield* http.find(host.name, `${path}.CHECKSUM`)
    return Option.map(found, (bytes) =>
      readChecksum(new TextDecoder().decode(bytes), path.slice(path.lastIndexOf("/") + 1))
    )
  })

  /** Its rows, or what is wrong with it in words. */
  const open = Effect.fnUntraced(function* (
    zip: Uint8Array,
    span: Interval.Interval,
    grid: Parameters<typeof Calendar.crowding>[1]
  ) {
    const csv = yield* Effect.result(Zip.extract(zip))
    if (csv._tag === "Failure") return csv.failure.detail
    const candles = ArchiveCsv.decode(csv.success)
    if (typeof candles === "string") return candles
    if (Candles.length(candles) === 0) return "it holds no candle"
    return Candles.invalidity(candles, span) ?? Calendar.crowding(candles.openTime, grid) ?? candles
  })

  /** The file, sound or not; `none` if the archive does not have it. */
  const fetch = Effect.fnUntraced(function* (
    market: Market,
    subject: Source.Subject,
    timeframe: Timeframe.Timeframe,
    piece: FilePiece
  ): Effect.fn.Return<Option.Option<Fetched>, SourceError.Reason> {
    const path = pathOf(market, symbolOf(subject), timeframe, piece)
    const [promised, found] = yield* Effect.all([checksum(path), http.find(host.name, path)], { concurrency: 2 })
    if (Option.isNone(promised) || Option.isNone(found)) return Option.none()
    const zip = found.value
    const hash = sha256(zip)
    const file = { url: `${host.name}${path}`, interval: piece.interval, sha256: hash, bytes: zip.length }
    const unsound = (detail: string) =>
      Option.some<Fetched>({ _tag: "Unsound", file: { ...file, status: "quarantined", detail } })
    if (promised.value === undefined) return unsound("its CHECKSUM file cannot be read")
    if (promised.value !== hash) return unsound(`its checksum is to be ${promised.value}`)
    const candles = yield* open(zip, piece.interval, { calendar: subject.calendar, timeframe })
    return typeof candles === "string"
      ? unsound(candles)
      : Option.some<Fetched>({ _tag: "Sound", candles, file: { ...file, status: "verified" } })
  })

  return { fetch, checksum }
}
