import type pg from "pg";
import { beat, lockWorker, registerWorker, rescueWorker, reviveWorker } from "../database/calls/workers.ts";
import { openPulseConnection } from "../database/pulseConnection.ts";
import { createPool } from "../database/pool.ts";
import { createPulseJudge } from "./pulseJudge.ts";
import type { FromPulse, PulseSettings, ToPulse } from "./pulseMessages.ts";

const BEAT_EVERY_MS = 500;
/** A row that somebody's psql holds delays a rescue by no more than this. */
const LOCK_TIMEOUT_MS = 200;

/** The signs of life of one worker. */
export interface PulseRun {
  hear(message: ToPulse): void;
}

/**
 * Gives a worker's signs of life, whatever its main thread does, holds its lock, and takes over from other workers that are
 * dead. Every loss of a connection is overcome; only a worker that cannot register is told so, and that is the end of it.
 */
export function runPulse(settings: PulseSettings, tell: (message: FromPulse) => void): PulseRun {
  const { connectionString, schemas, description } = settings;
  const judge = createPulseJudge();
  let { workerId, poolIds } = settings;
  let poolNumber = 0;
  let connection: pg.Client | undefined;
  let hasLock = false;
  let isBuried = false;
  let shallRevive = false;
  const closing = new AbortController();
  let isBeating = false;
  let shallBeatAgain = false;
  let rescuing: Promise<void> | undefined;
  let rescuePool: pg.Pool | undefined;
  let beatTimer: NodeJS.Timeout | undefined;
  let judgeTimer: NodeJS.Timeout | undefined;

  async function connect(): Promise<pg.Client> {
    const opened = await openPulseConnection({ connectionString, schemas, signal: closing.signal });
    connection = opened;
    hasLock = false;
    opened.once("end", () => {
      if (connection === opened) {
        connection = undefined;
        beatNow();
      }
    });
    if (workerId === undefined) {
      workerId = await registerWorker(opened, description);
      hasLock = true;
      tell({ kind: "registered", workerId });
    }
    judge.noteConnected();
    return opened;
  }

  async function beatOnce(): Promise<void> {
    const client = connection ?? (await connect());
    if (workerId === undefined) {
      return;
    }
    hasLock ||= await lockWorker(client, workerId);
    if (shallRevive) {
      await reviveWorker(client, workerId, description);
      shallRevive = false;
      isBuried = false;
    }
    const number = poolNumber;
    const answer = await beat(client, workerId, poolIds);
    if (answer.isBuried && !isBuried) {
      isBuried = true;
      tell({ kind: "buried" });
    }
    tell({ kind: "beaten", number });
    judge.see(answer.others);
  }

  async function beatUntilQuiet(): Promise<void> {
    isBeating = true;
    do {
      shallBeatAgain = false;
      try {
        await beatOnce();
      } catch (error) {
        if (workerId === undefined) {
          tell({ kind: "refused", ...describe(error) });
          await close();
          return;
        }
        await dropConnection();
      }
    } while (shallBeatAgain && !closing.signal.aborted);
    isBeating = false;
    if (!closing.signal.aborted) {
      clearTimeout(beatTimer);
      beatTimer = setTimeout(beatNow, BEAT_EVERY_MS);
      judgeNow();
    }
  }

  function beatNow(): void {
    shallBeatAgain = true;
    if (!isBeating && !closing.signal.aborted) {
      void beatUntilQuiet();
    }
  }

  function judgeNow(): void {
    if (closing.signal.aborted) {
      return;
    }
    rescuing ??= rescueDead().finally(() => {
      rescuing = undefined;
    });
    clearTimeout(judgeTimer);
    const nextInMs = judge.nextInMs();
    if (nextInMs !== null && nextInMs < BEAT_EVERY_MS) {
      judgeTimer = setTimeout(judgeNow, nextInMs);
    }
  }

  async function rescueDead(): Promise<void> {
    // One that is buried itself has no number to rescue under.
    if (workerId === undefined || isBuried) {
      return;
    }
    for (const death of judge.dead()) {
      rescuePool ??= createPool({
        connectionString,
        schemas,
        max: 1,
        applicationName: "ratchet rescue",
        lockTimeoutMs: LOCK_TIMEOUT_MS,
        worker: { id: workerId, schemas },
      });
      try {
        const jobIds = await rescueWorker(rescuePool, workerId, death);
        if (jobIds !== null) {
          tell({ kind: "rescued", deadId: death.deadId, jobIds });
        }
      } catch {
        // A lost connection, a deadlock: the dead one is still there at the next beat.
      }
    }
  }

  async function dropConnection(): Promise<void> {
    const lost = connection;
    connection = undefined;
    await lost?.end().catch(() => {});
  }

  async function close(): Promise<void> {
    closing.abort();
    clearTimeout(beatTimer);
    clearTimeout(judgeTimer);
    await Promise.all([dropConnection(), rescuing?.then(() => rescuePool?.end()) ?? rescuePool?.end()]);
  }

  beatNow();
  return {
    hear(message) {
      switch (message.kind) {
        case "pools":
          ({ poolIds } = message);
          poolNumber = message.number;
          beatNow();
          break;
        case "revive":
          shallRevive = true;
          beatNow();
          break;
        case "close":
          void close();
          break;
      }
    },
  };
}

function describe(error: unknown): { readonly message: string; readonly fields: Readonly<Record<string, unknown>> } {
  // Several addresses of one host were tried; their errors say it, not the one around them.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const own = Object.entries(first instanceof Error ? first : {}).filter(([, value]) => typeof value === "string");
  return { message: first instanceof Error ? first.message : String(first), fields: Object.fromEntries(own) };
}
