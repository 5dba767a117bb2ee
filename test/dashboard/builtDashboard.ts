import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "vite";
import { afterAll, beforeAll } from "vitest";

/** Builds the dashboard for the test file into a folder of its own. */
export function useBuiltDashboard(): string {
  const folder = mkdtempSync(join(tmpdir(), "ratchet-dashboard-"));
  beforeAll(async () => {
    await build({
      configFile: join(import.meta.dirname, "../../src/dashboard/vite.config.ts"),
      build: { outDir: folder },
      logLevel: "warn",
    });
  });

  afterAll(() => rm(folder, { recursive: true }));
  return folder;
}
