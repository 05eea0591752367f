/** The provider's wire format, for a market that trades every half hour of New York's day. */
const minute = 60_000
const units: Readonly<Record<string, number>> = { minute, hour: 60 * minute, day: 1_440 * minute }

/** An answer of aggregates, in pages of `pageRows`. */
export const aggregates = (url: URL, pageRows = 50_000): Response => {
  const [, , , , ticker, , multiplier, span, fromText, toText] = url.pathname.split("/")
  const step = Number(multiplier) * units[span!]!
  const offset = Number(url.searchParams.get("cursor") ?? 0)
  const from = Number(fromText)
  const first = Math.ceil(from / step) * step + offset * step
  const rows: Array<object> = []
  for (let t = first; t <= Number(toText) && rows.length < pageRows; t += step) {
    const o = 100 + ((t / step) % 50)
    rows.push({ t, o, h: o + 2, l: o - 1.5, c: o + 0.25, v: 10, vw: o + 0.1, n: 7 })
  }
  const more = first + rows.length * step <= Number(toText)
  const next = new URL(url)
  next.searchParams.set("cursor", String(offset + rows.length))
  next.host = "elsewhere.example"
  return Response.json({
    ticker,
    status: "OK",
    adjusted: false,
    queryCount: rows.length,
    resultsCount: rows.length,
    request_id: "r",
    ...(rows.length === 0 ? {} : { results: rows }),
    ...(more ? { next_url: next.href } : {})
  })
}
