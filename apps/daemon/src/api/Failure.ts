/** What keeps a question from being answered, as problems of the API. */
import { Problems } from "@tidemark/api"
import type { UsageError } from "@tidemark/backfill"
import { Instant, type StoreError } from "@tidemark/core"
import { Effect } from "effect"

/** The database is away, busy or broken: nothing that the caller can change. */
export const unavailable = ({ message }: StoreError.StoreError) =>
  Effect.fail(new Problems.Unavailable({ detail: message }))

/** What is asked for makes no sense here. */
export const unusable = ({ message }: UsageError.UsageError) => Effect.fail(badRequest(message))

export const notFound = (detail: string) => new Problems.NotFound({ detail })

export const badRequest = (detail: string) => new Problems.BadRequest({ detail })

export const conflict = (detail: string) => new Problems.Conflict({ detail })

/** Fails for a span that ends before it begins: nothing in it is no answer to what was meant. */
export const span = ({ end, start }: { readonly start?: number | undefined; readonly end?: number | undefined }) =>
  start !== undefined && end !== undefined && start >= end
    ? Effect.fail(
        badRequest(`start ${Instant.format(start)} is not before end ${Instant.format(end)}; the end is not included.`)
      )
    : Effect.void
