/**
 * How a command ends. Exit codes: 0 done and complete, 1 failed, 2 the
 * command line or the configuration is wrong, 3 done but incomplete, 130
 * interrupted.
 */
import * as Wording from "@tidemark/core/Wording"
import { Cause, Console, Effect, Runtime } from "effect"
import { CliOutput } from "effect/cli"

/** Ends the process with a code; what there is to say has been said. */
export class ExitWith extends Error {
  readonly _tag = "ExitWith"
  override readonly [Runtime.errorExitCode]: number
  override readonly [Runtime.errorReported] = true
  constructor(code: number) {
    super(`exit ${code}`)
    this[Runtime.errorExitCode] = code
  }
}

/** Ends with a code, or goes on for 0. */
export const exitWith = (code: number): Effect.Effect<void, ExitWith> =>
  code === 0 ? Effect.void : Effect.fail(new ExitWith(code))

const isTagged = (error: unknown): error is { readonly _tag: string; readonly message: string } =>
  typeof error === "object" && error !== null && "_tag" in error && "message" in error

/** Errors that say themselves what to do; anything else is a bug of ours and is shown whole. */
const known = new Set([
  "UsageError",
  "StoreError",
  "CopyError",
  "OutFileError",
  "SourceError",
  "ReaderError",
  "RemoteError"
])

/** Says what went wrong, once, on stderr, and turns it into the exit code. */
export const report = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, ExitWith, R> =>
  Effect.catchCause(program, (cause) => {
    if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
    const error = Cause.squash(cause)
    if (error instanceof ExitWith) return Effect.fail(error)
    // The command line module has shown its own errors, with help; asking for help is none.
    if (isTagged(error) && error._tag === "ShowHelp") {
      const { errors } = error as unknown as { readonly errors: ReadonlyArray<unknown> }
      return Effect.fail(new ExitWith(errors.length > 0 ? 2 : 0))
    }
    const text =
      isTagged(error) && known.has(error._tag) ? Wording.messageOf(error, Wording.flags) : Cause.pretty(cause)
    const code = isTagged(error) && error._tag === "UsageError" ? 2 : 1
    return Effect.andThen(Console.error(`tidemark: ${text}`), Effect.fail(new ExitWith(code)))
  })

/** Help that was asked for is the result; help that comes with an error is not, and stdout stays clean for programs. */
export const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag !== "InvalidInvocation"
      ? CliOutput.defaultPresenter.present(event)
      : Effect.gen(function* () {
          const formatter = CliOutput.defaultFormatter({ colors: false })
          yield* Console.error(formatter.formatErrors(event.errors).trim())
          yield* Console.error(`\nSee: ${event.commandPath.join(" ")} --help`)
        })
}
