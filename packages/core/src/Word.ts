/** Text that names something: one line, of characters that every database, log and header takes. */
import { Schema } from "effect"

export const Word = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cs}]{1,1024}$/u, { message: "1 to 1,024 characters, none of them a control character" })
)
