import { createHash, randomInt } from "node:crypto";
import { createServer } from "node:net";

// Linux hands out ports from 32768 on to outgoing connections, so a fixed one there may be in use by chance.
const LOWEST = 15_000;
const HIGHEST = 32_767;
const TRIES = 20;

/** Ports to try in order: first the one that belongs to this folder, so that a connection string stays right. */
export function portCandidates(folder: string): number[] {
  const own = LOWEST + (createHash("sha256").update(folder).digest().readUInt32BE() % (HIGHEST - LOWEST + 1));
  return [own, ...Array.from({ length: TRIES - 1 }, () => randomInt(LOWEST, HIGHEST + 1))];
}

/** Whether something listens on the port of 127.0.0.1 already (or we may not use it). */
export async function isPortTaken(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => {
      resolve(true);
    });
    probe.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      probe.close(() => {
        resolve(false);
      });
    });
  });
}
