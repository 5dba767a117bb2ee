import { closeSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { RatchetError } from "../../errors/ratchetError.ts";
import type { DatabaseLog } from "../log.ts";
import type { PostgresBinaries } from "./binaries.ts";
import { clusterFiles } from "./cluster.ts";
import type { Placement } from "./placement.ts";
import { isPortTaken, portCandidates } from "./ports.ts";
import { type Postmaster, readPostmaster } from "./postmaster.ts";
import { isAlive } from "./processes.ts";
import { programFailed, runToEnd, spawnServer } from "./programs.ts";
import { codeOf } from "./systemErrors.ts";

/** Recovery after a crash can take a while; a normal start takes 50 to 90 ms. */
const READY_WITHIN_MS = 120_000;
const POLL_MS = 10;
const TELL_AFTER_MS = 2_000;
const LOG_ROTATED_AT_BYTES = 10 * 1024 * 1024;

/** What {@link startPostgres} takes besides the place and the programs. */
export interface ServerOptions {
  readonly port?: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: DatabaseLog;
}

/**
 * Starts Postgres and resolves once it accepts connections. Without a `port` it takes one that is free, the same one each
 * time if possible. Throws RT104 if the given one is taken. Call it under the lock, when no server runs. Resolves to null if
 * one runs after all.
 */
export async function startPostgres(
  placement: Placement,
  binaries: PostgresBinaries,
  options: ServerOptions,
): Promise<Postmaster | null> {
  const ports = options.port === undefined ? portCandidates(placement.folder) : [options.port];
  for (const port of ports) {
    if (await isPortTaken(port)) {
      continue;
    }
    const started = await tryStart(placement, binaries, port, options);
    if (started !== "port taken") {
      return started === "running already" ? null : started;
    }
  }
  if (options.port !== undefined) {
    throw new RatchetError("RT104", `Port ${options.port}, wanted for the embedded Postgres, is taken on 127.0.0.1.`);
  }
  throw new RatchetError(
    "RT104",
    `Of ${ports.length} ports tried for the embedded Postgres, none was free on 127.0.0.1.`,
    { detail: `Tried ${ports.join(", ")}.` },
  );
}

async function tryStart(
  placement: Placement,
  binaries: PostgresBinaries,
  port: number,
  { settings, log }: ServerOptions,
): Promise<Postmaster | "port taken" | "running already"> {
  const files = clusterFiles(placement.folder);
  const allSettings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...settings };
  const output = openLog(files.log);
  const server = spawnServer(
    binaries.postgres,
    [
      `-D${files.data}`,
      `-p${port}`,
      ...Object.entries(allSettings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    { placement, outputDescriptor: output.descriptor },
  );
  closeSync(output.descriptor);

  const startedAtMs = Date.now();
  let told = false;
  for (;;) {
    const postmaster = readPostmaster(files.data);
    if (postmaster !== null && postmaster.pid === server.pid && postmaster.status === "ready") {
      return postmaster;
    }
    const end = await Promise.race([server.ended, delay(POLL_MS)]);
    if (end !== undefined) {
      return explainEnd(end, files.log, output.offset);
    }
    const waitedMs = Date.now() - startedAtMs;
    if (waitedMs > READY_WITHIN_MS) {
      throw new Error(
        `The embedded Postgres (process ${server.pid}) was not ready after ${READY_WITHIN_MS / 1_000} s. Its log: ${files.log}`,
      );
    }
    if (!told && waitedMs > TELL_AFTER_MS) {
      told = true;
      log.info({ logFile: files.log }, "the embedded Postgres is still starting, perhaps recovering from a crash");
    }
  }
}

/** Reads from what the server wrote why it ended; throws unless it was something the caller can get around. */
function explainEnd(end: string, logFile: string, offset: number): "port taken" | "running already" {
  const text = readFileSync(logFile).subarray(offset).toString("utf8");
  if (/could not bind|Address already in use/v.test(text)) {
    return "port taken";
  }
  if (text.includes('lock file "postmaster.pid" already exists')) {
    return "running already";
  }
  throw programFailed("Postgres", end, `${text.trimEnd()}\nThe whole log: ${logFile}`);
}

/** Waits until the server has left the states `starting` and `stopping`. Returns null if it has ended. */
export async function waitUntilSettled(data: string): Promise<Postmaster | null> {
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const postmaster = readPostmaster(data);
    if (postmaster === null || postmaster.status === "ready") {
      return postmaster;
    }
    if (Date.now() > deadlineMs) {
      throw new Error(
        `The Postgres on ${data} (process ${postmaster.pid}) has been in the state "${postmaster.status}" for ${READY_WITHIN_MS / 1_000} s.`,
      );
    }
    await delay(POLL_MS);
  }
}

/** Ends all sessions, writes what is in memory, and resolves when the process is gone. */
export async function stopPostgres(placement: Placement, binaries: () => PostgresBinaries, pid: number): Promise<void> {
  if (process.platform === "win32") {
    // There a signal would end the server without a checkpoint.
    const { data } = clusterFiles(placement.folder);
    await runToEnd(binaries().pgCtl, ["stop", "-D", data, "-m", "fast"], placement);
    return;
  }
  try {
    process.kill(pid, "SIGINT");
  } catch (error) {
    if (codeOf(error) !== "ESRCH") {
      throw error;
    }
  }
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadlineMs) {
      throw new Error(`The embedded Postgres (process ${pid}) did not stop within ${READY_WITHIN_MS / 1_000} s.`);
    }
    await delay(POLL_MS);
  }
}

function openLog(file: string): { descriptor: number; offset: number } {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > LOG_ROTATED_AT_BYTES) {
    renameSync(file, `${file}.1`);
    return { descriptor: openSync(file, "a", 0o600), offset: 0 };
  }
  return { descriptor: openSync(file, "a", 0o600), offset: bytes };
}
