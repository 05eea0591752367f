/**
 * Binance's market streams over WebSockets: `<symbol>@kline_<interval>` of spot
 * (`/stream`, `/ws`) and of USD-M futures (`/market/stream`, `/market/ws`).
 *
 * Nothing happens by itself: with every `tick` each stream tells the candles
 * that have closed since it was last told of one, and the one that is open.
 * As at the real thing what closed before a stream was subscribed to is not
 * told, five messages a second are taken, 1,024 streams a connection, and a
 * connection that does not answer a ping in a minute is cut.
 */
import { WebSocketServer, type WebSocket } from "@effect/platform-node/NodeWS"
import { Candles } from "@tidemark/core"
import type { Dataset } from "./Dataset.ts"
import * as KlineInterval from "./KlineInterval.ts"
import * as KlineText from "./KlineText.ts"
import type { StreamFault } from "./StreamFault.ts"
import type { Streams } from "./Streams.ts"
import * as SyntheticCandles from "./SyntheticCandles.ts"

const markets: Readonly<Record<string, { readonly market: Dataset["market"]; readonly isCombined: boolean }>> = {
  "/stream": { market: "spot", isCombined: true },
  "/ws": { market: "spot", isCombined: false },
  "/market/stream": { market: "um", isCombined: true },
  "/market/ws": { market: "um", isCombined: false }
}

const mostStreams = 1_024
const mostMessagesPerSecond = 5
const pingMillis = 20_000
/** Candles that are told at once, when the clock has jumped. */
const mostAtOnce = 1_000

/** The open of the kline that holds an instant. */
const openOf = (interval: KlineInterval.KlineInterval, instant: number): number => {
  if (interval !== "3d") return SyntheticCandles.openOf(interval, instant)
  const length = KlineInterval.nominalMillis(interval)
  return Math.floor(instant / length) * length
}

interface Subscription {
  readonly name: string
  readonly dataset: Dataset
  /** Open of the first candle that was not told as closed. */
  next: number
}

interface Client {
  readonly socket: WebSocket
  readonly market: Dataset["market"]
  readonly isCombined: boolean
  readonly subscriptions: Map<string, Subscription>
  isMuted: boolean
  isAlive: boolean
  /** When its last messages came. */
  heard: ReadonlyArray<number>
}

export interface BinanceStreams extends Streams {
  /** What goes wrong with the next candles that are told as closed, one each. */
  readonly inject: (faults: ReadonlyArray<StreamFault>) => void
}

const kline = (dataset: Dataset, candles: Candles.Candles, isClosed: boolean, now: number) => {
  const open = candles.openTime[0]!
  const base = candles.volume[0]!
  // What columns don't have is made up as REST does.
  const row = JSON.parse(`[${KlineText.slice(KlineText.print(candles, dataset.interval), 0, 1).toString("latin1")}]`)
  const [, o, h, l, c, v, closeTime, q, n, taker, takerQuote] = row[0] as ReadonlyArray<string | number>
  return {
    e: "kline",
    E: now,
    s: dataset.symbol,
    k: {
      t: open,
      T: closeTime,
      s: dataset.symbol,
      i: dataset.interval,
      f: base > 0 ? 100 : -1,
      L: base > 0 ? 100 + Number(n) - 1 : -1,
      o,
      c,
      h,
      l,
      v,
      n,
      x: isClosed,
      q,
      V: taker,
      Q: takerQuote,
      B: "0"
    }
  }
}

/** The same with other values, as a provider that corrects itself afterwards has told it. */
const differing = (candles: Candles.Candles): Candles.Candles => ({
  ...candles,
  high: candles.high.map((high) => high * 1.01),
  close: candles.high.map((high) => high * 1.01),
  volume: candles.volume.map((volume) => volume + 1)
})

