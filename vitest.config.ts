import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Real servers and worker threads start inside tests; forks keep native handles of one file from another's.
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
