/** Work that is done again and again, each time that it was, and work that is wanted once. */
import { JobStore, Timeframe, Word } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Problems from "./Problems.ts"
import { At, AtText } from "./Values.ts"

export const Run = Schema.Struct({
  id: Schema.Int,
  job: Schema.String,
  due_at: At,
  started_at: At,
  heard_at: At,
  ended_at: Schema.NullOr(At),
  status: JobStore.Status,
  /** The process that runs it. */
  holder: Schema.String,
  result: Schema.Json,
  /** Lines for people. A list of runs has the end of a long one, and of a job's last run nothing. */
  log: Schema.String
})
export type Run = typeof Run.Type

/** Days back from now, at most: a century. */
const mostDays = 36_525

/** What a job tells its work: which series, how far back, and what is special to the work. */
export const Settings = Schema.Struct({
  /** Default: every active one, or every stored one. */
  symbols: Schema.optionalKey(Schema.Array(Word.Word)),
  /** Default: all eight that everything supports, or every stored one. */
  timeframes: Schema.optionalKey(Schema.Array(Timeframe.Timeframe)),
  /** Default: the first that can be reached of each symbol's. */
  source: Schema.optionalKey(Word.Word),
  /** Of a backfill. Default: 365. */
  days: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostDays }))),
  /** Instead of `days`: the first instant, as ISO 8601. */
  start: Schema.optionalKey(AtText),
  /** The first instant after the end. Default: now. */
  end: Schema.optionalKey(AtText),
  /** Of a backfill: ask for everything again. Of what is derived: make every row anew. */
  force: Schema.optionalKey(Schema.Boolean),
  /** Of the market regime: the rule. Default: `causal`. */
  profile: Schema.optionalKey(Schema.Literals(["classic", "causal"])),
  /** Of the jump model: the first day that it is trained on. Default: as before, or the first with features. */
  train_start: Schema.optionalKey(AtText),
  /** The first day that it is not trained on. Default: as before, or after 1,260 days. */
  train_end: Schema.optionalKey(AtText),
  /** The price of going from one regime to the other. Default: as before, or 50. */
  lambda: Schema.optionalKey(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)))
})
export type Settings = typeof Settings.Type

export const Job = Schema.Struct({
  name: Schema.String,
  work: Schema.String,
  /** Nothing: only when it is wanted. */
  cron: Schema.NullOr(Schema.String),
  time_zone: Schema.String,
  /** As they are kept; see `Settings`. */
  settings: Schema.Record(Schema.String, Schema.Json),
  is_paused: Schema.Boolean,
  wanted_at: Schema.NullOr(At),
  /** When it is due again. */
  next_at: Schema.NullOr(At),
  last_run: Schema.NullOr(Run)
})
export type Job = typeof Job.Type

const Name = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9_.-]{0,63}$/, {
    message: "a name of lower-case letters, figures and - _ . that begins with a letter or a figure"
  })
)

/** What of a job can be set; what is left out stays as it is. */
export const JobChange = Schema.Struct({
  work: Schema.optionalKey(Word.Word),
  cron: Schema.optionalKey(Word.Word),
  time_zone: Schema.optionalKey(Word.Word),
  settings: Schema.optionalKey(Settings),
  is_paused: Schema.optionalKey(Schema.Boolean)
})
export type JobChange = typeof JobChange.Type

/** Work that is wanted once, now. */
export const Wanted = Schema.Struct({
  /** Default: `backfill`. */
  work: Schema.optionalKey(Word.Word),
  ...Settings.fields
})
export type Wanted = typeof Wanted.Type

/** What happens in a run, in order: that somebody listens now, lines of its log, and its end. */
export const RunEvent = Schema.Union([
  Schema.Struct({ type: Schema.Literal("begin"), run: Run }),
  Schema.Struct({ type: Schema.Literal("log"), line: Schema.String }),
  Schema.Struct({ type: Schema.Literal("end"), run: Run })
])
export type RunEvent = typeof RunEvent.Type

const RunId = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }))

const known = [Problems.NotFound, ...Problems.ofStores] as const

export class Runs extends HttpApiGroup.make("runs")
  .add(
    HttpApiEndpoint.post("start", "/", {
      payload: Wanted,
      success: Run.pipe(HttpApiSchema.status(202)),
      error: Problems.ofStores
    }),
    HttpApiEndpoint.get("list", "/", {
      query: {
        job: Schema.optionalKey(Word.Word),
        /** Default: 50; the newest. */
        limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })))
      },
      success: Schema.Array(Run),
      error: Problems.ofStores
    }),
    HttpApiEndpoint.get("get", "/:id", { params: { id: RunId }, success: Run, error: known }),
    HttpApiEndpoint.get("events", "/:id/events", {
      params: { id: RunId },
      success: HttpApiSchema.StreamSse({ data: RunEvent }),
      error: known
    }),
    HttpApiEndpoint.post("cancel", "/:id/cancel", {
      params: { id: RunId },
      success: Run,
      error: [Problems.Conflict, ...known]
    })
  )
  .prefix("/runs") {}

export class Jobs extends HttpApiGroup.make("jobs")
  .add(
    HttpApiEndpoint.get("list", "/", { success: Schema.Array(Job), error: Problems.ofStores }),
    HttpApiEndpoint.get("get", "/:name", { params: { name: Word.Word }, success: Job, error: known }),
    HttpApiEndpoint.put("put", "/:name", {
      params: { name: Name },
      payload: Schema.Struct({
        ...JobChange.fields,
        work: Word.Word,
        cron: Word.Word
      }),
      success: Job,
      error: Problems.ofStores
    }),
    HttpApiEndpoint.patch("change", "/:name", {
      params: { name: Word.Word },
      payload: JobChange,
      success: Job,
      error: known
    }),
    HttpApiEndpoint.delete("remove", "/:name", { params: { name: Word.Word }, error: known }),
    HttpApiEndpoint.post("run", "/:name/run", {
      params: { name: Word.Word },
      success: Run.pipe(HttpApiSchema.status(202)),
      error: [Problems.Conflict, ...known]
    })
  )
  .prefix("/jobs") {}
