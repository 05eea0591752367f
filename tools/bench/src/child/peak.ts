/**
 * Preloaded into what is measured (`--import`): leaves the peak of its
 * resident memory, in bytes, in the file that `BENCH_PEAK_FILE` names.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { isMainThread } from "node:worker_threads"

// Where there is /proc it is preferred: a new process starts with its parent's `maxRSS`.
const peakBytes = (): number => {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}

const file = process.env["BENCH_PEAK_FILE"]
if (isMainThread && file) process.once("exit", () => writeFileSync(file, String(peakBytes())))
