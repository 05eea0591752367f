import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Buffer } from "node:buffer"
import { crc32, deflateRawSync } from "node:zlib"
import * as Zip from "../src/Zip.ts"

const content = Buffer.from("1704067200000,1,2,0.5,1.5,10\n".repeat(2_000))

interface Options {
  readonly method?: number
  readonly packed?: Uint8Array
  readonly size?: number
  readonly crc?: number
}

/** A zip of one file, byte by byte, so that every field can be wrong. */
const zip = ({ crc, method = 8, packed, size = content.length }: Options = {}): Uint8Array => {
  const data = packed ?? (method === 0 ? content : deflateRawSync(content))
  const name = Buffer.from("a.csv")
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(20, 0)
  fields.writeUInt16LE(method, 4)
  fields.writeUInt32LE(crc ?? crc32(content), 10)
  fields.writeUInt32LE(data.length, 14)
  fields.writeUInt32LE(size, 18)
  fields.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from("504b0304", "hex"), fields, name, data])
  const central = Buffer.concat([Buffer.from("504b01021400", "hex"), fields, Buffer.alloc(14), name])
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06_05_4b_50, 0)
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}

describe("Zip", () => {
  it.effect("gives the bytes of the file, packed or not", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(Buffer.from(yield* Zip.extract(zip())), content)
      assert.deepStrictEqual(Buffer.from(yield* Zip.extract(zip({ method: 0 }))), content)
    })
  )

  it.effect("refuses a file that is not what the archive says of it", () =>
    Effect.gen(function* () {
      const detail = (options: Options) => Effect.map(Effect.flip(Zip.extract(zip(options))), (error) => error.detail)
      assert.match(yield* detail({ crc: 7 }), /is not what it was when it was packed/)
      assert.match(yield* detail({ size: content.length + 5 }), /58000 bytes instead of 58005/)
      assert.match(yield* detail({ size: content.length - 5 }), /no sound zip archive|bytes instead of/)
      assert.match(yield* detail({ packed: deflateRawSync(content).subarray(0, 40) }), /no sound zip archive/)
      assert.match(yield* detail({ packed: Buffer.from("not deflated") }), /no sound zip archive/)
      assert.match(yield* detail({ size: 200_000_000 }), /200000000 bytes, which is more than it can hold/)
      assert.match(yield* detail({ method: 12 }), /packed by method 12|no sound zip archive/)
      for (const bytes of [new Uint8Array(), zip().subarray(0, 50), Buffer.from("<html>")]) {
        assert.match((yield* Effect.flip(Zip.extract(bytes))).detail, /no sound zip archive/)
      }
    })
  )

  it.effect("survives any byte that is another: it is refused, or the file is what it was", () =>
    Effect.gen(function* () {
      const small = zip({ method: 0 })
      const whole = Buffer.from(yield* Zip.extract(small))
      const heads = [...Array(60).keys(), ...Array.from({ length: 90 }, (_, i) => small.length - 1 - i)]
      for (const at of heads) {
        const damaged = Uint8Array.from(small)
        damaged[at] = damaged[at]! ^ 0xff
        const result = yield* Effect.result(Zip.extract(damaged))
        if (result._tag === "Success") assert.isTrue(Buffer.from(result.success).equals(whole), `byte ${at}`)
        else assert.strictEqual(result.failure._tag, "ZipProblem")
      }
    })
  )
})
