import { defineConfig } from "vitest/config";

/**
 * A real Grafana 12 or later: GRAFANA_HOME (an unpacked Grafana, started here with a database of its own), or GRAFANA_URL
 * (one that is provisioned and has data; GRAFANA_USER, "admin:admin" by default). Some five minutes.
 */
export default defineConfig({
  test: {
    include: ["test/grafana/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
