/**
 * What is stored of a series, in figures that anybody can compare later: how
 * many candles, what is missing and why, and a hash of every range of rows.
 *
 * Ranges are calendar months in UTC, of candles of days and longer years, so
 * that a difference is told with the month it is in. A range's hash is that
 * of `ContentHash` over open time, prices, volume, quote volume and trades;
 * the hash of the series is the SHA-256 of its ranges' hashes in order.
 */
import {
  Candles,
  type CandleStore,
  ContentHash,
  type Gap,
  Instant,
  Interval,
  Provenance,
  type Revision,
  type Series,
  type StoreError,
  Timeframe
} from "@tidemark/core"
import { DateTime, Effect, Option, Schema, Stream } from "effect"
import { createHash } from "node:crypto"

/** An instant as it is written: ISO 8601. */
const At = Schema.String

export const Range = Schema.Struct({ from: At, to: At, rows: Schema.Int, hash: Schema.String })
export type Range = typeof Range.Type

export const SeriesCertificate = Schema.Struct({
  source: Schema.String,
  symbol: Schema.String,
  timeframe: Timeframe.Timeframe,
  provenance: Provenance.Provenance,
  from: At,
  to: At,
  /** Candles that there should be. */
  expected: Schema.Int,
  rows: Schema.Int,
  gaps: Schema.Array(
    Schema.Struct({
      from: At,
      to: At,
      missing: Schema.Int,
      cause: Schema.String,
      evidence: Schema.Array(Schema.String)
    })
  ),
  revisions: Schema.Struct({ count: Schema.Int, last: Schema.NullOr(At) }),
  /** Whether nothing was missing without a cause, and the rows were what had been stored. */
  verified: Schema.Boolean,
  hash: Schema.String,
  ranges: Schema.Array(Range)
})
export type SeriesCertificate = typeof SeriesCertificate.Type

/** The file that `verify --lock` writes. */
export const Certificate = Schema.Struct({
  tidemark_certificate: Schema.Literal(1),
  created_at: At,
  series: Schema.Array(SeriesCertificate),
  /** Of all the rest, so that a change of the file shows. */
  digest: Schema.String
})
export type Certificate = typeof Certificate.Type

/** The file is not what was written: its digest is not that of its content. */
export class Edited extends Schema.TaggedError<Edited>()("Edited", {}) {}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** SHA-256 of the content as JSON without spaces, the keys of every object in order. */
const digestOf = (content: object): string => {
  const ordered = (_: string, value: unknown): unknown =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value
  return createHash("sha256").update(JSON.stringify(content, ordered)).digest("hex")
}

export const make = (content: Omit<Certificate, "digest">): Certificate => ({ ...content, digest: digestOf(content) })

/** Fails with `Edited` where somebody has changed the file, and with a `SchemaError` where it is no certificate. */
export const fromText = Effect.fnUntraced(function* (text: string) {
  const file = yield* Schema.decodeEffect(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))(text)
  const certificate = yield* Schema.decodeUnknownEffect(Certificate)(file)
  const { digest, ...content } = file
  return digest === digestOf(content) ? certificate : yield* new Edited()
})

export const toText = (certificate: Certificate): string => `${JSON.stringify(certificate, null, 2)}\n`

export const seriesOf = ({ source, symbol, timeframe }: SeriesCertificate): Series.Series => ({
  source,
  symbol,
  timeframe
})

const instant = (text: string): Instant.EpochMillis => Option.getOrThrow(Instant.parse(text))
export const intervalOf = ({ from, to }: { readonly from: string; readonly to: string }): Interval.Interval => ({
  from: instant(from),
  to: instant(to)
})

/** The ranges that an interval is cut into. */
export const cut = (timeframe: Timeframe.Timeframe, interval: Interval.Interval): ReadonlyArray<Interval.Interval> => {
  const unit = Timeframe.isIntraday(timeframe) ? "month" : "year"
  const ranges: Array<Interval.Interval> = []
  for (let { from } = interval; from < interval.to;) {
    const next = DateTime.toEpochMillis(
      DateTime.add(DateTime.startOf(DateTime.makeUnsafe(from), unit), unit === "month" ? { months: 1 } : { years: 1 })
    )
    ranges.push({ from, to: Math.min(next, interval.to) })
    from = next
  }
  return ranges
}

/** `NaN` where a column is absent: what the source did not give. */
const columnsOf = (candles: Candles.Candles): ReadonlyArray<Float64Array> => {
  const absent = () => new Float64Array(Candles.length(candles)).fill(Number.NaN)
  const { close, high, low, open, openTime, quoteVolume, trades, volume } = candles
  return [openTime, open, high, low, close, volume, quoteVolume ?? absent(), trades ?? absent()]
}

