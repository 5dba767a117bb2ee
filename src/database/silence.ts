import type pg from "pg";
import { sendsItself, streamOf } from "./pgInternals.ts";

/** A session as the server knows it; process ids are used again. */
export interface Backend {
  readonly processId: number;
  /** Seconds since 1970, as text, so that no digit is lost. */
  readonly startedAt: string;
}

/** How long a statement may go without a byte in either direction before it is asked after. */
const SILENCE_MS = 10_000;

/** The same once another connection to the server was found dead. */
const SUSPICIOUS_SILENCE_MS = 1000;

/** Behind a pooler nobody can be asked after a session. */
const POOLED_SILENCE_MS = 60_000;

/** What {@link createSilenceWatcher} takes. */
export interface SilenceOptions {
  /** Asks over another connection whether this backend works on a statement, and ends it if it does not. */
  readonly endUnlessWorking: (backend: Backend) => Promise<boolean>;
  /** Default: 10 s. */
  readonly silenceMs?: number | undefined;
}

/** Watches one connection. */
export interface SilenceWatch {
  /** Notes which session this is; `null` if a pooler lies between. */
  noteBackend(backend: Backend | null): void;
  /** Notes whether somebody has the connection, or it waits in the pool. */
  noteLent(isLent: boolean): void;
}

/** Watches the connections of a pool. */
export interface SilenceWatcher {
  watch(client: pg.ClientBase): SilenceWatch;
}

/** One of the watched connections, for the others. */
interface Watched {
  suspect(): void;
}

/**
 * Gives up connections that have lost their other end without being told, as a cut network or a firewall leaves them: TCP
 * alone would wait for a quarter of an hour. A statement may take as long as it likes while Postgres works on it, and what
 * sends itself, such as a cursor, is not watched. Every query on a connection that was given up fails with the code
 * ETIMEDOUT, and `error` is emitted as for any lost connection.
 */
export function createSilenceWatcher({ endUnlessWorking, silenceMs = SILENCE_MS }: SilenceOptions): SilenceWatcher {
  const watched = new Set<Watched>();

  function watch(client: pg.ClientBase): SilenceWatch {
    let backend: Backend | null = null;
    let isLent = true;
    let hasEnded = false;
    let timer: NodeJS.Timeout | undefined;
    let limitMs = silenceMs;
    let silentSince = 0;
    let bytesSeen = 0;

    const stream = streamOf(client);
    const bytesNow = (): number => stream.bytesRead + stream.bytesWritten - stream.writableLength;

    function arm(bytes: number): void {
      bytesSeen = bytes;
      silentSince = performance.now();
      lookAfter(limitMs);
    }

    function lookAfter(delayMs: number): void {
      clearTimeout(timer);
      timer = setTimeout(() => {
        void look();
      }, delayMs);
    }

    function disarm(): void {
      clearTimeout(timer);
      timer = undefined;
    }

    async function look(): Promise<void> {
      const asked = timer;
      const isAlive = bytesNow() !== bytesSeen || (backend !== null && (await endUnlessWorking(backend)));
      if (timer !== asked) {
        // The answer has come meanwhile.
        return;
      }
      if (isAlive) {
        arm(bytesNow());
        return;
      }
      giveUp();
      for (const other of watched) {
        other.suspect();
      }
    }

    function giveUp(): void {
      watched.delete(own);
      stream.destroy(unanswered(timer === undefined ? 0 : performance.now() - silentSince));
    }

    const own: Watched = {
      suspect() {
        if (timer !== undefined) {
          const leftMs = limitMs - (performance.now() - silentSince);
          lookAfter(Math.min(Math.max(leftMs, 0), SUSPICIOUS_SILENCE_MS));
        } else if (!isLent) {
          giveUp();
        }
      },
    };
    watched.add(own);

    const prototype = Object.getPrototypeOf(client) as { query(...parameters: unknown[]): unknown };
    Reflect.set(client, "query", (...parameters: unknown[]): unknown => {
      // Looked up at each call: what traces queries puts itself there at any time.
      const answer = prototype.query.apply(client, parameters);
      // Whoever has a cursor may take his time between two reads, which looks like a connection that is cut off.
      if (timer === undefined && !hasEnded && !sendsItself(parameters[0])) {
        // With what the statement itself still has to send: that is no sign of life.
        arm(stream.bytesRead + stream.bytesWritten);
      }
      return answer;
    });
    // pg says so when nothing is under way any more.
    client.on("drain", disarm);
    client.on("end", () => {
      hasEnded = true;
      disarm();
      watched.delete(own);
    });

    return {
      noteBackend(noted) {
        backend = noted;
        limitMs = noted === null ? Math.max(silenceMs, POOLED_SILENCE_MS) : silenceMs;
      },
      noteLent(lent) {
        isLent = lent;
      },
    };
  }

  return { watch };
}

function unanswered(silenceMs: number): Error {
  const message =
    silenceMs === 0
      ? "The connection was given up, because another one to the same server was found dead"
      : `Postgres has not answered for ${Math.round(silenceMs / 1000)} s and does not work on the statement; the connection was given up`;
  return Object.assign(new Error(message), { code: "ETIMEDOUT" });
}
