import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { RatchetError } from "../../errors/ratchetError.ts";
import type { DatabaseLog } from "../log.ts";
import type { PostgresBinaries } from "./binaries.ts";
import type { Placement } from "./placement.ts";
import { isPortTaken, portCandidates } from "./ports.ts";
import { readPostmaster, type Postmaster } from "./postmaster.ts";
import { isAlive } from "./processes.ts";
import { codeOf } from "./systemErrors.ts";

/** Recovery after a crash can take a while; a normal start takes 50 to 90 ms. */
const READY_WITHIN_MS = 120_000;
const POLL_MS = 10;
/** Lines of output shown when initdb or Postgres fails. */
const SHOWN_LINES = 12;
const LOG_ROTATED_AT_BYTES = 10 * 1024 * 1024;
const INITDB_ARGUMENTS = [
  "--username=postgres",
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--locale=C",
  "--no-sync",
  "--no-instructions",
];

/** The files of one embedded Postgres. */
export interface ClusterFiles {
  /** Holds data and password; moved in place whole, so it exists only if initdb came to its end. */
  readonly cluster: string;
  readonly data: string;
  /** The superuser's password, readable by its owner only. */
  readonly password: string;
  readonly log: string;
  readonly lock: string;
}

/** Says where the files of the cluster in `folder` are. */
export function clusterFiles(folder: string): ClusterFiles {
  const cluster = path.join(folder, "postgres");
  return {
    cluster,
    data: path.join(cluster, "data"),
    password: path.join(cluster, "password"),
    log: path.join(folder, "postgres.log"),
    lock: path.join(folder, "postgres.lock"),
  };
}

/** Runs initdb unless it has been done. Call it under the lock. */
export async function initialiseCluster(placement: Placement, binaries: () => PostgresBinaries): Promise<void> {
  const files = clusterFiles(placement.folder);
  removeDrafts(placement.folder);
  if (existsSync(files.cluster)) {
    return;
  }
  const draft = path.join(placement.folder, `initdb-${randomUUID()}`);
  const data = path.join(draft, "data");
  const password = path.join(draft, "password");
  mkdirSync(data, { recursive: true });
  // Whatever our umask is, the owner of the data has to pass through.
  chmodSync(draft, 0o755);
  writeFileSync(password, randomBytes(24).toString("hex"), { mode: 0o600 });
  if (placement.owner !== null) {
    chownSync(data, placement.owner.uid, placement.owner.gid);
    chownSync(password, placement.owner.uid, placement.owner.gid);
  }
  await runToEnd(binaries().initdb, [...INITDB_ARGUMENTS, `--pwfile=${password}`, `--pgdata=${data}`], placement);
  if (placement.owner !== null) {
    chownSync(password, 0, 0);
  }
  try {
    renameSync(draft, files.cluster);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST"].includes(codeOf(error))) {
      throw error;
    }
    // Another process has finished in the meantime (the lock leaves that open): its cluster counts.
    rmSync(draft, { recursive: true, force: true });
  }
}

/** What a crash in the middle of initdb or of a copy has left. */
function removeDrafts(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith("initdb-") || name.startsWith("binaries-draft-")) {
      // An initdb that outlived our predecessor may still be writing: then what remains goes at the next start.
      try {
        rmSync(path.join(folder, name), { recursive: true, force: true, maxRetries: 3 });
      } catch {}
    }
  }
}

/**
 * Starts Postgres and resolves once it accepts connections. Without a `port` it takes one that is free, the same one each
 * time if possible. Throws RT104 if the given one is taken. Call it under the lock, when no server runs. Resolves to null if
 * one runs after all.
 */
export async function startPostgres(
  placement: Placement,
  binaries: PostgresBinaries,
  options: { port: number | undefined; settings: Readonly<Record<string, string>>; log: DatabaseLog },
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
  throw new RatchetError("RT104", `Of ${ports.length} ports tried for the embedded Postgres, none was free on 127.0.0.1.`, {
    detail: `Tried ${ports.join(", ")}.`,
  });
}

