/** The real classes of the library, thrown at the mapping by name. */
import { assert, it } from "@effect/vitest"
import type { HttpFetch } from "@tidemark/core"
import { reasonOf } from "@tidemark/source-ccxt/Reason"
import { findPackageJSON } from "node:module"
import { pathToFileURL } from "node:url"

const folder = new URL("./js/src/base/", pathToFileURL(findPackageJSON("ccxt", import.meta.url)!))
const errors = (await import(new URL("./errors.js", folder).href)) as Readonly<
  Record<string, new (message: string) => Error>
>

const answered = (status: number, headers: Record<string, string> = {}): HttpFetch.Answer => ({
  status,
  headers,
  where: "GET api.example.com/ohlc",
  contentType: "application/json"
})

const rows: ReadonlyArray<readonly [name: string, status: number | undefined, tag: string]> = [
  ["DDoSProtection", 429, "RateLimited"],
  ["DDoSProtection", 418, "RateLimited"],
  // Kraken says it in a 200.
  ["DDoSProtection", 200, "RateLimited"],
  ["RateLimitExceeded", 400, "RateLimited"],
  // A firewall's, not a limit: waiting does not help.
  ["DDoSProtection", 403, "Unauthorized"],
  ["BadSymbol", 400, "NotListed"],
  ["BadSymbol", 200, "NotListed"],
  ["ExchangeNotAvailable", 500, "Unavailable"],
  ["ExchangeNotAvailable", 403, "Unauthorized"],
  ["ExchangeNotAvailable", 451, "Unauthorized"],
  ["RestrictedLocation", 200, "Unauthorized"],
  ["AuthenticationError", 401, "Unauthorized"],
  ["PermissionDenied", 200, "Unauthorized"],
  // -1008 of Binance: looks permanent, is not.
  ["ExchangeError", 503, "Unavailable"],
  ["ExchangeError", 200, "Unavailable"],
  ["OnMaintenance", 400, "Unavailable"],
  ["OnMaintenance", 200, "Unavailable"],
  ["RequestTimeout", undefined, "Unavailable"],
  ["NetworkError", undefined, "Unavailable"],
  ["BadRequest", 400, "Refused"],
  ["BadRequest", 200, "Refused"],
  ["BadResponse", 200, "Malformed"],
  ["NotSupported", undefined, "Unsupported"]
]

for (const [name, status, tag] of rows) {
  it(`${name} with ${status ?? "no answer"} is ${tag}`, () => {
    const cause = new errors[name]!("kraken GET https://api.example.com/ohlc?apiKey=SECRET went wrong\n<html>")
    const answer = status === undefined ? undefined : answered(status, { "retry-after": "7" })
    const reason = reasonOf("kraken", { _tag: "LibraryFailed", cause, answer, error: undefined })
    assert.strictEqual(reason._tag, tag)
    assert.notInclude(JSON.stringify(reason), "SECRET")
    if (reason._tag === "RateLimited") {
      assert.strictEqual(reason.retryAfterMillis, 7_000)
      assert.strictEqual(reason.banned, status === 418 ? true : undefined)
    }
  })
}

it("a defect of the library is a malformed answer, unless the status says more", () => {
  const cause = new TypeError("Cannot read properties of undefined")
  const failed = (status: number) =>
    reasonOf("kraken", { _tag: "LibraryFailed", cause, answer: answered(status), error: undefined })._tag
  assert.strictEqual(failed(200), "Malformed")
  assert.strictEqual(failed(502), "Unavailable")
})
