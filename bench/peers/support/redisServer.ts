import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import type { PeerService } from "../../peer.ts";
import { waitUntil } from "./pace.ts";

/** The version of the redis-server on the PATH, or null if there is none. */
export async function redisVersion(): Promise<string | null> {
  const program = spawn("redis-server", ["--version"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const [output] = await Promise.all([text(program.stdout), once(program, "close")]);
    return /v=(?<version>\S+)/v.exec(output)?.groups?.["version"] ?? null;
  } catch {
    return null;
  }
}

/**
 * Starts a redis-server that has every write on disk before it answers (`appendonly yes`, `appendfsync always`), with an
 * empty data folder on the disk where the embedded Postgres has its own.
 */
export async function startRedisServer(): Promise<PeerService> {
  // Where /tmp is memory, its fsync would cost nothing.
  const folder = mkdtempSync(join(existsSync("/var/tmp") ? "/var/tmp" : tmpdir(), "ratchet-bench-redis-"));
  const port = await freePort();
  const place = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder];
  const durability = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  const server = spawn("redis-server", [...place, ...durability], { stdio: "ignore" });
  await waitUntil(() => listens(port), 20);
  return {
    settings: { redisUrl: `redis://127.0.0.1:${port}` },
    async stop() {
      const ended = once(server, "exit");
      server.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  if (address === null || typeof address === "string") {
    throw new Error("The probe for a free port listens nowhere.");
  }
  probe.close();
  await once(probe, "close");
  return address.port;
}
