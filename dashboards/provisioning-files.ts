import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { calls } from "./calls.ts";
import { costAndCaching } from "./cost-and-caching.ts";
import { errorPatterns } from "./error-patterns.ts";
import { overview } from "./overview.ts";
import { providerComparison } from "./provider-comparison.ts";
import { retries } from "./retries.ts";
import { trace } from "./trace.ts";

/** Dashboards by store, in the order in which a reader meets them. */
export function dashboardsOf(store: "postgres" | "tempo"): Dashboard[] {
  if (store === "postgres") return [overview(), providerComparison(), errorPatterns(), costAndCaching(), retries(), calls(), trace()];
  return [];
}

/** What `npm run dashboards` writes, by path below provisioning/grafana. */
export function provisioningFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const store of ["postgres", "tempo"] as const) {
    for (const dashboard of dashboardsOf(store)) {
      files.set(`dashboards/${store}/${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`);
    }
  }
  return files;
}
