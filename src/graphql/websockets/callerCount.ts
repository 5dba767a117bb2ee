import type { SocketLimits } from "./socketLimits.ts";

/** One connection, as it is counted. */
export interface CountedConnection {
  /** Notes whose it is; false if that one has too many. */
  readonly is: (caller: string) => boolean;
  /** Notes that something is being worked on for it; returns what ends that. */
  readonly begin: () => () => void;
  /** What is being worked on for its caller, over all of its connections. */
  readonly operations: () => number;
  /** Counts it no more. */
  readonly leave: () => void;
}

/** How many connections there are. */
export interface CallerCount {
  /** Whether there is room for one more. */
  readonly mayCome: () => boolean;
  readonly come: () => CountedConnection;
}

/**
 * Creates the count of a server's connections: altogether, of those that have not said who they are (so that those who have no
 * token keep nobody out who is in), and of each caller.
 */
export function createCallerCount({
  connections,
  newConnections,
  connectionsOfCaller,
}: Pick<SocketLimits, "connections" | "newConnections" | "connectionsOfCaller">): CallerCount {
  let all = 0;
  let unknown = 0;
  const known = new Map<string, number>();
  const working = new Map<string, number>();

  function work(caller: string, change: 1 | -1): void {
    const now = (working.get(caller) ?? 0) + change;
    if (now > 0) {
      working.set(caller, now);
    } else {
      working.delete(caller);
    }
  }

  return {
    mayCome: () => all < connections && unknown < newConnections,
    come: () => {
      all += 1;
      unknown += 1;
      let own: string | undefined;
      let isGone = false;
      return {
        is: (caller) => {
          // A token takes time to check, and the connection may have ended meanwhile.
          if (isGone) {
            return false;
          }
          own = caller;
          unknown -= 1;
          const count = (known.get(caller) ?? 0) + 1;
          known.set(caller, count);
          return caller === "" || count <= connectionsOfCaller;
        },
        begin: () => {
          const caller = own;
          if (caller === undefined || caller === "") {
            return () => {};
          }
          work(caller, 1);
          return () => {
            work(caller, -1);
          };
        },
        operations: () => (own === undefined ? 0 : (working.get(own) ?? 0)),
        leave: () => {
          isGone = true;
          all -= 1;
          const left = own === undefined ? 0 : (known.get(own) ?? 0) - 1;
          if (own === undefined) {
            unknown -= 1;
          } else if (left > 0) {
            known.set(own, left);
          } else {
            known.delete(own);
          }
        },
      };
    },
  };
}
