import pg from "pg";
import { endBackendUnlessWorking } from "./calls/backends.ts";
import { hangUp } from "./pgInternals.ts";
import type { Backend } from "./silence.ts";
import { codeOf } from "./transientErrors.ts";

const ANSWER_WITHIN_MS = 5000;
const NO_CONNECTION_LEFT = "53300";

/** Asks whether a backend works on a statement, and ends it if it does not. */
export type BackendProbe = (backend: Backend) => Promise<boolean>;

interface Probe {
  readonly client: pg.Client;
  /** The connection, then each question: pg wants one query at a time. */
  last: Promise<unknown>;
  askers: number;
}

/**
 * Makes the question whether a backend works on a statement, asked over a connection opened for it; all who ask at once share
 * one. The answer is false when Postgres cannot be reached within five seconds.
 */
export function createBackendProbe(connectionString: string | undefined): BackendProbe {
  let probe: Probe | undefined;

  function open(): Probe {
    const client = new pg.Client({
      connectionString,
      application_name: "ratchet probe",
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
    });
    client.on("error", () => {});
    return { client, last: client.connect(), askers: 0 };
  }

  async function ask(asked: Probe, { processId, startedAt }: Backend): Promise<boolean> {
    const answer = asked.last.then(() => endBackendUnlessWorking(asked.client, processId, startedAt));
    asked.last = answer;
    try {
      return await answer;
    } catch (error) {
      // It answers, if only that it has no connection left, so that is no reason to give up others.
      return codeOf(error) === NO_CONNECTION_LEFT;
    }
  }

  return async (backend) => {
    probe ??= open();
    const used = probe;
    used.askers++;
    const { promise: tooLate, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, ANSWER_WITHIN_MS, false);
    try {
      return await Promise.race([ask(used, backend), tooLate]);
    } finally {
      clearTimeout(timer);
      used.askers--;
      if (used.askers === 0) {
        probe = undefined;
        hangUp(used.client);
      }
    }
  };
}
