import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { alertFiles } from "./alert-files.ts";
import { calls } from "./calls.ts";
import { costAndCaching } from "./cost-and-caching.ts";
import { errorPatterns } from "./error-patterns.ts";
import { overview } from "./overview.ts";
import { pipeline } from "./pipeline.ts";
import { providerComparison } from "./provider-comparison.ts";
import { retries } from "./retries.ts";
import { runbooks } from "./runbooks.ts";
import { tempoCost } from "./tempo-cost-and-caching.ts";
import { tempoErrors } from "./tempo-errors-and-retries.ts";
import { tempoOverview } from "./tempo-overview.ts";
import { trace } from "./trace.ts";

/** Dashboards by store, in the order in which a reader meets them. */
export function dashboardsOf(store: "postgres" | "tempo"): Dashboard[] {
  if (store === "tempo") return [tempoOverview(), tempoErrors(), tempoCost()];
  return [overview(), providerComparison(), errorPatterns(), costAndCaching(), retries(), calls(), trace(), pipeline()];
}

/**
 * What `npm run dashboards` writes, by path below provisioning/grafana.
 * @param runbooksMarkdown text of docs/runbooks.md
 */
export function provisioningFiles(runbooksMarkdown: string): Map<string, string> {
  const files = alertFiles();
  for (const store of ["postgres", "tempo"] as const) {
    const own = store === "postgres" ? [runbooks(runbooksMarkdown)] : [];
    for (const dashboard of [...dashboardsOf(store), ...own]) {
      files.set(`dashboards/${store}/${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`);
    }
  }
  return files;
}
