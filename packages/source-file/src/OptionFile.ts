/**
 * Option chains from the user's own file: CBOE's "quotedata" CSV, or a table
 * of contracts as CSV or Parquet, plain or gzipped. A table may hold chains of
 * several moments.
 *
 * Every row of a chain is a contract of it or stands, in words, in
 * `unreadable`; every row that belongs to no chain stands in `unplaced`.
 * Figures are as the file gives them.
 */
import { type Calendar, ChainRows, Instant, OccSymbol, type OptionChain, SourceError } from "@tidemark/core"
import { Clock, Effect, type Result, type Scope, Stream } from "effect"
import { open as openFile, readFile } from "node:fs/promises"
import { constants, gunzipSync } from "node:zlib"
import * as ContractRows from "./ContractRows.ts"
import * as QuoteData from "./QuoteData.ts"

export const id = "file"

export interface Options {
  /** Canonical symbol of the underlying. */
  readonly symbol: string
  /** By which it trades: a day without a time means the close of its session. */
  readonly calendar: Calendar.Calendar
  /**
   * The moment that the quotes are of, where the file does not say or is wrong; of a table with several moments, the
   * one that is wanted.
   */
  readonly at?: Instant.EpochMillis | undefined
  /** Price of the underlying then, where the file does not say or is wrong: of one moment only. */
  readonly spot?: number | undefined
}

/** What a file shows of one moment. */
export interface Moment {
  readonly at: Instant.EpochMillis
  /** The chain, or why there is none. */
  readonly chain: Result.Result<OptionChain.OptionChain, SourceError.SourceError>
}

export interface OptionFile {
  /** Those that it is read for, ascending; at least one. */
  readonly moments: ReadonlyArray<Instant.EpochMillis>
  /**
   * Rows whose time cannot be read, of a file with several moments (in one with a single moment they are of that), and
   * rows that name no underlying, of a file with several.
   */
  readonly unplaced: ContractRows.Unplaced
  /** One for each of the moments, in their order; a moment is read when it is asked for, and one at a time is held. */
  readonly chains: Stream.Stream<Moment, SourceError.SourceError>
}

/** What is wrong with the file, in words. */
const bad = (detail: string) => Effect.fail(new SourceError.Misconfigured({ detail }))

/** More than any exchange lists of one underlying; the whole of a quotedata file is held in memory. */
const maxTextBytes = 256 * 1024 * 1024
/** Enough to tell a quotedata file by. */
const headBytes = 64 * 1024

