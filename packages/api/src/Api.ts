/** The HTTP API: what the daemon serves, and what programs and the command line ask it for. */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as OpenApi from "effect/http-api/OpenApi"
import { Access } from "./Access.ts"
import { Alerts } from "./Alerts.ts"
import { CandlesGroup } from "./Candles.ts"
import { CoverageGroup } from "./Coverage.ts"
import { GammaGroup } from "./Gamma.ts"
import { Jobs, Runs } from "./Jobs.ts"
import { Keys } from "./Keys.ts"
import { Quality } from "./Quality.ts"
import { Regimes } from "./Regimes.ts"
import { Sources } from "./Sources.ts"
import { summaries } from "./Summaries.ts"
import { Symbols } from "./Symbols.ts"

type Paths = Record<string, Record<string, { readonly operationId: string; summary?: string | undefined }>>

export class Api extends HttpApi.make("tidemark")
  .add(Symbols, CandlesGroup, CoverageGroup, Quality, Runs, Jobs, Regimes, GammaGroup, Sources, Alerts, Keys)
  // The last is outermost: what cannot be read is a problem already where access is told how it ended.
  .middleware(HttpApiMiddleware.ProblemDetails)
  .middleware(Access)
  .prefix("/api/v1")
  // A misspelled filter would mean everything.
  .annotate(HttpApi.QueryParseOptions, { onExcessProperty: "error" })
  .annotate(HttpApi.PayloadParseOptions, { onExcessProperty: "error" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Tidemark",
      version: "1",
      description:
        "Market history that you can trust: what is stored, what is missing and why, and what follows from it.",
      transform: (document) => {
        for (const path of Object.values(document["paths"] as Paths)) {
          for (const operation of Object.values(path)) operation.summary = summaries[operation.operationId]
        }
        return document
      }
    })
  ) {}
