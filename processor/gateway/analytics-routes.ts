import type { Route } from "./http.ts";

export interface AnalyticsRoutes {
  readonly routes: [string, Route][];
  close(): Promise<void>;
}

export function analyticsRoutes(_databaseUrl: string | null, _schema: string): AnalyticsRoutes {
  return { routes: [], close: async () => undefined };
}
