import { defineConfig } from "vitest/config";

/**
 * Exporters of other languages and the OpenTelemetry Collector against the gateway. Needs Go, a Python with
 * opentelemetry-exporter-otlp (OTLP_PYTHON, default python3) and a Collector (COLLECTOR_BINARY; bench/collector builds one).
 */
export default defineConfig({
  test: {
    include: ["test/conformance/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 600_000,
  },
});
