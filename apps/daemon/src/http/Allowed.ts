/** Which methods there are at an address. Pure. */
import { Api } from "@tidemark/api"

interface Endpoint {
  readonly method: string
  readonly path: string
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(/[.\\]/g, String.raw`\$&`).replaceAll(/:\w+/g, "[^/]+")}/?$`)

const endpoints: ReadonlyArray<{ readonly method: string; readonly pattern: RegExp }> = [
  ...Object.values(Api.Api.groups).flatMap((group): ReadonlyArray<Endpoint> => Object.values(group.endpoints)),
  ...["/docs", "/openapi.json", "/health/live", "/health/ready", "/metrics"].map((path): Endpoint => ({
    method: "GET",
    path
  }))
].map(({ method, path }) => ({ method, pattern: patternOf(path) }))

/** None: there is nothing at the address. */
export const methods = (url: string): ReadonlyArray<string> => {
  const path = url.split("?", 1)[0]!
  const found = endpoints.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
  return [...new Set(found.includes("GET") ? ["GET", "HEAD", ...found] : found)]
}
