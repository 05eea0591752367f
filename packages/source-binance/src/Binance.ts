/**
 * Binance: spot, and perpetual futures settled in their quote currency.
 *
 * Long ranges come from the bulk archive, file by file; what it does not have
 * yet, never had, or has damaged, comes over the REST interface. What closes
 * now is told over its streams. No key.
 */
import { Candles, Interval, SocketDoor, Source, SourceError, Timeframe } from "@tidemark/core"
import { Clock, Effect, Option, Schema, Semaphore, Stream } from "effect"
import * as Archive from "./Archive.ts"
import * as ArchivePlan from "./ArchivePlan.ts"
import * as Http from "./Http.ts"
import * as Instruments from "./Instruments.ts"
import * as KnownOutages from "./KnownOutages.ts"
import * as Market from "./Market.ts"
import * as Pages from "./Pages.ts"
import * as Tail from "./Tail.ts"

const id = "binance"

const Config = Schema.Struct({
  /** `off`: everything over the REST interface. */
  archive: Schema.Literals(["on", "off"]).pipe(Schema.withDecodingDefaultTypeKey(Effect.succeed("on" as const))),
  /** `off`: the outages that are listed here explain nothing; only what its symbols tell does. */
  outages: Schema.Literals(["on", "off"]).pipe(Schema.withDecodingDefaultTypeKey(Effect.succeed("on" as const)))
})
type Config = typeof Config.Type

const capabilities: Source.Capabilities = {
  assetClasses: ["crypto"],
  // Ours are Binance's names too.
  timeframes: Timeframe.all,
  pageSize: Market.pageSize,
  bytesPerCandle: 165,
  weightPerPage: 2,
  earliest: Market.spot.earliest,
  hosts: [...Market.all.map(({ host }) => host), Archive.host],
  lanes: 4,
  lagMillis: 2_000,
  tail: {
    // Futures have no seconds, and nobody keeps them up to date by streams.
    timeframes: Timeframe.all.filter((timeframe) => timeframe !== "1s"),
    seriesPerConnection: Tail.seriesPerConnection,
    hosts: Market.all.map(({ stream }) => stream.host)
  },
  venueOf: (subject) => (Market.of(subject)?.id === "usdm" ? "binance-usdm" : KnownOutages.venue),
  outages: KnownOutages.all,
  adjustment: "none",
  provenance: "observed"
}

const archiving: Source.Capabilities = {
  ...capabilities,
  // A day of seconds; a month of minutes has half as many.
  fileCandles: 86_400,
  cutAtOrAfter: ArchivePlan.cutAtOrAfter,
  cost: (subject, timeframe, interval, now) =>
    ArchivePlan.cost(Market.of(subject) ?? Market.spot, timeframe, interval, now)
}

/** Time for which an archive that cannot be reached is not asked again. */
const archivePauseMillis = 10 * 60_000
/** A file of a month that is older than this and is not there will not come any more. */
const monthMayComeMillis = 45 * 86_400_000

type PageStream = Stream.Stream<Source.CandlePage, SourceError.Reason>

