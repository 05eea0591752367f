/**
 * Whether a database is as it was.
 *
 * Where this program alone can write to it, it knows: what was read while the
 * count was the same is still so. Where others can, there is no count.
 */
import { Context } from "effect"

export class Changes extends Context.Service<
  Changes,
  {
    /** Another number whenever something may have been written; nothing where others may write. */
    readonly count: () => number | undefined
  }
>()("@tidemark/core/Changes") {}
