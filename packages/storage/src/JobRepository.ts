/** `JobStore` over the tables `jobs` and `job_runs`. */
import { JobStore } from "@tidemark/core"
import { Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { Driver } from "./Driver.ts"
import * as Operation from "./Operation.ts"
import { epochMillis, timestamp, timestampText } from "./Timestamp.ts"

const Settings = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))
const decodeSettings = Schema.decodeSync(Settings)
const encodeSettings = Schema.encodeSync(Settings)
const Result = Schema.fromJsonString(Schema.Json)
const decodeResult = Schema.decodeSync(Result)
const encodeResult = Schema.encodeSync(Result)

interface JobRow {
  readonly name: string
  readonly work: string
  readonly cron: string
  readonly time_zone: string
  readonly settings: string
  readonly is_paused: boolean
  readonly since_ms: number
  readonly wanted_ms: number | null
}

interface RunRow {
  readonly run_id: number
  readonly job: string
  readonly due_ms: number
  readonly started_ms: number
  readonly heard_ms: number
  readonly ended_ms: number | null
  readonly status: JobStore.Status
  readonly holder: string
  readonly result: string
  readonly log: string
}

/** Stands for no schedule. */
const never = ""

const toJob = (row: JobRow): JobStore.Job => ({
  name: row.name,
  work: row.work,
  cron: row.cron === never ? undefined : row.cron,
  timeZone: row.time_zone,
  settings: decodeSettings(row.settings),
  isPaused: row.is_paused,
  since: Number(row.since_ms),
  wantedAt: row.wanted_ms === null ? undefined : Number(row.wanted_ms)
})

const fromJob = (job: JobStore.Job) => ({
  name: job.name,
  work: job.work,
  cron: job.cron ?? never,
  time_zone: job.timeZone,
  settings: encodeSettings(job.settings),
  is_paused: job.isPaused,
  since: timestampText(job.since),
  wanted_at: job.wantedAt === undefined ? null : timestampText(job.wantedAt)
})

const toRun = (row: RunRow): JobStore.Run => ({
  id: Number(row.run_id),
  job: row.job,
  dueAt: Number(row.due_ms),
  startedAt: Number(row.started_ms),
  heardAt: Number(row.heard_ms),
  endedAt: row.ended_ms === null ? undefined : Number(row.ended_ms),
  status: row.status,
  holder: row.holder,
  result: decodeResult(row.result),
  log: row.log
})

