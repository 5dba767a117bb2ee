import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { activeBackends } from "./calls/activeBackends.ts";

const ANSWER_WITHIN_MS = 5000;

/**
 * Makes the question whether a backend works on a statement, asked over a connection opened for it. Answers false when
 * Postgres cannot be reached within five seconds. All who ask at once share one connection.
 */
export function createBackendProbe(connectionString: string | undefined): (processId: number) => Promise<boolean> {
  let asking: Promise<ReadonlySet<number> | "busy"> | undefined;

  async function ask(): Promise<ReadonlySet<number> | "busy"> {
    const client = new pg.Client({
      connectionString,
      application_name: "ratchet probe",
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
    });
    client.on("error", () => {});
    const tooLate = new AbortController();
    try {
      const answered = client.connect().then(() => activeBackends(client));
      return await Promise.race([answered, sleep(ANSWER_WITHIN_MS, new Set<number>(), { signal: tooLate.signal })]);
    } catch (error) {
      // It answers, if only that it has no connection left, so that is no reason to give up others.
      return (error as { readonly code?: unknown }).code === "53300" ? "busy" : new Set();
    } finally {
      tooLate.abort();
      // With a goodbye, which nobody may hear.
      client.end().catch(() => {});
      (
        client as unknown as { readonly connection: { readonly stream: { destroySoon(): void } } }
      ).connection.stream.destroySoon();
    }
  }

  return async (processId) => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    const answer = await asking;
    return answer === "busy" || answer.has(processId);
  };
}
