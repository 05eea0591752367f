/** `emulator serve`: listens until it is interrupted. */
import { CorporateAction, Instant, Interval } from "@tidemark/core"
import { Console, Effect, FileSystem, Option, Result } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import * as Dataset from "../Dataset.ts"
import * as Equity from "../Equity.ts"
import { Emulator, type Options, providers } from "../Emulator.ts"
import * as FaultText from "../FaultText.ts"
import * as KlineInterval from "../KlineInterval.ts"
import * as StreamFault from "../StreamFault.ts"

const instant = (name: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("ISO"),
    Flag.filterMap(Instant.parse, () => "an ISO date or date-time, such as 2024-01-31T12:00Z")
  )

const whole = (name: string, from: number, to: number) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (value) => value >= from && value <= to,
      () => `a whole number from ${from} to ${to}`
    )
  )

const userError = (userMessage: string) => (cause: unknown) => {
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new CliError.UserError({ cause, userMessage: `${userMessage}: ${detail}` })
}

const list = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")

/** What is served where nothing is named. */
const defaultSymbols = "BTC/USDT,ETH/USDT"

/** `FROM..TO` */
const hole = (text: string): Option.Option<Interval.Interval> => {
  const [from, to, ...more] = text.split("..").map((end) => Option.getOrUndefined(Instant.parse(end)))
  return from === undefined || to === undefined || from >= to || more.length > 0
    ? Option.none()
    : Option.some({ from, to })
}

const flags = {
  port: whole("port", 0, 65_535).pipe(
    Flag.withDescription("Port on 127.0.0.1; 0 for a free one"),
    Flag.withDefault(4010)
  ),
  binanceJson: Flag.String("binance-json").pipe(
    Flag.withMetavar("FILE,FILE"),
    Flag.withDescription("Recorded bodies of /api/v3/klines, for --symbol and --interval"),
    Flag.optional
  ),
  csv: Flag.String("csv").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("A file of the bulk archive, for --symbol and --interval"),
    Flag.optional
  ),
  cheap: Flag.Boolean("cheap").pipe(
    Flag.withDescription("A pattern that costs nothing, for load: --symbol, --interval, --from, --to"),
    Flag.withDefault(false)
  ),
  symbol: Flag.String("symbol").pipe(
    Flag.withDescription("Symbol of the recorded or cheap candles"),
    Flag.withDefault("BTCUSDT")
  ),
  interval: Flag.Literals("interval", KlineInterval.all).pipe(
    Flag.withDescription("Interval of the recorded or cheap candles"),
    Flag.withDefault("1h")
  ),
  symbols: Flag.String("symbols").pipe(
    Flag.withMetavar("A,B"),
    Flag.withDescription(
      `Synthetic symbols, beside those of --csv, --binance-json or --cheap (default: ${defaultSymbols}, alone)`
    ),
    Flag.optional
  ),
  equities: Flag.String("equities").pipe(
    Flag.withMetavar("A,B"),
    Flag.withDescription("Synthetic shares, and with ^ indices, for Massive, Yahoo and CBOE, with their options"),
    Flag.withDefault("AAPL,SPY,^SPX,^VIX")
  ),
  seed: Flag.Int("seed").pipe(Flag.withDescription("Seed of the synthetic candles"), Flag.withDefault(1)),
  from: instant("from").pipe(
    Flag.withDescription("First synthetic or cheap candle (2017-08-17T04:00Z)"),
    Flag.optional
  ),
  to: instant("to").pipe(Flag.withDescription("End of the synthetic or cheap candles (never)"), Flag.optional),
  holes: Flag.String("holes").pipe(
    Flag.withMetavar("FROM..TO,FROM..TO"),
    Flag.withDescription(
      "No provider has a candle that opens in these times, such as 2024-01-01T02:00Z..2024-01-01T05:00Z"
    ),
    Flag.filterMap(
      (text) => Option.map(Option.all(list(text).map(hole)), Interval.normalize),
      () => "times with .. between them, such as 2024-01-01T02:00Z..2024-01-01T05:00Z"
    ),
    Flag.withDefault([])
  ),
  listedAt: instant("listed-at").pipe(Flag.withDescription("Nothing before it is served"), Flag.optional),
  now: instant("now").pipe(Flag.withDescription("Freeze the time that candles are served up to"), Flag.optional),
  faults: Flag.String("faults").pipe(
    Flag.withMetavar("SPEC"),
    Flag.withDescription("Faults for the first requests, such as rate-limited:3,stall,html*2; see emulator faults"),
    Flag.mapEffect((text) =>
      Result.match(FaultText.parse(text), {
        onSuccess: (faults) => Effect.succeed(faults),
        onFailure: (detail) => Effect.fail(userError("--faults")(detail))
      })
    ),
    Flag.withDefault([])
  ),
  streamFaults: Flag.String("stream-faults").pipe(
    Flag.withMetavar("A,B"),
    Flag.withDescription("Faults for the first candles that streams tell as closed, one each; see emulator faults"),
    Flag.filterMap(
      (text) => Option.all(list(text).map(StreamFault.parse)),
      () => `names with commas between them, of ${Object.keys(StreamFault.all).join(", ")}`
    ),
    Flag.withDefault([])
  ),
  weightLimit: whole("weight-limit", 0, 1e9).pipe(
    Flag.withDescription("Request weight that may be spent in a window"),
    Flag.withDefault(6000)
  ),
  weightWindowMillis: whole("weight-window-ms", 1, 1e9).pipe(
    Flag.withDescription("Length of that window"),
    Flag.withDefault(60_000)
  ),
  latencyMillis: whole("latency-ms", 0, 1e9).pipe(
    Flag.withDescription("Every answer comes so much later"),
    Flag.withDefault(0)
  )
}

