import type { Peer } from "../peer.ts";

type PeerModule = () => Promise<{ readonly peers: readonly Peer[] }>;

/** The file of each peer, by name: a process loads the one it measures and no other. */
const FILES: Readonly<Record<string, PeerModule>> = {
  "ratchet-tuned": () => import("./ratchet.ts"),
  ratchet: () => import("./ratchet.ts"),
  "graphile-worker": () => import("./graphileWorker.ts"),
  obvious: () => import("./obvious.ts"),
  "obvious-tuned": () => import("./obvious.ts"),
  dbos: () => import("./dbos.ts"),
  "dbos-direct": () => import("./dbos.ts"),
  openworkflow: () => import("./openworkflow.ts"),
  absurd: () => import("./absurd.ts"),
  "pg-boss": () => import("./pgBoss.ts"),
  bullmq: () => import("./bullmq.ts"),
};

/** Those that need nothing from `bench/package.json`. */
const AT_HAND: ReadonlySet<string> = new Set([
  "ratchet",
  "ratchet-tuned",
  "graphile-worker",
  "obvious",
  "obvious-tuned",
]);

/** Whether the peer's package has to be installed in `bench/`. */
export function needsInstallation(name: string): boolean {
  return !AT_HAND.has(name);
}

/** The names of all peers, in the order of tables. */
export const PEER_NAMES: readonly string[] = Object.keys(FILES);

/** @throws if there is no peer of this name, or its packages are not installed. */
export async function loadPeer(name: string): Promise<Peer> {
  const { peers } = (await FILES[name]?.()) ?? { peers: [] };
  const peer = peers.find((each) => each.name === name);
  if (peer === undefined) {
    throw new Error(`There is no peer ${name}: ${PEER_NAMES.join(", ")}.`);
  }
  return peer;
}
