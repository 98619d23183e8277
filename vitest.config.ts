import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{instrumentation,processor,dashboards,test}/**/*.test.ts"],
    exclude: ["test/{faults,matrix,grafana,conformance}/**", "**/node_modules/**"],
    globalSetup: ["test/support/global-setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
