/**
 * yahoo-finance2, behind the engine's client.
 *
 * It is loaded when it is first used, and silent: an answer that is no 200 is
 * taken from it before it can write a URL, with a crumb in it, to the
 * console. What the answer said is in the `Refusal` that a call then fails
 * with; its status and headers are in the failure's `answer`.
 *
 * Each client has a jar of its own for cookies, which ends with it. The
 * library keeps a crumb for as long as its jar, also one that is no crumb:
 * those are taken from it here too.
 */
import type { HttpFetch } from "@tidemark/core"
import { Effect, Predicate } from "effect"
import type YahooFinance from "yahoo-finance2"

export type Client = InstanceType<typeof YahooFinance>

export const queryHosts = ["query2.finance.yahoo.com", "query1.finance.yahoo.com"] as const
/** Pages, and where they send those who have to agree to cookies first. */
export const pageHosts = ["finance.yahoo.com", "guce.yahoo.com", "consent.yahoo.com"] as const

const optionsPath = "/v7/finance/options/"
export const crumbPath = "/v1/test/getcrumb"

/** An answer that the library must not see. */
export class Refusal extends Error {
  /** What the provider says is wrong, in its words; empty where it says nothing that can be read. */
  readonly description: string
  constructor(description: string) {
    super("the provider refuses")
    this.description = description
  }
}

const silent = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {}, dir: () => {} }

/** `{"chart":{"error":{"description":"…"}}}`, whatever the key. */
const descriptionIn = (body: string): string => {
  try {
    const parsed: unknown = JSON.parse(body)
    const [content]: ReadonlyArray<unknown> = Predicate.isObject(parsed) ? Object.values(parsed) : []
    const error = Predicate.hasProperty(content, "error") ? content.error : undefined
    const description = Predicate.hasProperty(error, "description") ? error.description : undefined
    return typeof description === "string" ? description.slice(0, 200) : ""
  } catch {
    return ""
  }
}

/** Eleven characters as a rule, never words or a page. */
const isCrumb = (body: string): boolean => /^[^\s<>{}]{1,64}$/.test(body)

/** Several cookies of one answer reach us as one line; a date in it has a comma too. */
const cookiesIn = (line: string): ReadonlyArray<string> => line.split(/,\s*(?=[^;,=\s]+=)/)

/** Whether options have no underlying: the library would write that to the console. */
const isWithoutUnderlying = (body: string): boolean => {
  try {
    const parsed: unknown = JSON.parse(body)
    const chain = Predicate.hasProperty(parsed, "optionChain") ? parsed.optionChain : undefined
    const result = Predicate.hasProperty(chain, "result") ? chain.result : undefined
    return Array.isArray(result) && !Predicate.isObject(result[0])
  } catch {
    return false
  }
}

const guarded =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    const answer = await fetch(input, init)
    const { host, pathname } = new URL(answer.url)
    const isPage = pageHosts.some((page) => page === host)
    if (answer.status !== 200 && !(isPage && answer.status < 400)) throw new Refusal(descriptionIn(await answer.text()))
    const isOptions = pathname.startsWith(optionsPath)
    if (pathname !== crumbPath && !isOptions) return answer
    const body = await answer.text()
    if (isOptions) {
      if (isWithoutUnderlying(body)) throw new Refusal("Quote not found")
      return new Response(body, { status: 200, headers: answer.headers })
    }
    if (!isCrumb(body)) throw new Refusal(/too many requests/i.test(body) ? "Too Many Requests" : "")
    return new Response(body, { status: 200, headers: answer.headers })
  }

/** Makes clients; what they ask must be asked within `http.run`. */
export const make = (http: HttpFetch.HttpFetch): Effect.Effect<Effect.Effect<Client>> =>
  Effect.cached(
    Effect.promise(async () => {
      const [{ default: YahooFinance }, { ExtendedCookieJar }] = await Promise.all([
        import("yahoo-finance2"),
        import("yahoo-finance2/lib/cookieJar")
      ])
      class Jar extends ExtendedCookieJar {
        /** Never fails, as the library does not always wait for it: a cookie that can't be kept is left out. */
        override async setFromSetCookieHeaders(header: string | Array<string>, url: string): Promise<void> {
          for (const cookie of [header].flat().flatMap(cookiesIn)) {
            await super.setFromSetCookieHeaders(cookie, url).catch(() => {})
          }
        }
      }
      return () =>
        new YahooFinance({
          fetch: guarded(http.fetch),
          cookieJar: new Jar(),
          // The engine limits. A request that waits in the library's own queue would belong to whoever is before it.
          queue: { concurrency: Infinity },
          logger: silent,
          versionCheck: false,
          suppressNotices: ["yahooSurvey"],
          validation: { logErrors: false, logOptionsErrors: false }
        })
    })
  ).pipe(Effect.map(Effect.map((open) => open())))
