/** Who may do what: a key in the header `X-API-Key`, and what it was made for. */
import { Context } from "effect"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as Problems from "./Problems.ts"

export class Caller extends Context.Service<
  Caller,
  {
    /** Of the key, for people; never the key. */
    readonly name: string
  }
>()("@tidemark/api/Caller") {}

export class Access extends HttpApiMiddleware.Service<Access, { provides: Caller }>()("@tidemark/api/Access", {
  requiredForClient: true,
  security: { key: HttpApiSecurity.apiKey({ key: "x-api-key", in: "header" }) },
  error: [Problems.Unauthorized, Problems.Forbidden, Problems.TooManyRequests, Problems.Unavailable]
}) {}
