import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/globalSetup.ts"],
    // Processes, not threads: tests send signals, and a handler that blocks must not hold its neighbours.
    pool: "forks",
    testTimeout: 30_000,
    // The first clone of a file waits for its turn at the template.
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["src/engine/**", "src/definition/**"],
      thresholds: { lines: 90, functions: 90, branches: 90 },
    },
  },
});
