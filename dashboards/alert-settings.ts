/**
 * What the alert rules and the dashboards' thresholds compare with. Edit this file, then `npm run dashboards`.
 * Shares are 0 to 1, money is USD, times are named with their unit. A rule needs `callsMin` calls in its window before it
 * judges anybody: 1 failure of 2 is no error rate.
 */
export const ALERT_SETTINGS = {
  /** Share of calls that should succeed; the burn-rate rules measure how fast the rest of 30 days is used up. Per provider. */
  objective: 0.99,
  /** Failed calls / calls of a provider, over 10 minutes. */
  errorRate: { above: 0.1, callsMin: 20 },
  /**
   * Multi-window burn rates of the SRE workbook ("Alerting on SLOs", table 5-2): both windows must burn at least so many
   * times faster than the objective allows. With little traffic one failure burns any budget, hence callsMin.
   */
  burnRates: {
    fast: { times: 14.4, longMinutes: 60, shortMinutes: 5, callsMin: 60 },
    slow: { times: 6, longMinutes: 360, shortMinutes: 30, callsMin: 120 },
    budget: { times: 1, longMinutes: 4320, shortMinutes: 360, callsMin: 500 },
  },
  /** Share of a provider's calls that met a rate limit at the first attempt, over 15 minutes, and how many times its usual share of the day before that is. */
  rateLimited: { above: 0.05, timesUsual: 3, callsMin: 20 },
  /** Share of a model's calls that found it overloaded at the first attempt, over 15 minutes. */
  overloaded: { above: 0.05, callsMin: 20 },
  /** Calls in 15 minutes that failed for want of a valid key, or of quota: any is one too many. */
  authFailures: { above: 0 },
  quotaExceeded: { above: 0 },
  /** 95th percentile of a model's completed calls over 15 minutes. Reasoning models think long: set what your users bear. */
  durationSeconds: { above: 60, callsMin: 20 },
  /** 95th percentile of a model's time to first token over 15 minutes. */
  ttftSeconds: { above: 10, callsMin: 20 },
  /** Spend of all calls in the last whole hour, the last 24 hours, and the month's budget on the cost dashboard. */
  spendUsd: { perHour: 20, perDay: 100, perMonth: 1000 },
  /** How far a model's cache hit rate over an hour may fall below its own of the week before; 0.2 = from 70 % to 50 %. */
  cacheHitRateDrop: { above: 0.2, callsMin: 50 },
  /** Calls with known price / calls with usage, over an hour. Unpriced spend is invisible to every budget. */
  costCoverage: { below: 0.9, callsMin: 20 },
  /** Calls of a provider that needed another attempt / calls, over 15 minutes. */
  retriesPerCall: { above: 0.25, callsMin: 20 },
  /** Minutes without a stored model call. Longer than your quietest night. */
  silence: { minutes: 30 },
  /**
   * Of the gateways, each of which writes about itself once a minute: minutes without a word of any, minutes that a span may
   * wait in a spool, and the share of spans and requests that may be refused over 15 minutes.
   */
  gateway: { silentMinutes: 5, spoolMinutes: 10, refusedAbove: 0.01, requestsMin: 20 },
} as const;
