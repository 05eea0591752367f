export * as PostgresServer from "./PostgresServer.ts"
