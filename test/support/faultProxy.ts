import { type AddressInfo, type Socket, connect, createServer } from "node:net";

import { type FaultyLink, type Passage, createFaultyLink } from "./faultyLink.ts";

/** What can be wrong between a process and Postgres. */
export type Fault =
  | Passage
  /** Like `swallow`, but for ever: {@link FaultProxy.heal} helps new connections only. */
  | { readonly kind: "forget" }
  /** Every connection there is ends with RST; new ones are let through. */
  | { readonly kind: "reset" }
  /** Nobody listens on the port; connections there are live on. */
  | { readonly kind: "refuse" }
  /** One side of every connection there is ends with RST, and the other is never told; new ones are let through. */
  | { readonly kind: "halfOpen"; readonly closedSide: "client" | "server" };

/** Which connections a fault is for: those there are, those to come, or both. */
export type FaultScope = "all" | "live" | "new";

/** A TCP proxy in front of Postgres that does to connections what networks do. */
export interface FaultProxy {
  /** The connection string that goes through the proxy. */
  readonly url: string;
  /** How many connections of clients it holds, silent ones too. */
  readonly connections: () => number;
  /**
   * Begins a fault, and ends the one before. `reset` and `halfOpen` strike once; the others last. While bytes are
   * swallowed, new connections are accepted and silent; a connection that had to wait for the network goes on when it is
   * healed. The proxy cannot answer for a host that is gone: the kernel goes on to answer keepalive probes.
   */
  set(fault: Fault, scope?: FaultScope): Promise<void>;
  /** Lets everything through again. */
  heal(): Promise<void>;
  /** Ends every connection and listens no more. Safe twice. */
  close(): Promise<void>;
}

const PASS: Passage = { kind: "pass" };

/** Starts a proxy in front of the server of a connection string; it lets everything through. */
export async function startFaultProxy(databaseUrl: string): Promise<FaultProxy> {
  const target = new URL(databaseUrl);
  const links = new Set<FaultyLink>();
  let passageOfNew: Passage | { readonly kind: "forget" } = PASS;
  let port = 0;
  let isClosed = false;

  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, accept);

  function accept(client: Socket): void {
    if (isClosed) {
      client.destroy();
      return;
    }
    const upstream = connect({
      port: Number(target.port || 5432),
      host: target.hostname,
      allowHalfOpen: true,
      noDelay: true,
    });
    const link = createFaultyLink(client, upstream, passageOfNew.kind === "forget" ? PASS : passageOfNew);
    links.add(link);
    if (passageOfNew.kind === "forget") {
      link.forget();
    } else {
      link.setPassage(passageOfNew);
    }
    const sockets = new Set([client, upstream]);
    const forgetSocket = (socket: Socket): void => {
      sockets.delete(socket);
      if (sockets.size === 0) {
        links.delete(link);
      }
    };
    client.on("close", () => {
      forgetSocket(client);
    });
    upstream.on("close", () => {
      forgetSocket(upstream);
    });
  }

  function listenAgain(): Promise<void> {
    if (server.listening) {
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  }

  function strike(fault: Fault): void {
    for (const link of links) {
      if (fault.kind === "reset") {
        link.reset();
      } else if (fault.kind === "halfOpen") {
        link.halfOpen(fault.closedSide);
      } else if (fault.kind === "forget") {
        link.forget();
      } else {
        link.setPassage(fault.kind === "refuse" ? PASS : fault);
      }
    }
  }

  async function set(fault: Fault, scope: FaultScope = "all"): Promise<void> {
    if (scope !== "new") {
      strike(fault);
    }
    if (scope !== "live") {
      const strikesOnce = fault.kind === "reset" || fault.kind === "halfOpen" || fault.kind === "refuse";
      passageOfNew = strikesOnce ? PASS : fault;
      if (fault.kind === "refuse") {
        // Those there are do not end by this.
        server.close();
      } else {
        await listenAgain();
      }
    }
  }

  await listenAgain();
  port = (server.address() as AddressInfo).port;
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String(port);

  return {
    url: url.href,
    connections: () => links.size,
    set,
    heal: () => set(PASS),
    close() {
      isClosed = true;
      server.close();
      for (const link of links) {
        link.reset();
      }
      return Promise.resolve();
    },
  };
}
