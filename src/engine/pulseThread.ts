/** The file that a pulse thread runs: see `pulse.ts`. */
import { parentPort, workerData } from "node:worker_threads";
import type { FromPulse, PulseSettings, ToPulse } from "./pulseMessages.ts";
import { runPulse } from "./runPulse.ts";

if (parentPort === null) {
  throw new Error("This file is run in a thread of a worker's process.");
}
const port = parentPort;
const pulse = runPulse(workerData as PulseSettings, (message: FromPulse) => {
  port.postMessage(message);
});
port.on("message", (message: ToPulse) => {
  if (message.kind === "close") {
    port.close();
  }
  pulse.hear(message);
});
