/**
 * Alerts, and what webhooks are still to be told of them.
 *
 * What a look changes and what is to be told of it is kept in one step, before
 * anything is sent; what was sent is taken off after. Each webhook is told
 * everything, in order, in batches: one that was begun stays as it is until it
 * has been delivered, so that whoever gets it twice can know it by its name.
 */
import { Context, type Effect } from "effect"
import type { Alert, Looked, Notice } from "./Alert.ts"
import type { EpochMillis } from "./Instant.ts"
import type { StoreError } from "./StoreError.ts"

export interface Looking extends Looked {
  /** Those that are to be told, by a digest that does not give their address away. */
  readonly webhooks: ReadonlyArray<string>
}

export interface Claiming {
  readonly webhook: string
  /** Name of the batch, if one is begun. */
  readonly batch: string
  readonly now: EpochMillis
  /** Milliseconds after which whoever claimed it and said nothing has lost it. */
  readonly silence: number
}

export type Claim =
  | {
      readonly _tag: "Claimed"
      /** The name that the batch had when it was begun. */
      readonly batch: string
      readonly notices: ReadonlyArray<Notice>
      /** Attempts in a row that failed before. */
      readonly failures: number
    }
  /** Somebody is at it, or it failed and is left alone until then. */
  | { readonly _tag: "Waiting"; readonly until: EpochMillis }
  /** There is nothing to tell. */
  | { readonly _tag: "Idle" }

type Batch = Pick<Claiming, "webhook" | "batch" | "now">

/** How a webhook is. */
export interface Webhook {
  readonly webhook: string
  /** When somebody last had it configured. */
  readonly seenAt: EpochMillis
  readonly deliveredAt: EpochMillis | undefined
  /** Notices that it was not told yet. */
  readonly pending: number
  readonly failures: number
  readonly error: string | undefined
}

/** Milliseconds after which a webhook that nobody has configured, or that takes nothing, is forgotten. It then begins anew. */
export const forgottenAfterMillis = 7 * 86_400_000
/** Milliseconds for which a resolved alert is kept. */
export const keptMillis = 90 * 86_400_000

export class AlertStore extends Context.Service<
  AlertStore,
  {
    /**
     * Takes a look into account and queues what is to be told of it. A webhook
     * that is new is told of all that is open. A look that is older than the
     * last changes nothing.
     */
    readonly look: (looking: Looking) => Effect.Effect<ReadonlyArray<Notice>, StoreError>
    /** Newest first. */
    readonly list: (options: {
      readonly open: boolean
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Alert>, StoreError>
    /** Takes what a webhook is to be told next: of any number who claim at once, one succeeds. */
    readonly claim: (claiming: Claiming) => Effect.Effect<Claim, StoreError>
    /** It has been told; `false` if somebody else has done so meanwhile. */
    readonly delivered: (batch: Batch) => Effect.Effect<boolean, StoreError>
    /** It could not be told, and is left alone for a while. */
    readonly failed: (
      batch: Batch & { readonly retryAt: EpochMillis; readonly error: string }
    ) => Effect.Effect<boolean, StoreError>
    readonly webhooks: Effect.Effect<ReadonlyArray<Webhook>, StoreError>
  }
>()("@tidemark/core/AlertStore") {}
