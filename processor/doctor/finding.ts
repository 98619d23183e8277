/** Where on the way of a span a finding was made, in the order in which a span travels. */
export const STATIONS = ["app", "gateway", "database", "spans", "prices", "grafana"] as const;

export type Station = (typeof STATIONS)[number];

/** One thing that the doctor looked at. Every problem says what to do next. */
export interface Finding {
  readonly station: Station;
  /** problem: nothing gets past here. warning: answers are incomplete. unchecked: could not be looked at, or was not asked for. */
  readonly verdict: "ok" | "warning" | "problem" | "unchecked";
  readonly what: string;
  readonly next?: string;
}