export const make = (world: {
  readonly datasets: ReadonlyArray<Dataset>
  readonly now: () => number
}): BinanceStreams => {
  const server = new WebSocketServer({ noServer: true })
  const clients = new Set<Client>()
  const listeners = new Set<() => void>()
  let faults: ReadonlyArray<StreamFault> = []
  /** Candles that are told after the next one of their stream. */
  const held = new Map<Subscription, string>()

  const datasetOf = (market: Dataset["market"], name: string): Dataset | undefined => {
    const [symbol, interval] = name.split("@kline_")
    return world.datasets.find(
      (one) => one.market === market && one.interval === interval && one.symbol.toLowerCase() === symbol
    )
  }

  const send = ({ isMuted, socket }: Client, value: unknown): void => {
    if (!isMuted) socket.send(typeof value === "string" ? value : JSON.stringify(value))
  }
  const wrap = ({ isCombined }: Client, name: string, data: unknown): string =>
    JSON.stringify(isCombined ? { stream: name, data } : data)

  const subscribe = (client: Client, names: ReadonlyArray<unknown>): void => {
    for (const name of names) {
      const dataset = typeof name === "string" ? datasetOf(client.market, name) : undefined
      // A stream of nothing is taken all the same, and never tells anything.
      if (dataset === undefined || typeof name !== "string" || client.subscriptions.has(name)) continue
      client.subscriptions.set(name, { name, dataset, next: openOf(dataset.interval, world.now()) })
    }
    if (client.subscriptions.size > mostStreams) client.socket.close(1008, "Too many streams")
  }

  const onMessage = (client: Client, text: string): void => {
    const now = world.now()
    client.heard = [...client.heard.filter((at) => at > now - 1_000), now]
    if (client.heard.length > mostMessagesPerSecond) return client.socket.close(1008, "Too many requests")
    let message: { readonly method?: unknown; readonly params?: unknown; readonly id?: unknown }
    try {
      message = JSON.parse(text)
    } catch {
      return send(client, { error: { code: 3, msg: "Invalid JSON: expected value at line 1 column 1" } })
    }
    const params = Array.isArray(message.params) ? message.params : []
    switch (message.method) {
      case "SUBSCRIBE":
        subscribe(client, params)
        send(client, { result: null, id: message.id })
        for (const listener of listeners) listener()
        return
      case "UNSUBSCRIBE":
        for (const name of params) client.subscriptions.delete(String(name))
        return send(client, { result: null, id: message.id })
      case "LIST_SUBSCRIPTIONS":
        return send(client, { result: [...client.subscriptions.keys()], id: message.id })
      default:
        return send(client, { error: { code: 2, msg: "Invalid request: unknown method" }, id: message.id })
    }
  }

  const upgrade: Streams["upgrade"] = (request, socket, head) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1")
    const served = markets[pathname]
    if (served === undefined) return false
    server.handleUpgrade(request, socket, head, (socket) => {
      const client: Client = {
        ...served,
        socket,
        subscriptions: new Map(),
        isMuted: false,
        isAlive: true,
        heard: []
      }
      clients.add(client)
      socket.on("message", (data: Buffer) => onMessage(client, data.toString()))
      socket.on("pong", () => {
        client.isAlive = true
      })
      socket.on("error", () => socket.terminate())
      socket.on("close", () => {
        clients.delete(client)
        for (const one of client.subscriptions.values()) held.delete(one)
      })
      const names = searchParams.get("streams")?.split("/") ?? []
      if (names.length > 0) subscribe(client, names)
    })
    return true
  }

  const disconnect = (): void => {
    for (const { socket } of clients) socket.terminate()
  }

  /** Tells a closed candle, or does to it what a fault says. */
  const tell = (client: Client, subscription: Subscription, candles: Candles.Candles): void => {
    const { dataset, name } = subscription
    const [fault, ...rest] = faults
    faults = rest
    const event = (of: Candles.Candles) => wrap(client, name, kline(dataset, of, true, world.now()))
    const waiting = held.get(subscription)
    switch (fault) {
      case "skip":
        break
      case "duplicate":
        send(client, event(candles))
        send(client, event(candles))
        break
      case "late":
        held.set(subscription, event(candles))
        return
      case "differ":
        send(client, event(differing(candles)))
        break
      case "garbage":
        send(client, "\u0000 no message")
        break
      case "unreadable":
        send(client, wrap(client, name, { e: "kline", s: dataset.symbol, k: { t: candles.openTime[0], x: true } }))
        break
      case "disconnect":
        disconnect()
        break
      case "silence":
        for (const one of clients) one.isMuted = true
        break
      case "shutdown":
        for (const one of clients) {
          send(one, { e: "serverShutdown", E: world.now() })
          one.socket.close(1001)
        }
        break
      case undefined:
        send(client, event(candles))
    }
    if (waiting !== undefined) {
      held.delete(subscription)
      send(client, waiting)
    }
  }

  const tick: Streams["tick"] = () => {
    const now = world.now()
    let told = 0
    for (const client of clients) {
      for (const subscription of client.subscriptions.values()) {
        const { dataset, name } = subscription
        const current = openOf(dataset.interval, now)
        const from = Math.max(subscription.next, current - mostAtOnce * KlineInterval.nominalMillis(dataset.interval))
        subscription.next = current
        const rows = dataset.candles({ from, to: now + 1 })
        for (let row = 0; row < Candles.length(rows); row++) {
          const one = Candles.slice(rows, row, row + 1)
          if (one.openTime[0]! < current) {
            tell(client, subscription, one)
            told++
          } else {
            // Half of it has happened.
            const open = { ...one, volume: one.volume.map((volume) => volume / 2), close: one.open }
            send(client, wrap(client, name, kline(dataset, open, false, now)))
          }
        }
      }
    }
    return told
  }

  const pinging = setInterval(() => {
    for (const client of clients) {
      if (!client.isAlive) client.socket.terminate()
      client.isAlive = false
      if (!client.isMuted) client.socket.ping()
    }
  }, pingMillis * 3)
  pinging.unref()

  return {
    upgrade,
    tick,
    inject: (more) => {
      faults = [...faults, ...more]
    },
    names: () => [...clients].flatMap(({ subscriptions }) => [...subscriptions.keys()]),
    onSubscribed: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    disconnect,
    close: () => {
      clearInterval(pinging)
      disconnect()
      server.close()
    }
  }
}
