/** What the user asked for cannot be done as asked. The message says what would work. */
import { Schema } from "effect"

export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", {
  message: Schema.String
}) {}

/** What does not fit a schema, in one line: `subject: "key": what was expected`. */
export const ofSchema = (subject: string, error: { readonly message: string }): UsageError => {
  const [what, ...where] = error.message.split("\n").map((line) => line.trim())
  const path = where
    .filter((line) => line.startsWith("at "))
    .map((line) =>
      line
        .slice(3)
        .replaceAll(/\["?([^"\]]+)"?\]/g, "$1.")
        .replace(/\.$/, "")
    )
  return new UsageError({ message: `${subject}: ${path.length > 0 ? `${path[0]}: ` : ""}${what}` })
}
