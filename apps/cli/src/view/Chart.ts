/** Charts, whatever they show: a title and an option of ECharts, which is data only, without functions. Pure. */

export interface Chart {
  readonly title: string
  /** For somebody who can point at it and zoom, or for a picture. */
  readonly option: (isInteractive: boolean) => Readonly<Record<string, unknown>>
}

/** A page that holds all that it needs: `library` is ECharts itself. */
export const page = (charts: ReadonlyArray<Chart>, library: string): string => {
  const options = JSON.stringify(charts.map(({ option }) => option(true))).replaceAll("<", "\\u003c")
  const title = charts.map(({ title }) => title.replaceAll(/[<>&]/g, "")).join(", ")
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body { margin: 0; font-family: sans-serif } .chart { height: 92vh; min-height: 420px }</style>
<script>${library.replaceAll("</script", "<\\/script")}</script>
</head>
<body>
<script>
for (const option of ${options}) {
  const element = document.createElement("div")
  element.className = "chart"
  document.body.append(element)
  const chart = echarts.init(element)
  chart.setOption(option)
  addEventListener("resize", () => chart.resize())
}
</script>
</body>
</html>
`
}
