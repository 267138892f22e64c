import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Says in one line what this machine cannot test.
    globalSetup: ["test/servers/notice.ts"],
    // Real servers and worker threads start inside tests; forks keep native handles of one file from another's.
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
