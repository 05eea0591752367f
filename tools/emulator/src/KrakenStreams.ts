/**
 * Kraken's `ohlc` channel over WebSockets, version 2, at its host's path.
 *
 * A subscription is answered, and followed by a snapshot of the newest rows;
 * then, with every `tick`, come the candles that have closed since the last
 * one and the one that is open, which nothing tells apart.
 */
import { WebSocketServer, type WebSocket } from "@effect/platform-node/NodeWS"
import { Candles } from "@tidemark/core"
import { DateTime } from "effect"
import type { Dataset } from "./Dataset.ts"
import * as KlineInterval from "./KlineInterval.ts"
import type { Streams } from "./Streams.ts"
import * as SyntheticCandles from "./SyntheticCandles.ts"

const path = "/ws.kraken.com/v2"
/** Rows of a snapshot, the open one among them. */
const snapshotRows = 5

interface Subscription {
  readonly symbol: string
  readonly minutes: number
  readonly dataset: Dataset
  /** Open of the first candle that was not told as it was when it had closed. */
  next: number
}

interface Subscribe {
  readonly params?: { readonly interval?: number; readonly symbol?: ReadonlyArray<string> }
  readonly req_id?: unknown
}

interface Client {
  readonly socket: WebSocket
  readonly subscriptions: Map<string, Subscription>
}

const iso = (at: number): string => DateTime.formatIso(DateTime.makeUnsafe(at))

export const make = (world: { readonly datasets: ReadonlyArray<Dataset>; readonly now: () => number }): Streams => {
  const server = new WebSocketServer({ noServer: true })
  const clients = new Set<Client>()
  const listeners = new Set<() => void>()

  const rowsOf = ({ dataset, minutes, symbol }: Subscription, from: number, now: number) => {
    const candles = dataset.candles({ from, to: now + 1 })
    return Array.from({ length: Candles.length(candles) }, (_, i) => {
      const open = candles.openTime[i]!
      const close = KlineInterval.closeOf(dataset.interval, open)
      const isOpen = close > now
      return {
        symbol,
        open: candles.open[i]!,
        high: candles.high[i]!,
        low: candles.low[i]!,
        close: isOpen ? candles.open[i]! : candles.close[i]!,
        volume: isOpen ? candles.volume[i]! / 2 : candles.volume[i]!,
        vwap: candles.open[i]!,
        trades: 1,
        interval_begin: iso(open),
        interval: minutes,
        timestamp: iso(close)
      }
    })
  }

  const subscribe = (client: Client, message: Subscribe): void => {
    const { interval: minutes = 1, symbol: symbols = [] } = message.params ?? {}
    for (const symbol of symbols) {
      const dataset = world.datasets.find(
        (one) =>
          one.market === "spot" &&
          `${one.base}/${one.quote}` === symbol &&
          KlineInterval.nominalMillis(one.interval) === minutes * 60_000
      )
      const about = {
        method: "subscribe",
        req_id: message.req_id,
        time_in: iso(world.now()),
        time_out: iso(world.now())
      }
      if (dataset === undefined || dataset.interval === "3d") {
        client.socket.send(JSON.stringify({ ...about, success: false, error: `Currency pair not supported ${symbol}` }))
        continue
      }
      const now = world.now()
      const open = SyntheticCandles.openOf(dataset.interval, now)
      const subscription: Subscription = { symbol, minutes, dataset, next: open }
      client.subscriptions.set(`${symbol} ${minutes}`, subscription)
      client.socket.send(
        JSON.stringify({
          ...about,
          success: true,
          result: { channel: "ohlc", interval: minutes, snapshot: true, symbol }
        })
      )
      const from = open - (snapshotRows - 1) * KlineInterval.nominalMillis(dataset.interval)
      client.socket.send(JSON.stringify({ channel: "ohlc", type: "snapshot", data: rowsOf(subscription, from, now) }))
    }
    for (const listener of listeners) listener()
  }

  const disconnect = (): void => {
    for (const { socket } of clients) socket.terminate()
  }

  return {
    upgrade: (request, socket, head) => {
      if (new URL(request.url ?? "/", "http://127.0.0.1").pathname !== path) return false
      server.handleUpgrade(request, socket, head, (socket) => {
        const client: Client = { socket, subscriptions: new Map() }
        clients.add(client)
        socket.on("message", (data: Buffer) => {
          const message = JSON.parse(data.toString())
          if (message.method === "subscribe") subscribe(client, message)
          else if (message.method === "ping") socket.send(JSON.stringify({ method: "pong", req_id: message.req_id }))
        })
        socket.on("error", () => socket.terminate())
        socket.on("close", () => clients.delete(client))
      })
      return true
    },
    tick: () => {
      const now = world.now()
      let told = 0
      for (const { socket, subscriptions } of clients) {
        for (const subscription of subscriptions.values()) {
          const rows = rowsOf(subscription, subscription.next, now)
          for (const row of rows) socket.send(JSON.stringify({ channel: "ohlc", type: "update", data: [row] }))
          subscription.next = rows.length === 0 ? subscription.next : Date.parse(rows.at(-1)!.interval_begin)
          told += Math.max(0, rows.length - 1)
        }
      }
      return told
    },
    names: () => [...clients].flatMap(({ subscriptions }) => [...subscriptions.keys()]),
    onSubscribed: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    disconnect,
    close: () => {
      disconnect()
      server.close()
    }
  }
}