async function tryStart(
  placement: Placement,
  binaries: PostgresBinaries,
  port: number,
  { settings, log }: { settings: Readonly<Record<string, string>>; log: DatabaseLog },
): Promise<Postmaster | "port taken" | "running already"> {
  const files = clusterFiles(placement.folder);
  const allSettings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...settings };
  const output = openLog(files.log);
  const server = spawn(
    binaries.postgres,
    ["-D", files.data, "-p", String(port), ...Object.entries(allSettings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    { ...spawnOptions(placement), stdio: ["ignore", output.descriptor, output.descriptor] },
  );
  const ended = endOf(server);
  closeSync(output.descriptor);
  // The server outlives us if it must: the next process adopts it.
  server.unref();

  const startedAtMs = Date.now();
  let told = false;
  for (;;) {
    const postmaster = readPostmaster(files.data);
    if (postmaster !== null && postmaster.pid === server.pid && postmaster.status === "ready") {
      return postmaster;
    }
    const end = await Promise.race([ended, delay(POLL_MS)]);
    if (end !== undefined) {
      const text = readFileSync(files.log).subarray(output.offset).toString("utf8");
      if (/could not bind|Address already in use/v.test(text)) {
        return "port taken";
      }
      if (text.includes('lock file "postmaster.pid" already exists')) {
        return "running already";
      }
      throw programFailed("Postgres", end, text, files.log);
    }
    const waitedMs = Date.now() - startedAtMs;
    if (waitedMs > READY_WITHIN_MS) {
      throw new Error(`The embedded Postgres (process ${server.pid}) was not ready after ${READY_WITHIN_MS / 1_000} s. Its log: ${files.log}`);
    }
    if (!told && waitedMs > 2_000) {
      told = true;
      log.info({ logFile: files.log }, "the embedded Postgres is still starting, perhaps recovering from a crash");
    }
  }
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
  process.kill(pid, "SIGINT");
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadlineMs) {
      throw new Error(`The embedded Postgres (process ${pid}) did not stop within ${READY_WITHIN_MS / 1_000} s.`);
    }
    await delay(POLL_MS);
  }
}

async function runToEnd(program: string, programArguments: string[], placement: Placement): Promise<void> {
  const child = spawn(program, programArguments, { ...spawnOptions(placement), stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output.push(text));
  }
  const end = await endOf(child, "close");
  if (end !== "status 0") {
    throw programFailed(path.basename(program), end, output.join(""), null);
  }
}

function spawnOptions({ owner }: Placement) {
  return {
    // Ctrl-C goes to a terminal's whole group; Postgres must outlive our own orderly end.
    detached: true,
    // The server's user may be unable to enter the folder we are in.
    cwd: process.platform === "win32" ? undefined : "/",
    // PGDATA, PGPORT, LD_LIBRARY_PATH and the like must not reach it. Windows programs need some of theirs.
    env: process.platform === "win32" ? undefined : { LC_ALL: "C" },
    ...owner,
  };
}

function endOf(child: ChildProcess, event: "exit" | "close" = "exit"): Promise<string> {
  return new Promise((resolve) => {
    child.once(event, (status: number | null, signal: string | null) => resolve(signal ?? `status ${status}`));
    child.once("error", (error) => resolve(error.message));
  });
}

function programFailed(name: string, end: string, output: string, logFile: string | null): Error {
  const lines = output.trimEnd().split("\n").slice(-SHOWN_LINES);
  const where = logFile === null ? "" : ` The whole log: ${logFile}`;
  return new Error(`The embedded Postgres could not start: ${name} ended with ${end}. Its last output:\n${lines.join("\n")}\n${where}`);
}

function openLog(file: string): { descriptor: number; offset: number } {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > LOG_ROTATED_AT_BYTES) {
    renameSync(file, `${file}.1`);
    return { descriptor: openSync(file, "a", 0o600), offset: 0 };
  }
  return { descriptor: openSync(file, "a", 0o600), offset: bytes };
}
