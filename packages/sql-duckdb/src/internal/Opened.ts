/**
 * The open database, and how it is opened again.
 *
 * Once it cannot be trusted any more (see `Health`), whoever still has
 * something of it is refused with the reason, and gives it back. The first who
 * comes when nobody has anything of it closes it and opens it again. Nobody
 * waits for the others to give back: who reads while a stream of theirs is open
 * would wait for themselves.
 */
import type { DuckDBInstance } from "@duckdb/node-api"
import { Effect, Exit, Scope, Semaphore } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import * as Failure from "./Failure.ts"
import * as Health from "./Health.ts"
import type { Module } from "./Native.ts"
import * as Readers from "./Readers.ts"
import * as Session from "./Session.ts"

export interface Opened {
  readonly instance: DuckDBInstance
  readonly health: Health.Health
  readonly writer: Session.Session
  readonly readers: Readers.Readers
}

export interface Lender {
  /** Lends it to the scope. */
  readonly borrow: Effect.Effect<Opened, SqlError, Scope.Scope>
  /** Lends it to the work. */
  readonly use: <A>(work: (opened: Opened) => Effect.Effect<A, SqlError>) => Effect.Effect<A, SqlError>
}

interface Holding {
  readonly opened: Opened
  readonly scope: Scope.Closeable
  borrowers: number
}

const build = (native: Module, { isKept, open }: Pick<Options, "isKept" | "open">) =>
  Effect.gen(function* () {
    const instance = yield* open
    const health = Health.make(isKept)
    const writer = Session.make(native, yield* Session.connect(instance), health)
    yield* Effect.addFinalizer(() => writer.stop)
    const opened: Opened = { instance, health, writer, readers: yield* Readers.make(native, instance, health) }
    return opened
  })

export interface Options {
  readonly open: Effect.Effect<DuckDBInstance, SqlError, Scope.Scope>
  /** What is in memory alone is gone once it is closed. */
  readonly isKept: boolean
  /** Whether closing it closes the file: no other client of this process has it open. */
  readonly isAlone: () => boolean
  /** What was read before may not be what is there. */
  readonly onReopen: () => void
}

export const make = Effect.fnUntraced(function* (
  native: Module,
  options: Options
): Effect.fn.Return<Lender, SqlError, Scope.Scope> {
  const opening = Semaphore.makeUnsafe(1)
  let holding: Holding | undefined
  let isClosed = false

  const enter = Effect.gen(function* () {
    const scope = yield* Scope.make()
    const opened = yield* build(native, options).pipe(
      Scope.provide(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    holding = { opened, scope, borrowers: 0 }
  })
  const leave = Effect.suspend(() => {
    const left = holding
    holding = undefined
    return left === undefined ? Effect.void : Scope.close(left.scope, Exit.void)
  })
  const close = Effect.suspend(() => {
    isClosed = true
    return leave
  })
  yield* Effect.uninterruptible(
    Effect.andThen(
      enter,
      Effect.addFinalizer(() => close)
    )
  )

  const isSound = () => holding !== undefined && holding.opened.health.failure === undefined

  const again = opening.withPermit(
    Effect.suspend(() => {
      if (isClosed) return Effect.fail(Failure.of("The client is closed.", "execute"))
      if (isSound()) return Effect.void
      // Whoever has something of it is refused by its health, and gives it back.
      if (holding !== undefined && (holding.borrowers > 0 || !options.isKept || !options.isAlone())) {
        return Health.check(holding.opened.health)
      }
      return leave.pipe(Effect.andThen(enter), Effect.ensuring(Effect.sync(options.onReopen)), Effect.uninterruptible)
    })
  )

  const take: Effect.Effect<Holding, SqlError> = Effect.suspend(() => {
    const taken = holding
    if (taken === undefined || isClosed || !isSound()) return Effect.andThen(again, take)
    taken.borrowers++
    return Effect.succeed(taken)
  })
  const giveBack = (taken: Holding) => Effect.sync(() => void taken.borrowers--)

  return {
    borrow: Effect.map(Effect.acquireRelease(take, giveBack), ({ opened }) => opened),
    use: (work) => Effect.acquireUseRelease(take, ({ opened }) => work(opened), giveBack)
  }
})
