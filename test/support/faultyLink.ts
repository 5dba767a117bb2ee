import type { Socket } from "node:net";

/** What happens to bytes on their way, in both directions alike. */
export type Passage =
  | { readonly kind: "pass" }
  /** Each chunk comes so much later; order is kept. */
  | { readonly kind: "delay"; readonly delayMs: number }
  | { readonly kind: "throttle"; readonly bytesPerSecond: number }
  /** Nothing arrives any more, neither bytes nor the end of the connection; TCP sends it again once the network is back. */
  | { readonly kind: "swallow" };

/** One connection of a client through the proxy. */
export interface FaultyLink {
  /** What happens from now on, also to bytes that are on their way. */
  setPassage(passage: Passage): void;
  /** Ends both sides with RST. */
  reset(): void;
  /** Nothing ever arrives again, on either side, though neither is told: a firewall that has forgotten the connection. */
  forget(): void;
  /** Ends one side and tells the other nothing, ever. */
  halfOpen(closedSide: "client" | "server"): void;
}

/** Bytes under way in one direction before its sender is held up. */
const MOST_BYTES_UNDER_WAY = 262_144;
/** A throttled direction sends this often. */
const THROTTLE_STEP_MS = 50;

type Parcel =
  | { readonly kind: "bytes"; readonly bytes: Buffer; readonly arrivedAt: number }
  | { readonly kind: "end" }
  | { readonly kind: "reset" };

/** Lets bytes through between a client and the server, as the passage says. */
export function createFaultyLink(client: Socket, server: Socket, passage: Passage): FaultyLink {
  let current = passage;
  let isForgotten = false;
  const getPassage = (): Passage => current;
  const pipes = [createPipe(client, server, getPassage), createPipe(server, client, getPassage)];

  function setPassage(next: Passage): void {
    if (!isForgotten) {
      current = next;
      for (const pipe of pipes) {
        pipe.update();
      }
    }
  }

  function forget(): void {
    setPassage({ kind: "swallow" });
    isForgotten = true;
  }

  return {
    setPassage,
    reset() {
      reset(client);
      reset(server);
    },
    forget,
    halfOpen(closedSide) {
      forget();
      reset(closedSide === "client" ? client : server);
    },
  };
}

/** Node resets a connection that is being opened only when it is open, and one that is being ended never. */
function reset(socket: Socket): void {
  if (socket.connecting || socket.writableEnded) {
    socket.destroy();
  } else {
    socket.resetAndDestroy();
  }
}

/** One direction. `update` looks at the passage again. */
function createPipe(source: Socket, target: Socket, getPassage: () => Passage): { update(): void } {
  const parcels: Parcel[] = [];
  let bytesUnderWay = 0;
  let hasEnded = false;
  let timer: NodeJS.Timeout | undefined;
  /** When a throttled direction may send again. */
  let freeAt = 0;

  function put(parcel: Parcel): void {
    parcels.push(parcel);
    update();
  }
  source.on("data", (bytes: Buffer) => {
    bytesUnderWay += bytes.length;
    put({ kind: "bytes", bytes, arrivedAt: performance.now() });
  });
  source.on("end", () => {
    hasEnded = true;
    put({ kind: "end" });
  });
  source.on("close", () => {
    if (!hasEnded) {
      put({ kind: "reset" });
    }
  });
  // Losing connections is what this is for.
  source.on("error", () => {});
  target.on("drain", update);

  function update(): void {
    clearTimeout(timer);
    for (let next = parcels[0]; next !== undefined && mayGo(next); next = parcels[0]) {
      send(next);
    }
    // A sender whose bytes nobody reads is held up by TCP, as in a network that loses them.
    if (getPassage().kind === "swallow" || bytesUnderWay >= MOST_BYTES_UNDER_WAY) {
      source.pause();
    } else {
      source.resume();
    }
  }

  /** Looks again by itself at what must wait for its time; `drain` and a new passage look again too. */
  function mayGo(parcel: Parcel): boolean {
    const passage = getPassage();
    if (passage.kind === "swallow" || target.writableNeedDrain) {
      return false;
    }
    const now = performance.now();
    let waitMs = passage.kind === "throttle" ? freeAt - now : 0;
    if (passage.kind === "delay" && parcel.kind === "bytes") {
      waitMs = parcel.arrivedAt + passage.delayMs - now;
    }
    if (waitMs > 0) {
      timer = setTimeout(update, waitMs);
    }
    return waitMs <= 0;
  }

  function send(parcel: Parcel): void {
    parcels.shift();
    if (parcel.kind === "end") {
      target.end();
    } else if (parcel.kind === "reset") {
      reset(target);
    } else {
      const sent = parcel.bytes.subarray(0, mostBytesNow());
      if (sent.length < parcel.bytes.length) {
        parcels.unshift({ ...parcel, bytes: parcel.bytes.subarray(sent.length) });
      }
      bytesUnderWay -= sent.length;
      target.write(sent);
    }
  }

  function mostBytesNow(): number {
    const passage = getPassage();
    if (passage.kind !== "throttle") {
      return Number.POSITIVE_INFINITY;
    }
    freeAt = performance.now() + THROTTLE_STEP_MS;
    return Math.max(1, Math.floor((passage.bytesPerSecond * THROTTLE_STEP_MS) / 1000));
  }

  return { update };
}
