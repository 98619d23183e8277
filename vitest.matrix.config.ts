import { defineConfig } from "vitest/config";

/**
 * Needs `npm ci --prefix test/matrix` and `npm ci --prefix test/matrix/sdk-3` once. Some six minutes on two cores that do
 * nothing else: every SDK in Node 20, 22 and 24, some in 26. `MATRIX_NODES` and `MATRIX_SDKS` run a part, `MATRIX_AT_ONCE` says how many rows.
 */
export default defineConfig({
  test: {
    include: ["test/matrix/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    pool: "forks",
    maxWorkers: 1,
    // Says how far it is.
    disableConsoleIntercept: true,
    testTimeout: 30_000,
    hookTimeout: 240_000,
  },
});
