/** The provider that is asked, at one address: it goes away and comes back. */
import { Dataset, Emulator } from "@tidemark/emulator"
import { Context, Effect, Exit, Layer, Ref, Scope } from "effect"

export interface Options {
  readonly now: () => number
  /** First instant of its history. */
  readonly from: number
}

export const symbols = ["BTC/USDT", "ETH/USDT"]
const intervals = ["1h", "4h", "1d"] as const

/** What it serves. */
export const datasets = (from: number) => Dataset.synthetic({ symbols, intervals, from })

export const make = Effect.fnUntraced(function* ({ from, now }: Options) {
  const served = datasets(from)
  const current = yield* Ref.make<Scope.Closeable | undefined>(undefined)
  const begin = Effect.fnUntraced(function* (port: number) {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(
      // The weight limit's windows are the machine's: a leap is not a minute without requests.
      Emulator.layer({ datasets: served, now, limiterNow: Date.now, weightLimit: 1_000_000, port }),
      scope
    )
    yield* Ref.set(current, scope)
    return Context.get(context, Emulator)
  })
  const end = Effect.flatMap(Ref.getAndSet(current, undefined), (scope) =>
    scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
  )
  const { url } = yield* begin(0)
  yield* Effect.addFinalizer(() => end)
  const port = Number(new URL(url).port)
  const start = Effect.flatMap(Ref.get(current), (scope) =>
    scope === undefined ? Effect.asVoid(Effect.orDie(begin(port))) : Effect.void
  )
  return { url, stop: end, start }
})