/** Counts and hashes range by range, in one pass over batches that ascend. */
export const ranges = Effect.fnUntraced(function* <E, R>(
  timeframe: Timeframe.Timeframe,
  interval: Interval.Interval,
  batches: Stream.Stream<Candles.Candles, E, R>
): Effect.fn.Return<ReadonlyArray<Range>, E, R> {
  const pieces = cut(timeframe, interval)
  const hashes = pieces.map(() => ContentHash.make(8))
  let at = 0
  yield* Stream.runForEach(batches, (batch) =>
    Effect.sync(() => {
      for (let row = 0; row < batch.openTime.length;) {
        while (at < pieces.length - 1 && batch.openTime[row]! >= pieces[at]!.to) at++
        const end = Candles.lowerBound(batch.openTime, pieces[at]!.to)
        hashes[at]!.update(columnsOf(Candles.slice(batch, row, end)))
        row = end
      }
    })
  )
  return pieces.map((piece, i): Range => {
    const rows = hashes[i]!.rows()
    return { from: Instant.format(piece.from), to: Instant.format(piece.to), rows, hash: hashes[i]!.digest() }
  })
})

const hashOf = (all: ReadonlyArray<Range>): string => {
  const whole = createHash("sha256")
  for (const { hash } of all) whole.update(hash)
  return whole.digest("hex")
}

export interface Looked {
  readonly stored: Pick<CandleStore.StoredSeries, "series" | "provenance">
  readonly interval: Interval.Interval
  readonly expected: number
  readonly gaps: ReadonlyArray<Gap.Gap>
  readonly verified: boolean
}

/** The certificate of one series, whose rows it reads. */
export const certify = Effect.fn("Certificate.certify")(function* (
  store: CandleStore.CandleStore["Service"],
  { expected, gaps, interval, stored, verified }: Looked
): Effect.fn.Return<SeriesCertificate, StoreError.StoreError> {
  const { provenance, series } = stored
  const all = yield* ranges(series.timeframe, interval, store.read(series, interval))
  const revisions = yield* store.revisions(series, interval)
  const last = revisions.reduce((latest, { revisedAt }) => Math.max(latest, revisedAt), -Infinity)
  return {
    ...series,
    provenance,
    from: Instant.format(interval.from),
    to: Instant.format(interval.to),
    expected,
    rows: all.reduce((sum, { rows }) => sum + rows, 0),
    gaps: gaps.map((gap) => ({
      from: Instant.format(gap.interval.from),
      to: Instant.format(gap.interval.to),
      missing: gap.missing,
      cause: gap.cause,
      evidence: gap.evidence
    })),
    revisions: { count: revisions.length, last: last === -Infinity ? null : Instant.format(last) },
    verified,
    hash: hashOf(all),
    ranges: all
  }
})

/** A range of rows that is not what it was. */
export interface Difference {
  readonly series: Series.Series
  readonly was: Range
  readonly is: Pick<Range, "rows" | "hash">
  /** What is recorded of it since the certificate was made; none where something else changed the table, or the certificate. */
  readonly revisions: ReadonlyArray<Revision.Revision>
}

/** A range of rows of which all or a part was pruned since, as the ledger tells: gone for a reason. */
export interface Gone {
  readonly series: Series.Series
  readonly was: Range
  /** What is left of it, which no hash is known of. */
  readonly rows: number
  readonly prunedAt: Instant.EpochMillis
}

export interface Compared {
  readonly differences: ReadonlyArray<Difference>
  /** Ranges of which nothing is left. */
  readonly pruned: ReadonlyArray<Gone>
  /** Ranges of which a part is left, and nobody can say any more whether it is what it was. */
  readonly incomparable: ReadonlyArray<Gone>
}

/** Compares what is stored with a certificate, range by range. */
export const compare = Effect.fn("Certificate.compare")(function* (
  store: CandleStore.CandleStore["Service"],
  certificate: SeriesCertificate,
  createdAt: Instant.EpochMillis
): Effect.fn.Return<Compared, StoreError.StoreError> {
  const series = seriesOf(certificate)
  const interval = intervalOf(certificate)
  const now = yield* ranges(series.timeframe, interval, store.read(series, interval))
  const changed = now.flatMap((is, i) => {
    const was = certificate.ranges[i]
    return was === undefined || (was.hash === is.hash && was.rows === is.rows) ? [] : [{ is, was }]
  })
  if (changed.length === 0) return { differences: [], pruned: [], incomparable: [] }
  const coverage = yield* store.coverage(series)
  const revisions = (yield* store.revisions(series, interval)).filter(({ revisedAt }) => revisedAt >= createdAt)
  const differences: Array<Difference> = []
  const pruned: Array<Gone> = []
  const incomparable: Array<Gone> = []
  for (const { is, was } of changed) {
    const range = intervalOf(was)
    const runs = coverage.pruned.filter((run) => run.at >= createdAt && Interval.overlaps(run, range))
    const isAllGone = Interval.covers(Interval.normalize(runs), range)
    // Of a range that was pruned in part, what is left is less than there was; of one that is all gone, nothing is there.
    if (runs.length > 0 && (isAllGone ? is.rows === 0 : is.rows < was.rows)) {
      const gone = { series, was, rows: is.rows, prunedAt: Math.max(...runs.map(({ at }) => at)) }
      ;(is.rows === 0 ? pruned : incomparable).push(gone)
    } else {
      differences.push({
        series,
        was,
        is,
        revisions: revisions.filter(({ openTime }) => Interval.contains(range, openTime))
      })
    }
  }
  return { differences, pruned, incomparable }
})

export const createdAt = ({ created_at }: Certificate): Instant.EpochMillis => instant(created_at)
