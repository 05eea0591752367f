import { Schema } from "effect"

/** The target is not what a copy of this database can go on from, or came out different. */
export class CopyError extends Schema.TaggedError<CopyError>()("CopyError", {
  database: Schema.String,
  series: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.database}: ${this.series}: ${this.detail}`
  }
}
