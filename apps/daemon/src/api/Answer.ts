/**
 * Answers of many rows, written by hand: a schema that looks at every value
 * of them takes longer than to find them. What belongs in them is said by the
 * type, which is what a schema of the API encodes to.
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse"

export const json = <Encoded>(
  value: Encoded,
  headers: Readonly<Record<string, string>> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(value), { contentType: "application/json", headers })
