import type { Socket } from "node:net";
import type pg from "pg";

/** How long a statement may go without a byte in either direction before it is asked after. */
export const SILENCE_MS = 10_000;

/** Behind a pooler nobody can be asked after a session: its process id is made up. */
const POOLED_SILENCE_MS = 60_000;

/** What {@link watchSilence} takes. */
export interface SilenceOptions {
  /** Asks over another connection whether this backend works on a statement. */
  readonly isWorking: (processId: number) => Promise<boolean>;
  /** Default: {@link SILENCE_MS}. */
  readonly silenceMs?: number | undefined;
}

/** Watches one connection. */
export interface SilenceWatch {
  /** Notes that a pooler lies between. */
  noteIsPooled(): void;
}

/** What pg's types leave out. */
interface Wired {
  readonly connection: { readonly stream: Socket };
  readonly processID: number;
}

/**
 * Gives up a connection that has lost its other end without being told, as a cut network or a firewall leaves it: TCP alone
 * would wait for a quarter of an hour. A statement may take as long as it likes while Postgres works on it. Every query on
 * the connection then fails with the code ETIMEDOUT, and `error` is emitted as for any lost connection.
 */
export function watchSilence(
  client: pg.ClientBase,
  { isWorking, silenceMs = SILENCE_MS }: SilenceOptions,
): SilenceWatch {
  const wired = client as unknown as Wired;
  let timer: NodeJS.Timeout | undefined;
  let bytesSeen = 0;
  let limitMs = silenceMs;
  let isPooled = false;

  // With TLS it becomes another one while connecting.
  const stream = (): Socket => wired.connection.stream;
  const bytesNow = (): number => stream().bytesRead + stream().bytesWritten - stream().writableLength;

  function arm(): void {
    bytesSeen = bytesNow();
    timer = setTimeout(() => {
      void look();
    }, limitMs);
  }

  function disarm(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  async function look(): Promise<void> {
    const asked = timer;
    const isAlive = bytesNow() !== bytesSeen || (!isPooled && (await isWorking(wired.processID)));
    // Otherwise the answer has come meanwhile.
    if (timer === asked) {
      if (isAlive) {
        arm();
      } else {
        stream().destroy(unanswered(limitMs));
      }
    }
  }

  const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
  Reflect.set(client, "query", (...parameters: unknown[]): unknown => {
    if (timer === undefined) {
      arm();
    }
    return query(...parameters);
  });
  // pg says so when nothing is under way any more.
  client.on("drain", disarm);
  client.on("end", disarm);

  return {
    noteIsPooled() {
      isPooled = true;
      limitMs = Math.max(silenceMs, POOLED_SILENCE_MS);
    },
  };
}

function unanswered(silenceMs: number): Error {
  const message = `Postgres has not answered for ${Math.round(silenceMs / 1000)} s and does not work on the statement; the connection was given up`;
  return Object.assign(new Error(message), { code: "ETIMEDOUT" });
}
