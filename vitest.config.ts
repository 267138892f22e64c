import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Says in one line what this machine cannot test.
    globalSetup: ["test/servers/notice.ts"],
    // Real servers and worker threads start inside tests; forks keep native handles of one file from another's.
    pool: "forks",
    // Worker threads of gateways load TypeScript by themselves. What one has stripped the next ones find here: each would otherwise
    // start WebAssembly for it, which takes longer than most tests, and V8 is not sound when many threads do so and end.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/tocsin-compiled") },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
