/**
 * Traces, metrics and logs for whoever collects them, by OTLP over HTTP.
 *
 * Set up by the variables of OpenTelemetry: without an endpoint nothing is
 * loaded and nothing is sent. What is sent goes past the door of the sources,
 * and a collector that is away costs what there was to send, and a stop
 * seconds.
 */
import { UsageError } from "@tidemark/backfill"
import { Cause, ConfigProvider, Effect, Layer } from "effect"
import type { Configuration } from "./Configuration.ts"
import * as Runtime from "./Runtime.ts"

const signals = ["TRACES", "METRICS", "LOGS"] as const

/** The longest that a stop waits for each signal: all three, and a webhook that is being told, stay below ten seconds. */
const longestTimeoutMillis = 1_500

const isSet = (value: string | undefined): value is string => value !== undefined && value !== ""

/** The variables, with what OpenTelemetry takes for granted. */
const withDefaults = (variables: Configuration["variables"]): Record<string, string> => {
  const out: Record<string, string> = { OTEL_SERVICE_NAME: "tidemark" }
  for (const [name, value] of Object.entries(variables)) {
    if (name.startsWith("OTEL_") && isSet(value)) out[name] = value
  }
  for (const signal of signals) {
    out[`OTEL_${signal}_EXPORTER`] ??= "otlp"
    const timeout = `OTEL_EXPORTER_OTLP_${signal}_TIMEOUT`
    const given = Number(out[timeout] ?? out["OTEL_EXPORTER_OTLP_TIMEOUT"])
    out[timeout] = String(Math.min(Number.isNaN(given) ? Infinity : given, longestTimeoutMillis))
  }
  return out
}

const wrong = (name: string, says: string) => new UsageError.UsageError({ message: `${name} is wrong: ${says}` })

/** Fails for what would be found wrong only later, and without saying which variable it is. */
const check = Effect.fnUntraced(function* (variables: Readonly<Record<string, string>>) {
  for (const name of ["OTEL_EXPORTER_OTLP_ENDPOINT", ...signals.map((one) => `OTEL_EXPORTER_OTLP_${one}_ENDPOINT`)]) {
    const url = variables[name]
    if (url !== undefined && !(URL.canParse(url) && /^https?:$/u.test(new URL(url).protocol))) {
      return yield* wrong(name, "write the collector's URL, such as http://localhost:4318")
    }
  }
  const protocol = variables["OTEL_EXPORTER_OTLP_PROTOCOL"] ?? "http/protobuf"
  if (protocol !== "http/protobuf" && protocol !== "http/json") {
    return yield* wrong("OTEL_EXPORTER_OTLP_PROTOCOL", "it may be http/protobuf or http/json")
  }
  return protocol
})

export const layer = ({ variables }: Pick<Configuration, "variables">): Layer.Layer<never, UsageError.UsageError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const settings = withDefaults(variables)
      const hasEndpoint = Object.keys(settings).some((name) => /^OTEL_EXPORTER_OTLP_(\w+_)?ENDPOINT$/u.test(name))
      if (!hasEndpoint || settings["OTEL_SDK_DISABLED"]?.toLowerCase() === "true") return Layer.empty
      const protocol = yield* check(settings)
      const [Otlp, OtlpSerialization] = yield* Effect.promise(() =>
        Promise.all([import("effect/observability/Otlp"), import("effect/observability/OtlpSerialization")])
      )
      return Otlp.layerFromConfig({ loggerMergeWithExisting: true }).pipe(
        Layer.provide(protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf),
        Layer.provide(Runtime.httpClient),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(settings))),
        // The variable and no value: headers hold keys.
        Layer.catchCause((cause) => {
          const name = /OTEL_\w+/u.exec(Cause.pretty(cause))?.[0] ?? "A variable OTEL_…"
          return Layer.effectDiscard(Effect.fail(wrong(name, "see the documentation of OpenTelemetry")))
        })
      )
    })
  )
