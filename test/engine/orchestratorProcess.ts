/** A process of its own that runs one job of two tasks; the first waits until it is told to go on. */
import { once } from "node:events";

import { TaskOrchestrator } from "../../src/engine/taskOrchestrator.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";

async function main(): Promise<void> {
  const [url = "", jobId = ""] = process.argv.slice(2);
  const calls: string[] = [];
  const orchestrator = new TaskOrchestrator({ connectionString: url, schemas: TEST_SCHEMAS });
  const tasks = await orchestrator.readTasks({ id: jobId });
  const isCompleted = await orchestrator.executeJobWithTasks({ id: jobId }, tasks, {
    async one() {
      calls.push("one");
      const goOn = once(process, "message");
      process.send?.("one runs");
      await goOn;
    },
    two() {
      calls.push("two");
    },
  });
  await orchestrator.close();
  process.send?.({ isCompleted, calls });
  process.disconnect?.();
}

await main();
