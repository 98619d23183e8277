import { defineConfig } from "vitest/config";

/** Needs `npm ci --prefix test/matrix` once. Some twenty minutes: every SDK in two versions of Node. */
export default defineConfig({
  test: {
    include: ["test/matrix/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 30_000,
    hookTimeout: 240_000,
  },
});
