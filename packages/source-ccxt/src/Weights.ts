/**
 * What a request weighs, as ccxt counts it for its own throttler: in units of
 * an exchange's `rateLimit`, by what is asked.
 *
 * It is known when ccxt is about to ask, which is just before the engine's
 * client wants to know, by the path alone; all instances of an exchange share it.
 */
const weights = new Map<string, number>()

const key = (exchange: string, { host, pathname }: URL): string => `${exchange} ${host}${pathname}`

export const learn = (exchange: string, url: URL, weight: number): void => void weights.set(key(exchange, url), weight)

/** 1 for what nobody has asked for yet. */
export const of =
  (exchange: string) =>
  (url: URL): number =>
    weights.get(key(exchange, url)) ?? 1
