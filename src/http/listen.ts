import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { RatchetError } from "../errors/ratchetError.ts";

/** Where a server may listen that asks nobody for a token. */
const LOCAL_HOSTS = new Set(["127.0.0.1", "localhost", "::1"]);

/** Whether only this machine reaches the address. */
export function isLocalHost(host: string): boolean {
  return LOCAL_HOSTS.has(host);
}

/**
 * Refuses an address that other machines reach.
 * @throws {RatchetError} RT110
 */
export function demandLocalHost(host: string): void {
  if (!isLocalHost(host)) {
    throw new RatchetError(
      "RT110",
      `The server cannot listen on "${host}": it asks nobody for a token, so it serves this machine only.`,
      {
        hint: "Set RATCHET_JWT_SECRET, RATCHET_JWKS_URL or RATCHET_JWT_KEY_FILE, or use 127.0.0.1. In a container whose port is published on 127.0.0.1 only, set RATCHET_ALLOW_REMOTE=true.",
      },
    );
  }
}

/**
 * Lets a server listen; returns the port, which the system chose if 0 was wanted.
 * @throws {RatchetError} RT104 if the port is taken or not allowed, RT110 if the host is no address of this machine.
 */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    throw listenError(error, host, port);
  }
  return (server.address() as AddressInfo).port;
}

function listenError(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const options = { hint: `Choose another port: --port ${port + 1}, or RATCHET_PORT.`, cause: error };
  if (code === "EADDRINUSE") {
    return new RatchetError("RT104", `Another process listens on port ${port} of ${host}.`, {
      ...options,
      hint: `Stop it, or choose another port: --port ${port + 1}, or RATCHET_PORT.`,
    });
  }
  // ::1 is one where IPv6 is switched off, as in many containers.
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new RatchetError("RT110", `The server cannot listen on "${host}": this machine has no such address.`, {
      hint: "Use 127.0.0.1: leave out --host and RATCHET_HOST.",
      cause: error,
    });
  }
  return code === "EACCES"
    ? new RatchetError("RT104", `This user may not listen on port ${port} of ${host}.`, options)
    : error;
}