/** Of what was read of a log, one character more than fits says that there is more: then whole lines from the end. */
const endOf = (log: string): string =>
  Array.from(log).length <= JobStore.logEnd ? log : `…${log.slice(Math.max(1, log.indexOf("\n", 1)))}`

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { rowLock } = yield* Driver
  const operation = yield* Operation.make("jobs")

  const jobColumns = sql`name, work, cron, time_zone, settings, is_paused, ${epochMillis(sql, "since")} AS since_ms,
    ${epochMillis(sql, "wanted_at")} AS wanted_ms`
  const runColumnsWith = (log: Statement.Fragment) => sql`run_id, job, ${epochMillis(sql, "due_at")} AS due_ms,
    ${epochMillis(sql, "started_at")} AS started_ms, ${epochMillis(sql, "heard_at")} AS heard_ms,
    ${epochMillis(sql, "ended_at")} AS ended_ms, status, holder, result, ${log} AS log`
  const runColumns = runColumnsWith(sql`log`)
  const briefColumns = runColumnsWith(sql`''`)
  const endColumns = runColumnsWith(sql`right(log, ${JobStore.logEnd + 1})`)

  const list = Effect.map(operation("list jobs")(sql<JobRow>`SELECT ${jobColumns} FROM jobs ORDER BY name`), (rows) =>
    rows.map(toJob)
  ).pipe(Effect.withSpan("JobStore.list"))

  const seed = Effect.fn("JobStore.seed")(
    (jobs: ReadonlyArray<JobStore.Job>) =>
      Effect.forEach(jobs, (job) => sql`INSERT INTO jobs ${sql.insert(fromJob(job))} ON CONFLICT DO NOTHING`, {
        discard: true
      }).pipe(sql.withTransaction),
    operation("add jobs")
  )

  /** What follows from a job that is there, or from none. */
  const follow = <E, R>(
    name: string,
    next: (before: JobStore.Job | undefined) => Effect.Effect<JobStore.Job, E, R>
  ): Effect.Effect<JobStore.Job, SqlError.SqlError | E, R> =>
    Effect.gen(function* () {
      const [row] = yield* sql<JobRow>`SELECT ${jobColumns} FROM jobs WHERE name = ${name} ${sql.literal(rowLock)}`
      const after = yield* next(row && toJob(row))
      const { name: _, ...rest } = fromJob(after)
      if (row !== undefined) {
        yield* sql`UPDATE jobs SET ${sql.update(rest)} WHERE name = ${name}`
        return after
      }
      const added = yield* sql`INSERT INTO jobs ${sql.insert({ name, ...rest })} ON CONFLICT DO NOTHING RETURNING name`
      // There was no row to lock, and somebody else has added it meanwhile.
      return added.length > 0 ? after : yield* follow(name, next)
    })

  const put = Effect.fn("JobStore.put")(
    (job: JobStore.Job) => Effect.asVoid(sql.withTransaction(follow(job.name, () => Effect.succeed(job)))),
    operation("change a job")
  )

  const change: JobStore.JobStore["Service"]["change"] = (name, next) =>
    sql.withTransaction(follow(name, next)).pipe(operation("change a job"), Effect.withSpan("JobStore.change"))

  const want = Effect.fn("JobStore.want")(
    (name: string, now: number) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const there = yield* sql`SELECT name FROM jobs WHERE name = ${name} ${sql.literal(rowLock)}`
          yield* sql`UPDATE jobs SET ${sql.update({ wanted_at: timestampText(now) })} WHERE name = ${name}`
          return there.length > 0
        })
      ),
    operation("change a job")
  )

  const remove = Effect.fn("JobStore.remove")(
    (name: string) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const there = yield* sql`SELECT name FROM jobs WHERE name = ${name} ${sql.literal(rowLock)}`
          yield* sql`DELETE FROM job_runs WHERE job = ${name}`
          yield* sql`DELETE FROM jobs WHERE name = ${name}`
          return there.length > 0
        })
      ),
    operation("remove a job")
  )

  const runsOf = (job: string) => sql`FROM job_runs WHERE job = ${job}`

  const begin = Effect.fnUntraced(function* (
    claiming: JobStore.Claiming
  ): Effect.fn.Return<JobStore.Claim, SqlError.SqlError> {
    const { dueAt, holder, job: name, now, silence } = claiming
    const [row] = yield* sql<JobRow>`SELECT ${jobColumns} FROM jobs WHERE name = ${name} ${sql.literal(rowLock)}`
    if (row === undefined) return { _tag: "Idle" }
    const job = toJob(row)
    const [current] = (yield* sql<RunRow>`SELECT ${runColumns} ${runsOf(name)}
      AND status IN ${sql.in(JobStore.atWork)}`).map(toRun)
    if (current !== undefined && current.heardAt > now - silence) return { _tag: "Busy", run: current }
    if (current !== undefined) {
      const status = current.status === "cancelling" ? "cancelled" : "abandoned"
      yield* sql`UPDATE job_runs SET status = ${status}, ended_at = heard_at WHERE run_id = ${current.id}`
    }
    if (job.isPaused && job.wantedAt !== dueAt) return { _tag: "Idle" }
    const done = yield* sql`SELECT run_id ${runsOf(name)} AND due_at >= CAST(${timestampText(dueAt)} AS TIMESTAMP)
      AND status IN ${sql.in(JobStore.done)}`
    if (done.length > 0) return { _tag: "Idle" }
    const [{ id }] = (yield* sql<{ id: number }>`SELECT nextval('job_run_ids') AS id`) as [{ id: number }]
    const run: JobStore.Run = {
      id: Number(id),
      job: name,
      dueAt,
      startedAt: now,
      heardAt: now,
      endedAt: undefined,
      status: "running",
      holder,
      result: null,
      log: ""
    }
    yield* sql`INSERT INTO job_runs ${sql.insert({
      run_id: run.id,
      job: name,
      due_at: timestampText(dueAt),
      started_at: timestampText(now),
      heard_at: timestampText(now),
      ended_at: null,
      status: run.status,
      holder,
      result: encodeResult(run.result),
      log: run.log
    })}`
    return { _tag: "Claimed", run }
  })

  const claim = Effect.fn("JobStore.claim")(
    (claiming: JobStore.Claiming) => sql.withTransaction(begin(claiming)),
    operation("begin a job")
  )

  /** Changes a run that is still at work; gives it as it was. */
  const changeRun = (id: number, values: (run: JobStore.Run) => Readonly<Record<string, string>>) =>
    sql.withTransaction(
      Effect.gen(function* () {
        const [row] = yield* sql<RunRow>`SELECT ${briefColumns} FROM job_runs WHERE run_id = ${id}
          AND status IN ${sql.in(JobStore.atWork)} ${sql.literal(rowLock)}`
        if (row === undefined) return undefined
        const run = toRun(row)
        yield* sql`UPDATE job_runs SET ${sql.update(values(run))} WHERE run_id = ${id}`
        return run
      })
    )

  const heartbeat: JobStore.JobStore["Service"]["heartbeat"] = Effect.fn("JobStore.heartbeat")(
    ({ id }, now) =>
      Effect.map(
        changeRun(id, () => ({ heard_at: timestampText(now) })),
        (run) => (run === undefined ? "lost" : run.status === "cancelling" ? "cancelled" : "wanted")
      ),
    operation("keep a job")
  )

  const cancel: JobStore.JobStore["Service"]["cancel"] = Effect.fn("JobStore.cancel")(
    ({ id }, now, silence) =>
      Effect.map(
        changeRun(id, ({ heardAt }) =>
          heardAt > now - silence ? { status: "cancelling" } : { status: "cancelled", ended_at: timestampText(heardAt) }
        ),
        (run) => run !== undefined
      ),
    operation("cancel a run")
  )

  const finish: JobStore.JobStore["Service"]["finish"] = Effect.fn("JobStore.finish")(
    ({ id }, { endedAt, log, result, status }) =>
      Effect.map(
        changeRun(id, (run) => ({
          heard_at: timestampText(endedAt),
          ended_at: timestampText(endedAt),
          // Told to stop is told to stop, whoever said it first.
          status: run.status === "cancelling" && status === "interrupted" ? "cancelled" : status,
          result: encodeResult(result),
          log
        })),
        (run) => run !== undefined
      ),
    operation("end a job")
  )

  const run = Effect.fn("JobStore.run")(function* (id: number) {
    const [row] = yield* sql<RunRow>`SELECT ${runColumns} FROM job_runs WHERE run_id = ${id}`
    return row && toRun(row)
  }, operation("read a run"))

  const runs: JobStore.JobStore["Service"]["runs"] = Effect.fn("JobStore.runs")(function* ({ job, limit }) {
    const of = job === undefined ? sql`FROM job_runs` : runsOf(job)
    const rows = yield* sql<RunRow>`SELECT ${endColumns} ${of} ORDER BY run_id DESC LIMIT ${limit}`
    return rows.map((row) => toRun({ ...row, log: endOf(row.log) }))
  }, operation("list runs"))

  const newestDone = sql`SELECT max(run_id) FROM job_runs WHERE status IN ${sql.in(JobStore.done)} GROUP BY job`

  const lastDone = Effect.map(
    operation("list runs")(sql<RunRow>`SELECT ${briefColumns} FROM job_runs WHERE run_id IN (${newestDone})`),
    (rows) => new Map(rows.map((row) => [row.job, toRun(row)]))
  ).pipe(Effect.withSpan("JobStore.lastDone"))

  const atWork = Effect.map(
    operation("list runs")(
      sql<RunRow>`SELECT ${briefColumns} FROM job_runs WHERE status IN ${sql.in(JobStore.atWork)} ORDER BY run_id`
    ),
    (rows) => rows.map(toRun)
  ).pipe(Effect.withSpan("JobStore.atWork"))

  const forget = Effect.fn("JobStore.forget")(
    (before: number, onceBefore: number) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const over = sql`status NOT IN ${sql.in(JobStore.atWork)}`
          const ended = sql`${over} AND ended_at < ${timestamp(sql, before)}`
          const once = yield* sql<{ name: string }>`SELECT name FROM jobs WHERE cron = ${never} AND name IN (
            SELECT job FROM job_runs WHERE run_id IN (${newestDone}) AND ${over}
              AND ended_at < ${timestamp(sql, onceBefore)})`
          const old = yield* sql<{ run_id: number }>`SELECT run_id FROM job_runs WHERE ${ended}
            AND run_id NOT IN (${newestDone})`
          for (const { name } of once) {
            yield* sql`DELETE FROM job_runs WHERE job = ${name}`
            yield* sql`DELETE FROM jobs WHERE name = ${name}`
          }
          yield* sql`DELETE FROM job_runs WHERE ${ended} AND run_id NOT IN (${newestDone})`
          return old.length + once.length
        })
      ),
    operation("forget runs")
  )

  return JobStore.JobStore.of({
    list,
    seed,
    put,
    change,
    want,
    remove,
    claim,
    heartbeat,
    cancel,
    finish,
    run,
    atWork,
    runs,
    lastDone,
    forget
  })
})

export const layer = Layer.effect(JobStore.JobStore, make)
