import { type AddressInfo, type Socket, connect, createServer } from "node:net";

/** Where a connection is cut: before the server gets the message, or when it has answered and the client has not heard. */
export type CutPlace = "before" | "after";

/** A TCP proxy in front of Postgres that can break connections at a chosen message. */
export interface CuttingProxy {
  /** The connection string that goes through the proxy. */
  readonly url: string;
  /** Cuts the connection at the next message of a client that contains this text; resolves when that has happened. */
  cutNext(text: string, place: CutPlace): Promise<true>;
  /** Cuts every connection there is; the server goes on with what it was asked. */
  cutAll(): void;
  close(): Promise<void>;
}

interface Cut {
  readonly text: string;
  readonly place: CutPlace;
  readonly onCut: () => void;
}

const READY_FOR_QUERY = Buffer.from("Z\0\0\0\u0005");

/** Starts a proxy in front of the server of a connection string. */
export async function startProxy(databaseUrl: string): Promise<CuttingProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let next: Cut | undefined;

  function track(socket: Socket): Socket {
    sockets.add(socket);
    // A cut connection is what this is for.
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
    });
    return socket;
  }

  function cutAll(): void {
    for (const socket of sockets) {
      socket.destroy();
    }
  }

  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let silenced: Cut | undefined;
    track(client);
    track(upstream);
    client.on("close", () => {
      upstream.destroy();
    });
    upstream.on("close", () => {
      client.destroy();
    });
    client.on("data", (chunk: Buffer) => {
      const cut = next;
      if (cut !== undefined && chunk.includes(cut.text)) {
        next = undefined;
        if (cut.place === "before") {
          client.destroy();
          cut.onCut();
          return;
        }
        silenced = cut;
      }
      upstream.write(chunk);
    });
    upstream.on("data", (chunk: Buffer) => {
      if (silenced === undefined) {
        client.write(chunk);
      } else if (chunk.includes(READY_FOR_QUERY)) {
        client.destroy();
        silenced.onCut();
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);

  return {
    url: url.href,
    cutNext(text, place) {
      const { promise, resolve } = Promise.withResolvers<true>();
      next = {
        text,
        place,
        onCut: () => {
          resolve(true);
        },
      };
      return promise;
    },
    cutAll,
    close() {
      cutAll();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
