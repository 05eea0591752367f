/**
 * When Binance spot was down: times without a candle of any symbol, as its
 * users have documented them for BTC/USDT, in whole minutes UTC.
 */
import { Instant, type Outage } from "@tidemark/core"
import { Option } from "effect"

/** Of spot; futures have no such list, and went on at these times. */
export const venue = "binance"

const times: ReadonlyArray<readonly [from: string, to: string]> = [
  ["2017-09-06T16:00Z", "2017-09-06T23:00Z"],
  ["2018-02-08T00:29Z", "2018-02-09T09:59Z"],
  ["2018-06-26T02:00Z", "2018-06-26T12:00Z"],
  ["2018-06-27T13:00Z", "2018-06-27T14:45Z"],
  ["2018-07-04T00:23Z", "2018-07-04T08:00Z"],
  ["2018-10-19T06:00Z", "2018-10-19T09:30Z"],
  ["2018-11-14T02:00Z", "2018-11-14T09:00Z"],
  ["2019-03-12T02:00Z", "2019-03-12T08:00Z"],
  ["2019-05-15T03:00Z", "2019-05-15T13:00Z"],
  ["2019-08-15T02:00Z", "2019-08-15T10:00Z"],
  ["2019-11-13T02:00Z", "2019-11-13T04:20Z"],
  ["2019-11-13T05:30Z", "2019-11-13T05:33Z"],
  ["2019-11-25T02:00Z", "2019-11-25T04:00Z"],
  ["2020-02-19T11:36Z", "2020-02-19T17:30Z"],
  ["2020-04-25T02:00Z", "2020-04-25T04:30Z"],
  ["2020-06-28T02:00Z", "2020-06-28T05:30Z"],
  ["2020-11-30T06:00Z", "2020-11-30T07:00Z"],
  ["2020-12-21T14:10Z", "2020-12-21T18:00Z"],
  ["2021-03-06T02:00Z", "2021-03-06T03:30Z"],
  ["2021-04-25T04:01Z", "2021-04-25T08:45Z"],
  ["2021-08-13T02:00Z", "2021-08-13T06:30Z"],
  ["2021-09-29T07:00Z", "2021-09-29T09:00Z"],
  ["2023-03-24T12:40Z", "2023-03-24T14:00Z"]
]

const instant = (text: string) => Option.getOrThrow(Instant.parse(text))

export const all: ReadonlyArray<Outage.Outage> = times.map(([from, to]) => ({
  venue,
  from: instant(from),
  to: instant(to),
  origin: "known",
  evidence: `Binance spot was down from ${from} to ${to}`
}))
