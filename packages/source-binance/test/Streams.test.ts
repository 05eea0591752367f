import { assert, describe, it } from "@effect/vitest"
import * as Streams from "@tidemark/source-binance/Streams"

const kline = (change: object = {}, stream = "btcusdt@kline_1m") =>
  JSON.stringify({
    stream,
    data: {
      e: "kline",
      E: 1_672_515_782_136,
      s: "BTCUSDT",
      k: {
        t: 1_672_515_780_000,
        T: 1_672_515_839_999,
        s: "BTCUSDT",
        i: "1m",
        f: 100,
        L: 200,
        o: "0.0010",
        c: "0.0020",
        h: "0.0025",
        l: "0.0015",
        v: "1000",
        n: 100,
        x: true,
        q: "1.0000",
        V: "500",
        Q: "0.500",
        B: "123456",
        ...change
      }
    }
  })

describe("messages of Binance's streams", () => {
  it("a closed candle is read as REST's rows are", () => {
    const message = Streams.decode(kline())
    assert.strictEqual(message._tag, "Closed")
    if (message._tag !== "Closed") return
    assert.strictEqual(message.name, "btcusdt@kline_1m")
    assert.strictEqual(message.closeTime, 1_672_515_839_999)
    const values = Object.fromEntries(Object.entries(message.candles).map(([name, column]) => [name, column![0]]))
    assert.deepStrictEqual(values, {
      openTime: 1_672_515_780_000,
      open: 0.001,
      high: 0.0025,
      low: 0.0015,
      close: 0.002,
      volume: 1_000,
      quoteVolume: 1,
      trades: 100
    })
  })

  it("one that is open is of no interest, nor is another event", () => {
    for (const text of [kline({ x: false }), '{"stream":"btcusdt@trade","data":{"e":"trade"}}', '{"e":"24hrTicker"}']) {
      assert.deepStrictEqual(Streams.decode(text), { _tag: "Other" }, text)
    }
  })

  it("a candle that cannot be read is said of its stream", () => {
    for (const change of [{ o: 1 }, { h: "x" }, { v: undefined }, { n: "3" }, { t: null }, { x: "yes" }]) {
      const message = Streams.decode(kline(change))
      assert.deepInclude(message, { _tag: "Unusable", name: "btcusdt@kline_1m" }, JSON.stringify(change))
    }
  })

  it("answers are told from refusals, and a server that goes away from one that does not", () => {
    assert.deepStrictEqual(Streams.decode('{"result":null,"id":3}'), { _tag: "Answer", id: 3, error: undefined })
    for (const text of [
      '{"error":{"code":2,"msg":"Invalid request"},"id":1}',
      '{"code":2,"msg":"Invalid request","id":1}'
    ]) {
      assert.deepStrictEqual(Streams.decode(text), { _tag: "Answer", id: 1, error: "2 Invalid request" })
    }
    assert.deepStrictEqual(Streams.decode('{"e":"serverShutdown","E":1}'), { _tag: "Shutdown" })
    for (const text of ["", "null", "[]", "<html>"]) assert.strictEqual(Streams.decode(text)._tag, "Malformed", text)
  })
})
