/** A worker in a process of its own, whose handler tells the parent when it runs, and when and why its signal is aborted. */
import { once } from "node:events";

import { createEventHub } from "../../src/telemetry/events.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { defineJob } from "../../src/index.ts";
import { startWorker } from "../../src/worker/startWorker.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";

const waiting = defineJob()
  .task("wait", async ({ signal }) => {
    process.send?.("running");
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve, { once: true });
    });
    const { name, kind } = signal.reason as { name: string; kind: string };
    process.send?.({ name, kind });
    return "too late";
  })
  .task("after", () => "done");

async function main(): Promise<void> {
  const [connectionString = ""] = process.argv.slice(2);
  const worker = await startWorker({
    connectionString,
    schemas: TEST_SCHEMAS,
    definitions: { waiting },
    log: createLogger({ level: "silent" }),
    events: createEventHub(() => {}),
  });
  process.send?.("started");
  await once(process, "message");
  await worker.stop();
  process.disconnect?.();
}

await main();
