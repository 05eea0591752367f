/** Work that is done again and again, each time that it was, and work that is wanted once. */
import { JobStore, Timeframe } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Problems from "./Problems.ts"
import { At } from "./Values.ts"

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
  log: Schema.String
})
export type Run = typeof Run.Type

const Settings = Schema.Record(Schema.String, Schema.Json)

export const Job = Schema.Struct({
  name: Schema.String,
  work: Schema.String,
  /** Nothing: only when it is wanted. */
  cron: Schema.NullOr(Schema.String),
  time_zone: Schema.String,
  settings: Settings,
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
  work: Schema.optionalKey(Schema.NonEmptyString),
  cron: Schema.optionalKey(Schema.NonEmptyString),
  time_zone: Schema.optionalKey(Schema.NonEmptyString),
  settings: Schema.optionalKey(Settings),
  is_paused: Schema.optionalKey(Schema.Boolean)
})
export type JobChange = typeof JobChange.Type

/** Work that is wanted once, now. */
export const Wanted = Schema.Struct({
  /** Default: `backfill`. */
  work: Schema.optionalKey(Schema.NonEmptyString),
  symbols: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)),
  timeframes: Schema.optionalKey(Schema.Array(Timeframe.Timeframe)),
  source: Schema.optionalKey(Schema.NonEmptyString),
  /** Days back from now. Default: 365. */
  days: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Instead of `days`: ISO 8601. */
  start: Schema.optionalKey(Schema.String),
  /** The first instant after the end. Default: now. */
  end: Schema.optionalKey(Schema.String),
  /** Of a backfill: ask for everything again. */
  force: Schema.optionalKey(Schema.Boolean)
})
export type Wanted = typeof Wanted.Type

/** What happens in a run, in order: lines of its log, and its end. */
export const RunEvent = Schema.Union([
  Schema.Struct({ type: Schema.Literal("log"), line: Schema.String }),
  Schema.Struct({ type: Schema.Literal("end"), run: Run })
])
export type RunEvent = typeof RunEvent.Type

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
        job: Schema.optionalKey(Schema.String),
        /** Default: 50; the newest. */
        limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })))
      },
      success: Schema.Array(Run),
      error: Problems.ofStores
    }),
    HttpApiEndpoint.get("get", "/:id", { params: { id: Schema.Int }, success: Run, error: known }),
    HttpApiEndpoint.get("events", "/:id/events", {
      params: { id: Schema.Int },
      success: HttpApiSchema.StreamSse({ data: RunEvent }),
      error: known
    }),
    HttpApiEndpoint.post("cancel", "/:id/cancel", {
      params: { id: Schema.Int },
      success: Run,
      error: [Problems.Conflict, ...known]
    })
  )
  .prefix("/runs") {}

export class Jobs extends HttpApiGroup.make("jobs")
  .add(
    HttpApiEndpoint.get("list", "/", { success: Schema.Array(Job), error: Problems.ofStores }),
    HttpApiEndpoint.get("get", "/:name", { params: { name: Schema.String }, success: Job, error: known }),
    HttpApiEndpoint.put("put", "/:name", {
      params: { name: Name },
      payload: Schema.Struct({
        ...JobChange.fields,
        work: Schema.NonEmptyString,
        cron: Schema.NonEmptyString
      }),
      success: Job,
      error: Problems.ofStores
    }),
    HttpApiEndpoint.patch("change", "/:name", {
      params: { name: Schema.String },
      payload: JobChange,
      success: Job,
      error: known
    }),
    HttpApiEndpoint.delete("remove", "/:name", { params: { name: Schema.String }, error: known }),
    HttpApiEndpoint.post("run", "/:name/run", {
      params: { name: Schema.String },
      success: Run.pipe(HttpApiSchema.status(202)),
      error: [Problems.Conflict, ...known]
    })
  )
  .prefix("/jobs") {}
