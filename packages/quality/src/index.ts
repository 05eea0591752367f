export * as Anomalies from "./Anomalies.ts"
export * as Anomaly from "./Anomaly.ts"
export * as Certificate from "./Certificate.ts"
export * as Outages from "./Outages.ts"