const headOf = async (path: string): Promise<Uint8Array> => {
  const file = await openFile(path)
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(headBytes), 0, headBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** The text of a file, unzipped: all of it, or as much as tells what it is. */
const textOf = (path: string, part: "head" | "all") =>
  Effect.tryPromise({
    try: async () => {
      const bytes = await (part === "head" ? headOf(path) : readFile(path))
      // Of a head there is more to come; a whole file that ends before its end is damaged.
      const finishFlush = part === "head" ? constants.Z_SYNC_FLUSH : constants.Z_FINISH
      const plain = /\.gz$/i.test(path) ? gunzipSync(bytes, { maxOutputLength: maxTextBytes, finishFlush }) : bytes
      return Buffer.from(plain).toString("utf8")
    },
    catch: (cause) => {
      const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "unreadable"
      return new SourceError.Misconfigured({ detail: code === "ENOENT" ? "there is no such file" : `it is ${code}` })
    }
  })

const ofQuoteData = ({ at, rows, spot }: QuoteData.QuoteData): ContractRows.ContractRows => ({
  timeColumn: undefined,
  moments: at === undefined ? [] : [at],
  timed: at === undefined ? 0 : rows.length,
  timeless: { rows: 0, lines: [] },
  nameless: { rows: 0, lines: [] },
  read: () => Effect.succeed({ rows, spot })
})

const load = Effect.fnUntraced(function* (path: string, options: Options) {
  if (/\.(parquet|pq)(\.gz)?$/i.test(path) || !QuoteData.recognises(yield* textOf(path, "head"))) {
    return yield* ContractRows.load(path, options)
  }
  const data = QuoteData.decode(yield* textOf(path, "all"))
  return typeof data === "string" ? yield* bad(data) : ofQuoteData(data)
})

const dayMillis = 86_400_000

/** Whether contracts of a root are of the symbol: `SPXW` is of `^GSPC`, `AAPL1` of `AAPL`. Pairs have no such roots. */
const isOf = (symbol: string, root: string): boolean => {
  const letters = (text: string) => text.replaceAll(/[^A-Z0-9]/gi, "").toUpperCase()
  return symbol.includes("/") || root === "" || letters(root).startsWith(letters(OccSymbol.nameOf(symbol)))
}

type Rows = ContractRows.Rows["rows"]

/** Rows of other underlyings are none of the chain. Where all are, somebody has named the wrong one: their roots. */
const ownRows = (rows: Rows, symbol: string): Rows | { readonly roots: string } => {
  const isOwn = (row: ChainRows.Row) => isOf(symbol, row.root)
  const contracts = rows.filter((row) => typeof row !== "string")
  if (contracts.length > 0 && !contracts.some(isOwn)) {
    return { roots: [...new Set(contracts.map(({ root }) => root))].slice(0, 3).join(", ") }
  }
  return rows.map((row) =>
    typeof row === "string" || isOwn(row) ? row : `${row.label} is of ${row.root}, not of ${symbol}`
  )
}

/** The one moment that is meant: what the option says counts, as far as the file may mean the same. */
const oneMoment = Effect.fnUntraced(function* (said: Instant.EpochMillis | undefined, options: Options) {
  const at = options.at ?? said
  if (at === undefined) {
    return yield* bad(
      "it does not say of which moment its quotes are; say so with --at, such as --at 2022-12-12T21:00Z"
    )
  }
  const problem = ChainRows.problemOfMoment(at, yield* Clock.currentTimeMillis)
  if (problem !== undefined) {
    const given = options.at === undefined ? "" : `by --at ${Instant.format(options.at)} `
    return yield* bad(`${given}${problem}; say with --at of which moment its quotes are`)
  }
  if (said !== undefined && Math.abs(at - said) > dayMillis) {
    return yield* bad(
      `it says to be of ${Instant.format(said)}, and --at of ${Instant.format(at)}; leave --at out, ` +
        "or take away what the file says"
    )
  }
  return at
})

/** With fewer rows to each of more moments a column tells when contracts were traded, not when a chain was looked at. */
const fewestRows = 2
const someMoments = 10

/** Of several moments those that are wanted: the one of the option, else all. */
const severalMoments = Effect.fnUntraced(function* (
  { moments, timeColumn, timed }: ContractRows.ContractRows,
  { at, spot }: Options
) {
  const [first, last] = [Instant.format(moments[0]!), Instant.format(moments.at(-1)!)]
  const held = `it holds ${moments.length} moments in "${timeColumn}", from ${first} to ${last}`
  if (timed < fewestRows * moments.length && moments.length > someMoments) {
    return yield* bad(
      `${held}, of ${timed} rows: a chain has more contracts, so these are times of single trades; ` +
        "take that column out, and say with --at of which moment the quotes are"
    )
  }
  if (at === undefined && spot !== undefined) {
    return yield* bad(
      `${held}, and --spot ${spot} cannot be the price of all of them; leave --spot out and give each row its price ` +
        `in a column "underlying_price", or choose a moment, such as --at ${last}`
    )
  }
  if (at === undefined) return moments
  if (moments.includes(at)) return [at]
  return yield* bad(
    `${held}, and none is of --at ${Instant.format(at)}; choose one of them, such as --at ${last}, ` +
      "or leave --at out for all of them"
  )
})

const chainOf = Effect.fnUntraced(function* (
  at: Instant.EpochMillis,
  { rows, spot }: ContractRows.Rows,
  options: Options
) {
  const { symbol } = options
  const own = ownRows(rows, symbol)
  if ("roots" in own) {
    return yield* bad(
      `its contracts are named ${own.roots}, and those of ${symbol} are not; name what they are of with --symbol`
    )
  }
  const now = yield* Clock.currentTimeMillis
  const chain = ChainRows.chain({ symbol, source: id, at, spot: options.spot ?? spot, rows: own }, now)
  return typeof chain === "string" ? yield* bad(chain) : chain
})

/** A moment among others: what is wrong with it can be corrected in the file alone. */
const chainAmongOthers = Effect.fnUntraced(function* (
  at: Instant.EpochMillis,
  rows: ContractRows.Rows,
  column: string | undefined,
  options: Options
) {
  const problem = ChainRows.problemOfMoment(at, yield* Clock.currentTimeMillis)
  return problem === undefined
    ? yield* chainOf(at, rows, options)
    : yield* bad(`${problem}; correct it in "${column}", or take the rows of it out`)
})

const errorOf = (path: string, { symbol }: Options, reason: SourceError.Reason): SourceError.SourceError => {
  const said =
    reason._tag === "Misconfigured" ? new SourceError.Misconfigured({ detail: `${path}: ${reason.detail}` }) : reason
  return new SourceError.SourceError({ source: id, symbol, reason: said })
}

const opened = Effect.fnUntraced(function* (path: string, options: Options) {
  const held = yield* load(path, options)
  const several = held.moments.length > 1
  const moments = several ? yield* severalMoments(held, options) : [yield* oneMoment(held.moments[0], options)]
  const withPath = Effect.mapError((reason: SourceError.Reason) => errorOf(path, options, reason))
  const momentOf = Effect.fnUntraced(function* (at: Instant.EpochMillis) {
    const rows = yield* withPath(held.read(several ? at : undefined))
    const chain = several ? chainAmongOthers(at, rows, held.timeColumn, options) : chainOf(at, rows, options)
    const moment: Moment = { at, chain: yield* Effect.result(withPath(chain)) }
    return moment
  })
  const file: OptionFile = {
    moments,
    unplaced: several
      ? {
          rows: held.timeless.rows + held.nameless.rows,
          lines: [...held.nameless.lines, ...held.timeless.lines]
        }
      : held.nameless,
    chains: Stream.mapEffect(Stream.fromIterable(moments), momentOf)
  }
  return file
})

/**
 * Opens a file for the life of the scope, and says which moments it holds.
 * What is wrong with all of it is `Misconfigured`, with the path and the way
 * out; what is wrong with one of several moments is said where that is read.
 */
export const open = (path: string, options: Options): Effect.Effect<OptionFile, SourceError.SourceError, Scope.Scope> =>
  Effect.mapError(opened(path, options), (reason) => errorOf(path, options, reason))

/** The chain of a file that holds one, or of several moments that of `at`; every row of it counts, or it fails. */
export const read = (path: string, options: Options): Effect.Effect<OptionChain.OptionChain, SourceError.SourceError> =>
  Effect.gen(function* () {
    const { chains, moments, unplaced } = yield* open(path, options)
    const [first, last] = [Instant.format(moments[0]!), Instant.format(moments.at(-1)!)]
    const problem =
      moments.length > 1
        ? `it holds ${moments.length} moments, from ${first} to ${last}; say which with --at ${last}`
        : unplaced.rows > 0
          ? `${unplaced.rows} of its rows belong to none of its moments: ${ChainRows.summary(unplaced.lines)}`
          : undefined
    if (problem !== undefined) return yield* Effect.mapError(bad(problem), (reason) => errorOf(path, options, reason))
    const [moment] = yield* Stream.runCollect(chains)
    return yield* Effect.fromResult(moment!.chain)
  }).pipe(Effect.scoped)
