/**
 * What an answer says when there is none: RFC 9457 problem documents, one
 * class a status. `detail` says what happened, to what, and the way out.
 *
 * A request that cannot be read (400) and a mistake of the server (500) are
 * effect's own classes, which come with every endpoint.
 */
import { Schema } from "effect"
import * as HttpApiError from "effect/http-api/HttpApiError"

const type = "about:blank"

export { BadRequestProblem as BadRequest, InternalServerErrorProblem as Internal } from "effect/http-api/HttpApiError"

export class Unauthorized extends HttpApiError.Problem<Unauthorized>()("Unauthorized", {
  type,
  status: 401,
  title: "Unauthorized"
}) {}

export class Forbidden extends HttpApiError.Problem<Forbidden>()("Forbidden", {
  type,
  status: 403,
  title: "Forbidden"
}) {}

export class NotFound extends HttpApiError.Problem<NotFound>()("NotFound", {
  type,
  status: 404,
  title: "Not Found"
}) {}

export class Conflict extends HttpApiError.Problem<Conflict>()("Conflict", {
  type,
  status: 409,
  title: "Conflict"
}) {}

/** What is asked for is not there whole, or not as it should be; `problems` has every reason. */
export class Incomplete extends HttpApiError.Problem<Incomplete>()(
  "Incomplete",
  { type, status: 422, title: "Unprocessable Content" },
  { problems: Schema.Array(Schema.String) }
) {}

export class TooManyRequests extends HttpApiError.Problem<TooManyRequests>()("TooManyRequests", {
  type,
  status: 429,
  title: "Too Many Requests"
}) {}

/** The database is away, or busy: the same request may be answered in a moment. */
export class Unavailable extends HttpApiError.Problem<Unavailable>()("Unavailable", {
  type,
  status: 503,
  title: "Service Unavailable"
}) {}

/** Of every endpoint that looks into the database. */
export const ofStores = [Unavailable] as const
