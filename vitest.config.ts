import { availableParallelism } from "node:os";

import { defineConfig } from "vitest/config";

// Our own package name leads to the sources, not to what was built last.
const conditions = ["ratchet-source"];

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    execArgv: conditions.map((condition) => `--conditions=${condition}`),
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/globalSetup.ts"],
    // Processes, not threads: tests send signals, and a handler that blocks must not hold its neighbours.
    pool: "forks",
    // Most tests wait for Postgres or a child process: on two cores Vitest's own choice, one, leaves half of them idle.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // Deadlines, never measures: a process needs 3 s of CPU to start, which is 20 s and more where six others want it.
    testTimeout: 90_000,
    // The first clone of a file waits for its turn at the template.
    hookTimeout: 120_000,
    coverage: {
      provider: "v8",
      include: ["src/client/**", "src/definition/**", "src/engine/**"],
      thresholds: { lines: 90, functions: 90, branches: 90 },
    },
  },
});
