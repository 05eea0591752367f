/** How a daemon ends that could not begin: with a sentence and the way out, 2 where it is told wrong and 1 otherwise. */
import * as Wording from "@tidemark/core/Wording"
import { Cause, Console, Effect, Runtime } from "effect"

/** Ends the process with a code; what there is to say has been said. */
class Failed extends Error {
  override readonly [Runtime.errorExitCode]: number
  override readonly [Runtime.errorReported] = true
  constructor(code: number) {
    super(`exit ${code}`)
    this[Runtime.errorExitCode] = code
  }
}

/** A daemon has no flags. */
const wording: Wording.Wording = (option, value) =>
  option === "database" ? "DATABASE_URL" : Wording.flags(option, value)

const isTold = (error: unknown): error is { readonly _tag: string; readonly message: string } =>
  typeof error === "object" &&
  error !== null &&
  "_tag" in error &&
  "message" in error &&
  (error._tag === "UsageError" || error._tag === "StoreError")

/** Errors that say what to do are told as they are; anything else is a mistake of ours and is shown whole. */
export const report = <A, E, R>(daemon: Effect.Effect<A, E, R>) =>
  Effect.catchCause(daemon, (cause) => {
    if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
    const error = Cause.squash(cause)
    const text = isTold(error) ? Wording.messageOf(error, wording) : Cause.pretty(cause)
    const code = isTold(error) && error._tag === "UsageError" ? 2 : 1
    return Effect.andThen(Console.error(`tidemark daemon: ${text}`), Effect.fail(new Failed(code)))
  })
