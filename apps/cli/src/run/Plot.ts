/** Charts as files, by the file that is asked for: ECharts draws, resvg turns lines into pixels. */
import { UsageError } from "@tidemark/backfill"
import { Console, Effect, FileSystem, Stream } from "effect"
import { createRequire } from "node:module"
import * as Chart from "../view/Chart.ts"
import * as OutFile from "./OutFile.ts"

const formats = ["svg", "png", "html"] as const
type Format = (typeof formats)[number]

const width = 1_200
const height = 600
const what = "The picture"

/** What the name of a file that a flag gives asks for. */
export const formatOf = Effect.fnUntraced(function* (path: string, flag = "plot") {
  const format = formats.find((one) => path.toLowerCase().endsWith(`.${one}`))
  if (format !== undefined) return format
  return yield* new UsageError.UsageError({
    message: `--${flag} ${path}: name a file that ends in ${formats.map((one) => `.${one}`).join(", ")}`
  })
})

/** A file of a package that is installed. */
const packaged = (name: string): string => createRequire(import.meta.url).resolve(name)

const svgOf = Effect.fnUntraced(function* ({ option }: Chart.Chart) {
  const [core, charts, components, renderers] = yield* Effect.promise(() =>
    Promise.all([
      import("echarts/core"),
      import("echarts/charts"),
      import("echarts/components"),
      import("echarts/renderers")
    ])
  )
  core.use([
    charts.BarChart,
    charts.LineChart,
    components.GridComponent,
    components.LegendComponent,
    components.MarkAreaComponent,
    components.MarkLineComponent,
    components.TitleComponent,
    renderers.SVGRenderer
  ])
  return yield* Effect.sync(() => {
    const chart = core.init(null, null, { renderer: "svg", ssr: true, width, height })
    chart.setOption(option(false))
    const svg = chart.renderToSVGString()
    chart.dispose()
    return svg
  })
})

/** Charts below one another. */
const stacked = (charts: ReadonlyArray<string>): string => {
  if (charts.length === 1) return charts[0]!
  const placed = charts.map((svg, i) => svg.replace("<svg ", `<svg y="${i * height}" `))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height * charts.length}">${placed.join("")}</svg>`
}

const pngOf = Effect.fnUntraced(function* (svg: string) {
  const { Resvg } = yield* Effect.promise(() => import("@resvg/resvg-js"))
  const fontFiles = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) => packaged(`dejavu-fonts-ttf/ttf/${name}`))
  const font = { fontFiles, loadSystemFonts: false, defaultFontFamily: "DejaVu Sans" }
  return yield* Effect.sync(() => new Resvg(svg, { font, fitTo: { mode: "zoom", value: 2 } }).render().asPng())
})

/** Draws charts into a file, one below the other. */
export const write = Effect.fnUntraced(function* (path: string, drawn: ReadonlyArray<Chart.Chart>) {
  const format: Format = yield* formatOf(path)
  if (drawn.length === 0) return yield* Console.error(`tidemark: there is nothing to draw; ${path} is not written`)
  if (format === "html") {
    const fs = yield* FileSystem.FileSystem
    const library = yield* fs.readFileString(packaged("echarts/dist/echarts.min.js"))
    yield* OutFile.writeText(path, what, Chart.page(drawn, library))
  } else {
    const svg = stacked(yield* Effect.forEach(drawn, svgOf))
    yield* format === "svg"
      ? OutFile.writeText(path, what, svg)
      : OutFile.write(path, what, Stream.make(yield* pngOf(svg)))
  }
  yield* Console.error(`Picture: ${path}`)
})
