/** Gamma snapshots, days and signals as they are written for others: by the names of the tables' columns, instants as ISO 8601. */
import { Gamma, Instant } from "@tidemark/core"
import type * as Wire from "./Gamma.ts"

const instant = (at: number | null): string | null => (at === null ? null : Instant.format(at))

const accounting = ({ noOpenInterest, noSpot, noVolatility, ...rest }: Gamma.Accounting) => ({
  ...rest,
  no_open_interest: noOpenInterest,
  no_volatility: noVolatility,
  no_spot: noSpot
})

export const snapshot = (one: Gamma.Snapshot) => ({
  symbol: one.symbol,
  source: one.source,
  timestamp: Instant.format(one.at),
  session: one.session,
  hours: one.hours,
  method: one.method,
  provenance: one.origin,
  spot: one.spot,
  spot_at: instant(one.spotAt),
  net_gex: one.netGex,
  call_gex: one.callGex,
  put_gex: one.putGex,
  gross_gex: one.grossGex,
  maker_state: one.makerState,
  flip: one.flip,
  flips: one.flips,
  distance_to_flip: Gamma.distanceToFlip(one),
  call_wall: one.callWall,
  call_wall_gex: one.callWallGex,
  put_wall: one.putWall,
  put_wall_gex: one.putWallGex,
  trap_call_wall: one.trapCallWall,
  trap_put_wall: one.trapPutWall,
  max_pain: one.maxPain,
  nearest_expiry: one.nearestExpiry,
  atm_iv: one.atmVolatility,
  expected_move: one.expectedMove,
  call_open_interest: one.callOpenInterest,
  put_open_interest: one.putOpenInterest,
  gross_gex_today: one.grossToday,
  gross_gex_5d: one.gross5,
  gross_gex_14d: one.gross14,
  gross_gex_later: one.grossLater,
  accounting: one.accounting === null ? null : accounting(one.accounting),
  conventions: one.conventions,
  model: one.model,
  reason: one.reason
})

export const daily = (one: Gamma.Daily) => ({
  symbol: one.symbol,
  session: one.session,
  source: one.source,
  method: one.method,
  provenance: one.origin,
  snapshots: one.snapshots,
  open_gex: one.openGex,
  close_gex: one.closeGex,
  change: one.change,
  change_percent: one.changePercent,
  open_price: one.openPrice,
  close_price: one.closePrice,
  price_correlation: one.priceCorrelation,
  maker_state: one.makerState
})

export const signal = (one: Gamma.Signal) => ({
  symbol: one.symbol,
  source: one.source,
  timestamp: Instant.format(one.at),
  session: one.session,
  method: one.method,
  provenance: one.origin,
  pattern: one.pattern,
  direction: one.direction,
  confidence: one.confidence,
  price: one.price,
  rsi: Object.fromEntries(Gamma.rsiTimeframes.map((timeframe, i) => [timeframe, one.rsi[i] ?? null])),
  rsi_score: one.rsiScore,
  overbought: one.overbought,
  oversold: one.oversold,
  reasons: one.reasons,
  horizon: one.horizon,
  due_at: Instant.format(one.dueAt),
  threshold: one.threshold,
  outcome: one.outcome,
  outcome_price: one.outcomePrice,
  move: one.move,
  resolved_at: instant(one.resolvedAt)
})

export const performance = (one: Gamma.Performance) => ({
  pattern: one.pattern,
  provenance: one.origin,
  method: one.method,
  resolved: one.resolved,
  wins: one.wins,
  win_rate: one.winRate,
  interval: one.interval === null ? null : { low: one.interval.low, high: one.interval.high },
  pending: one.pending
})

/** Rows as the typed client gives them, as they are kept. */
export const toSnapshot = (row: Wire.Snapshot): Gamma.Snapshot => ({
  symbol: row.symbol,
  source: row.source,
  at: row.timestamp,
  session: row.session,
  hours: row.hours,
  method: row.method,
  origin: row.provenance,
  spot: row.spot,
  spotAt: row.spot_at,
  netGex: row.net_gex,
  callGex: row.call_gex,
  putGex: row.put_gex,
  grossGex: row.gross_gex,
  makerState: row.maker_state,
  flip: row.flip,
  flips: row.flips,
  callWall: row.call_wall,
  callWallGex: row.call_wall_gex,
  putWall: row.put_wall,
  putWallGex: row.put_wall_gex,
  trapCallWall: row.trap_call_wall,
  trapPutWall: row.trap_put_wall,
  maxPain: row.max_pain,
  nearestExpiry: row.nearest_expiry,
  atmVolatility: row.atm_iv,
  expectedMove: row.expected_move,
  callOpenInterest: row.call_open_interest,
  putOpenInterest: row.put_open_interest,
  grossToday: row.gross_gex_today,
  gross5: row.gross_gex_5d,
  gross14: row.gross_gex_14d,
  grossLater: row.gross_gex_later,
  accounting: row.accounting === null ? null : toAccounting(row.accounting),
  conventions: row.conventions,
  model: row.model,
  reason: row.reason
})

const toAccounting = ({
  no_open_interest: noOpenInterest,
  no_spot: noSpot,
  no_volatility: noVolatility,
  ...rest
}: NonNullable<Wire.Snapshot["accounting"]>): Gamma.Accounting => ({ ...rest, noOpenInterest, noVolatility, noSpot })

export const toStrike = (row: Wire.Profile["strikes"][number]) => ({
  strike: row.strike,
  call: row.call_gex,
  put: row.put_gex,
  callOpenInterest: row.call_open_interest,
  putOpenInterest: row.put_open_interest
})

export const toDaily = (row: Wire.Daily): Gamma.Daily => ({
  symbol: row.symbol,
  session: row.session,
  source: row.source,
  method: row.method,
  origin: row.provenance,
  snapshots: row.snapshots,
  openGex: row.open_gex,
  closeGex: row.close_gex,
  change: row.change,
  changePercent: row.change_percent,
  openPrice: row.open_price,
  closePrice: row.close_price,
  priceCorrelation: row.price_correlation,
  makerState: row.maker_state
})

export const toSignal = (row: Wire.Signal): Gamma.Signal => ({
  symbol: row.symbol,
  source: row.source,
  at: row.timestamp,
  session: row.session,
  method: row.method,
  origin: row.provenance,
  pattern: row.pattern,
  direction: row.direction,
  confidence: row.confidence,
  price: row.price,
  rsi: Gamma.rsiTimeframes.map((timeframe) => row.rsi[timeframe] ?? null),
  rsiScore: row.rsi_score,
  overbought: row.overbought,
  oversold: row.oversold,
  reasons: row.reasons,
  horizon: row.horizon,
  dueAt: row.due_at,
  threshold: row.threshold,
  outcome: row.outcome,
  outcomePrice: row.outcome_price,
  move: row.move,
  resolvedAt: row.resolved_at
})

export const toPerformance = (row: Wire.Performance): Gamma.Performance => ({
  pattern: row.pattern,
  origin: row.provenance,
  method: row.method,
  resolved: row.resolved,
  wins: row.wins,
  winRate: row.win_rate,
  interval: row.interval,
  pending: row.pending
})