const make = Effect.fnUntraced(function* (config: Config) {
  const http = yield* Http.make
  const door = yield* SocketDoor.SocketDoor
  const pages = Pages.make(http)
  const archive = Archive.make(http)
  const oldestOpens = new Map<string, number>()
  const probing = yield* Semaphore.make(1)
  let archiveFailures = 0
  let archiveAskedFrom = config.archive === "on" ? -Infinity : Infinity

  const fail =
    (subject?: Source.Subject, interval?: Interval.Interval) =>
    (reason: SourceError.Reason): SourceError.SourceError =>
      new SourceError.SourceError({
        source: id,
        ...(subject === undefined ? {} : { symbol: subject.symbol }),
        ...(interval === undefined ? {} : { from: interval.from, to: interval.to }),
        reason
      })

  const marketOf = (subject: Source.Subject): Effect.Effect<Market.Market, SourceError.Unsupported> => {
    const market = Market.of(subject)
    if (market !== undefined) return Effect.succeed(market)
    const detail = `Binance has pairs such as BTC/USDT and contracts such as BTC/USDT:USDT, not ${subject.symbol}`
    return Effect.fail(new SourceError.Unsupported({ detail }))
  }

  /** The open of the oldest candle, asked once; `undefined` if there is none. */
  const oldest = Effect.fnUntraced(function* (
    market: Market.Market,
    subject: Source.Subject,
    timeframe: Timeframe.Timeframe
  ) {
    const key = `${market.id} ${Market.symbolOf(subject)} ${timeframe}`
    const known = oldestOpens.get(key)
    if (known !== undefined) return known
    const first = yield* pages.oldest(market, subject, timeframe)
    if (first !== undefined) oldestOpens.set(key, first)
    return first
  }, probing.withPermit)

  /** One page of the file; where it cannot be had, what takes its place. */
  const fromFile = (
    market: Market.Market,
    request: Source.CandlesRequest,
    piece: ArchivePlan.FilePiece
  ): PageStream => {
    // The file may begin before the request, where nothing was listed yet.
    const interval = Interval.intersect(piece.interval, request.interval)!
    const byPages = pages.of(market, request, interval)
    return Stream.unwrap(
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        if (now < archiveAskedFrom) return byPages
        const fetched = yield* Effect.result(archive.fetch(market, request, request.timeframe, piece))
        if (fetched._tag === "Failure") {
          archiveFailures++
          // One failure may be a connection that broke; two in a row are the archive's.
          if (archiveFailures > 1) archiveAskedFrom = now + archivePauseMillis
          yield* Effect.logWarning(
            `A file of Binance's archive cannot be had, its REST interface is asked instead: ${SourceError.describe(fetched.failure)}`
          )
          return byPages
        }
        archiveFailures = 0
        if (Option.isNone(fetched.success)) {
          const mayCome = piece.kind === "monthly" && now - piece.interval.to < monthMayComeMillis
          return mayCome ? fromPieces(market, request, ArchivePlan.daysOf(request.timeframe, interval, now)) : byPages
        }
        const { value } = fetched.success
        if (value._tag === "Unsound") {
          yield* Effect.logWarning(`${value.file.url} is not used, it is asked for page by page: ${value.file.detail}`)
          return byPages.pipe(
            Stream.mapAccum(
              () => true,
              (isFirst, page) => [false, [isFirst ? { ...page, files: [value.file] } : page]] as const
            )
          )
        }
        const page = Source.page(request, interval, value.candles, now)
        return page === undefined ? Stream.empty : Stream.make({ ...page, files: [value.file] })
      })
    )
  }

  const fromPieces = (
    market: Market.Market,
    request: Source.CandlesRequest,
    pieces: ReadonlyArray<ArchivePlan.Piece>
  ): PageStream =>
    Stream.fromIterable(pieces).pipe(
      Stream.flatMap((piece) =>
        piece._tag === "File"
          ? fromFile(market, request, piece)
          : pages.of(market, request, Interval.intersect(piece.interval, request.interval)!)
      )
    )

  /** Leaves out what lies before the listing, up to where a file begins, with an empty page for it. */
  const afterListing = Effect.fnUntraced(function* (market: Market.Market, request: Source.CandlesRequest) {
    const { calendar, interval, timeframe } = request
    const first = yield* Effect.catch(oldest(market, request, timeframe), (reason) =>
      // A market that is no longer listed may have its files all the same.
      reason._tag === "NotListed" ? Effect.undefined : Effect.fail(reason)
    )
    if (first === undefined) return { before: Stream.empty, interval }
    if (first <= interval.from) {
      // What lies before the first candle belongs to nobody: a file that begins there is no more than what is asked for.
      const from = first === interval.from ? ArchivePlan.startOfFile(timeframe, interval.from) : interval.from
      return { before: Stream.empty, interval: { from, to: interval.to } }
    }
    const listed = Math.min(ArchivePlan.startOfFile(timeframe, calendar.openAtOrBefore(timeframe, first)), interval.to)
    const nothing = Interval.clamp(interval.from, listed)
    return {
      before: nothing === undefined ? Stream.empty : Stream.make({ interval: nothing, candles: Candles.empty }),
      interval: { from: Math.max(interval.from, listed), to: interval.to }
    }
  })

  const candles = (request: Source.CandlesRequest): Stream.Stream<Source.CandlePage, SourceError.SourceError> => {
    const { interval, timeframe } = request
    if (interval.from >= interval.to) return Stream.empty
    const all = Effect.gen(function* (): Effect.fn.Return<PageStream, SourceError.Reason> {
      const market = yield* marketOf(request)
      const now = yield* Clock.currentTimeMillis
      const hasFiles = (wanted: Interval.Interval) =>
        now >= archiveAskedFrom && ArchivePlan.plan(timeframe, wanted, now).some(({ _tag }) => _tag === "File")
      if (!hasFiles(interval)) return pages.of(market, request, interval)
      const known = yield* afterListing(market, request)
      const rest =
        known.interval.from < known.interval.to
          ? fromPieces(market, request, ArchivePlan.plan(timeframe, known.interval, now))
          : Stream.empty
      return Stream.concat(known.before, rest)
    })
    return Stream.mapError(Stream.unwrap(all), fail(request, interval))
  }

  const tail = (requests: ReadonlyArray<Source.TailRequest>): Stream.Stream<Source.Tailed, SourceError.SourceError> => {
    const [first] = requests
    if (first === undefined) return Stream.never
    const all = Effect.gen(function* () {
      const markets = new Set(yield* Effect.forEach(requests, marketOf))
      if (markets.size > 1) {
        const detail = "one connection has either spot or futures"
        return yield* Effect.fail(new SourceError.Unsupported({ detail }))
      }
      return Tail.listen(door, [...markets][0]!, requests)
    })
    return Stream.mapError(Stream.unwrap(all), fail())
  }

  const extent = (subject: Source.Subject, timeframe: Timeframe.Timeframe) =>
    marketOf(subject).pipe(
      Effect.flatMap((market) => oldest(market, subject, timeframe)),
      Effect.map((first) => (first === undefined ? Option.none<Source.Extent>() : Option.some({ first }))),
      Effect.mapError(fail(subject))
    )

  const fileHash = (url: string) => {
    const [host, ...path] = url.split("/")
    return host === Archive.host.name
      ? archive.checksum(`/${path.join("/")}`).pipe(
          Effect.flatMap((found) =>
            Option.isSome(found) && found.value === undefined
              ? Effect.fail(new SourceError.Malformed({ detail: `the CHECKSUM of ${url} cannot be read` }))
              : Effect.succeed(Option.map(found, (hash) => hash!))
          ),
          Effect.mapError(fail())
        )
      : Effect.succeedNone
  }

  const instruments = Effect.forEach(Market.all, (market) => Instruments.list(http, market)).pipe(
    Effect.map((lists) => lists.flat()),
    Effect.mapError(fail())
  )

  // Spot speaks for both: where one is reachable and the other is not, the series says so.
  const check = http.get(Market.spot.host.name, `${Market.spot.root}/ping`).pipe(Effect.asVoid, Effect.mapError(fail()))

  return { candles, tail, extent, instruments, fileHash, check } satisfies Source.Source
})

export const plugin = Source.define<Config>({
  id,
  description: "Binance spot and USD-M perpetuals, from its archive and its REST interface; no key",
  capabilities: archiving,
  capabilitiesOf: ({ archive, outages }) =>
    Effect.succeed({
      ...(archive === "on" ? archiving : capabilities),
      outages: outages === "on" ? KnownOutages.all : []
    }),
  config: Config,
  variables: { archive: "BINANCE_ARCHIVE", outages: "BINANCE_OUTAGES" },
  baseUrls: [
    { variable: "BINANCE_BASE_URL", hosts: Market.all.map(({ host }) => host.name) },
    {
      variable: "BINANCE_STREAM_URL",
      otherwise: "BINANCE_BASE_URL",
      hosts: Market.all.map(({ stream }) => stream.host),
      sockets: true
    },
    { variable: "BINANCE_ARCHIVE_URL", otherwise: "BINANCE_BASE_URL", hosts: [Archive.host.name] }
  ],
  make
})
