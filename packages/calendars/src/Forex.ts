/**
 * Foreign exchange, 24 hours on 5 days: from Sunday 17:00 to Friday 17:00 New
 * York time. A session runs from 17:00 to 17:00 and has the date on which it
 * closes, so the week's first session, Monday's, opens on Sunday evening; in
 * UTC the weekend moves by an hour with New York's clocks.
 *
 * **Gotcha**: no holidays. The market as a whole has none, but brokers close
 * or thin out around Christmas and New Year, each in its own way.
 */
import type { Calendar } from "@tidemark/core"
import { weekday } from "./Day.ts"
import { make as makeSessions } from "./Sessions.ts"
import { newYork } from "./Zone.ts"

const hours = { open: -7 * 60, close: 17 * 60 }

export const make = (): Calendar.Calendar =>
  makeSessions({
    id: "24/5",
    timeZone: "America/New_York",
    zone: newYork,
    hours: (day) => (weekday(day) < 5 ? hours : undefined)
  })