type Input = Command.Command.Config.Infer<typeof flags>

/** Streams tell of open candles so often, and of closed ones at most so late. */
const tickMillis = 500

/** 2100-01-01 */
const endOfCheap = 4_102_444_800_000

const readDatasets = Effect.fnUntraced(function* (input: Input) {
  const fs = yield* FileSystem.FileSystem
  const read = (file: string) => Effect.mapError(fs.readFileString(file), userError(`can't read ${file}`))
  const about = {
    symbol: input.symbol,
    interval: input.interval,
    listedAt: Option.getOrUndefined(input.listedAt)
  }
  const from = Option.getOrUndefined(input.from)
  const to = Option.getOrUndefined(input.to)
  const build = (make: () => ReadonlyArray<Dataset.Dataset>) =>
    Effect.try({ try: make, catch: userError("can't serve that") })

  const datasets: Array<Dataset.Dataset> = []
  if (Option.isSome(input.binanceJson)) {
    const texts = yield* Effect.forEach(list(input.binanceJson.value), read)
    datasets.push(...(yield* build(() => [Dataset.fromKlinesJson(texts, about)])))
  }
  if (Option.isSome(input.csv)) {
    const text = yield* read(input.csv.value)
    datasets.push(...(yield* build(() => [Dataset.fromCsv(text, about)])))
  }
  if (input.cheap) {
    const extent = { from: from ?? Dataset.firstTrade, to: to ?? endOfCheap }
    datasets.push(...(yield* build(() => [Dataset.cheap({ ...about, ...extent })])))
  }
  const symbols = Option.getOrElse(input.symbols, () => (datasets.length > 0 ? "" : defaultSymbols))
  const isThere = ({ interval, symbol }: Dataset.Dataset) =>
    datasets.some((one) => one.symbol === symbol && one.interval === interval)
  const synthetic = yield* build(() =>
    Dataset.synthetic({ symbols: list(symbols), seed: input.seed, from, to, listedAt: about.listedAt })
  )
  const all = [...datasets, ...synthetic.filter((one) => !isThere(one))]
  return input.holes.length === 0 ? all : all.map((one) => Dataset.withHoles(one, input.holes))
})

/** `BTCUSDT 1m 5m (synthetic, seed 1); ETHUSDT …` */
const describe = (datasets: ReadonlyArray<Dataset.Dataset>): string => {
  const groups = Map.groupBy(datasets, ({ description, symbol }) => `${symbol} (${description})`)
  return [...groups.values()]
    .map((group) => {
      const { description, symbol } = group[0]!
      return `${symbol} ${group.map(({ interval }) => interval).join(" ")} (${description})`
    })
    .join("; ")
}

/** Each with a split, a dividend a quarter, and its reports: something of everything. */
const equityOf = (symbol: string, seed: number): Equity.Equity => {
  const { Dividend, Earnings, Split } = CorporateAction
  const quarters = [2023, 2024, 2025].flatMap((year) =>
    ["02-09", "05-10", "08-09", "11-08"].map((day) => `${year}-${day}`)
  )
  return Equity.synthetic({
    symbol,
    seed,
    actions: [
      new Split({ exDate: "2024-06-10", from: 1, to: 4 }),
      ...quarters.map((exDate) => new Dividend({ exDate, amount: 0.24, currency: "USD" })),
      ...quarters.map((date) => new Earnings({ exDate: `${date.slice(0, 8)}01`, estimate: 1.5, reported: 1.6 }))
    ]
  })
}

const run = Effect.fnUntraced(function* (datasets: ReadonlyArray<Dataset.Dataset>) {
  const { url } = yield* Emulator
  const variables = [...new Set(providers.map(({ variable }) => `${variable}=${url}`))].join(" ")
  yield* Console.log(`Listening on ${url} as ${variables}: ${describe(datasets)}`)
  return yield* Effect.never
})

export const serve = Command.make("serve", flags).pipe(
  Command.withDescription("Serve market data on loopback as its providers do"),
  Command.withExamples([
    { command: "emulator serve --port 0", description: "Synthetic BTCUSDT and ETHUSDT on a free port" },
    {
      command: "emulator serve --faults rate-limited:3,stall,html*2",
      description: "The first four requests go wrong"
    }
  ]),
  Command.withHandler(
    Effect.fnUntraced(function* (input) {
      const datasets = yield* readDatasets(input)
      const frozen = Option.getOrUndefined(input.now)
      const options: Options = {
        datasets,
        equities: list(input.equities).map((symbol) =>
          Equity.withHoles(equityOf(symbol.toUpperCase(), input.seed), input.holes)
        ),
        port: input.port,
        faults: input.faults,
        streamFaults: input.streamFaults,
        tickMillis,
        weightLimit: input.weightLimit,
        weightWindowMillis: input.weightWindowMillis,
        latencyMillis: input.latencyMillis,
        // The weight limit would never end while its clock stands still.
        ...(frozen === undefined ? {} : { now: () => frozen, limiterNow: Date.now })
      }
      const listening = Emulator.layerListening(options)
      return yield* run(datasets).pipe(
        Effect.provide(listening),
        Effect.mapError((cause) => new CliError.UserError({ cause, userMessage: cause.message }))
      )
    })
  )
)
