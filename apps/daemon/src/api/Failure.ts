/** What keeps a question from being answered, as problems of the API. */
import { Problems } from "@tidemark/api"
import type { UsageError } from "@tidemark/backfill"
import type { StoreError } from "@tidemark/core"
import { Effect } from "effect"

/** The database is away, busy or broken: nothing that the caller can change. */
export const unavailable = ({ message }: StoreError.StoreError) =>
  Effect.fail(new Problems.Unavailable({ detail: message }))

/** What is asked for makes no sense here. */
export const unusable = ({ message }: UsageError.UsageError) => Effect.fail(badRequest(message))

export const notFound = (detail: string) => new Problems.NotFound({ detail })

export const badRequest = (detail: string) => new Problems.BadRequest({ detail })

export const conflict = (detail: string) => new Problems.Conflict({ detail })
