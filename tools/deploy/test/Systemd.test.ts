import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Repository from "./Repository.ts"

const installed = "/opt/tidemark"
const units = ["tidemark.service", "tidemark-backfill.service", "tidemark-backfill.timer"]
const services = units.filter((unit) => unit.endsWith(".service"))
const text = (unit: string): string => Repository.read(`deploy/systemd/${unit}`)

/** All values of a setting. */
const settings = (unit: string, name: string): ReadonlyArray<string> =>
  [...text(unit).matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value!)

const setting = (unit: string, name: string): string => {
  const [value] = settings(unit, name)
  if (value === undefined) throw new Error(`${unit} has no ${name}`)
  return value
}

const seconds = (time: string): number => Number.parseInt(time) * (time.endsWith("h") ? 3_600 : 1)

/** What is the same in both services: all that keeps them from what is not theirs. */
const walls = (unit: string): string =>
  text(unit).split("# Nothing but /var/lib/tidemark can be written.")[1]!.split("\n[")[0]!

describe("the systemd units", () => {
  it.each(services)("%s runs what is there, as a user of its own", (unit) => {
    const paths = setting(unit, "ExecStart")
      .split(" ")
      .filter((word) => word.startsWith("/"))
    assert.lengthOf(paths, 2)
    for (const path of paths) {
      assert.isTrue(path.startsWith(`${installed}/`))
      assert.isTrue(existsSync(join(Repository.root, path.slice(installed.length))), path)
    }
    assert.strictEqual(setting(unit, "User"), "tidemark")
    assert.match(text("tidemark.sysusers"), /^u tidemark - /m)
  })

  it.each(services)("%s sets variables that the program reads, and writes where it may", (unit) => {
    const set = settings(unit, "Environment").map((one) => one.split("=", 2) as [string, string])
    for (const [name] of set) assert.isTrue(Repository.variables.has(name) || name === "NODE_ENV", name)
    const [, database] = set.find(([name]) => name === "DATABASE_URL")!
    assert.isTrue(database.startsWith(`duckdb:/var/lib/${setting(unit, "StateDirectory")}/`), database)
  })

  it.each(services)("%s has time to end, and takes the ways in which it ends for what they are", (unit) => {
    assert.isAtLeast(seconds(setting(unit, "TimeoutStopSec")), 2 * Repository.shutdownSeconds)
    // 130 is told to stop.
    assert.include(setting(unit, "SuccessExitStatus").split(" "), "130")
  })

  it("has the same walls around both services", () => {
    const [first, second] = services.map(walls)
    assert.strictEqual(first!.trim(), second!.trim())
    for (const wall of ["ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet=\n"]) {
      assert.include(first!, wall)
    }
  })

  it("starts the backfill by its timer, whatever was missed, and the daemon again after a failure", () => {
    assert.strictEqual(setting("tidemark-backfill.timer", "Persistent"), "true")
    assert.strictEqual(setting("tidemark-backfill.service", "Type"), "oneshot")
    assert.strictEqual(setting("tidemark.service", "Restart"), "on-failure")
  })

  const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0

  describe.skipIf(!hasAnalyze)("as systemd reads them", () => {
    it("are without a mistake, and leave little open", () => {
      const folder = mkdtempSync(join(tmpdir(), "tidemark-units-"))
      try {
        const paths = units.map((unit) => {
          const path = join(folder, unit)
          writeFileSync(path, text(unit).replaceAll(installed, Repository.root))
          return path
        })
        const verified = spawnSync("systemd-analyze", ["verify", "--man=no", ...paths], { encoding: "utf8" })
        assert.strictEqual(verified.stderr, "")
        assert.strictEqual(verified.status, 0)
        for (const path of paths.slice(0, services.length)) {
          // From 0, nothing is open, to 10, everything; in tenths.
          const { status, stdout } = spawnSync(
            "systemd-analyze",
            ["security", "--offline=yes", "--threshold=20", path],
            { encoding: "utf8" }
          )
          assert.strictEqual(status, 0, stdout)
        }
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  })
})
