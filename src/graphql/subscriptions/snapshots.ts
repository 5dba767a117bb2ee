import { hash } from "node:crypto";
import type { ExecutionResult, GraphQLError } from "postgraphile/graphql";
import { isPassingError } from "../maskError.ts";
import type { JobNews } from "./jobNews.ts";
import { type Pace, createPace } from "./pace.ts";
import type { Turns } from "../turns.ts";

/** How often a stream makes a snapshot at most, in ms: one job is read in a moment, a list costs more. */
const JOB_INTERVAL_MS = 100;
const LIST_INTERVAL_MS = 250;
/** After trouble that may pass, such as a restart of Postgres. */
const TROUBLE_PAUSE_MS = 1000;

/** What {@link createSnapshots} takes. */
export interface SnapshotsOptions {
  readonly news: JobNews;
  readonly turns: Turns;
  readonly rereadMs: number;
  /** Whose jobs may be told of; null: all tenants'. What is read is checked by Postgres besides. */
  readonly tenant: string | null;
}

/** One subscription's way from news to snapshots. */
export interface Snapshots {
  /** Begins the events that Grafast makes snapshots from; `null`: of any job. Called by the subscription's field. */
  subscribe(jobId: string | null): AsyncIterableIterator<null>;
  /** Lets through what Grafast made when somebody takes it, and only if it says something new. */
  deliver(results: AsyncIterator<ExecutionResult>): AsyncGenerator<ExecutionResult, void, void>;
  /** Ends it all; safe to call twice. */
  stop(): void;
}

/** Creates the snapshots of one subscription. */
export function createSnapshots({ news, turns, rereadMs, tenant }: SnapshotsOptions): Snapshots {
  let pace: Pace | undefined;
  let unfollow: (() => void) | undefined;

  function stop(): void {
    unfollow?.();
    pace?.stop();
  }

  function subscribe(jobId: string | null): AsyncIterableIterator<null> {
    const begun = createPace({
      turns,
      owner: tenant,
      rereadMs,
      intervalMs: jobId === null ? LIST_INTERVAL_MS : JOB_INTERVAL_MS,
    });
    pace = begun;
    unfollow = news.follow({ tenant, jobId }, () => {
      begun.noteChange();
    });
    return begun.events;
  }

  function deliver(results: AsyncIterator<ExecutionResult>): AsyncGenerator<ExecutionResult, void, void> {
    let told: string | undefined;
    let isOver = false;

    async function next(): Promise<IteratorResult<ExecutionResult, void>> {
      while (!isOver) {
        pace?.demand();
        const result = await results.next();
        if (result.done === true) {
          break;
        }
        const { errors = [] } = result.value;
        const isPassing = errors.every(isPassingError);
        pace?.noteMade(errors.length > 0 && isPassing ? TROUBLE_PAUSE_MS : undefined);
        if (!isPassing) {
          // It would be the same each time. What is wrong is told, and then the end.
          await end();
          return { done: false, value: result.value };
        }
        const content = contentOf(result.value.data, errors);
        if (content !== told) {
          told = content;
          return { done: false, value: result.value };
        }
      }
      await end();
      return { done: true, value: undefined };
    }

    async function end(): Promise<void> {
      if (!isOver) {
        isOver = true;
        stop();
        await results.return?.();
      }
    }

    const delivered = {
      next,
      async return() {
        await end();
        return { done: true as const, value: undefined };
      },
      async throw(error: unknown) {
        await end();
        throw error;
      },
      [Symbol.asyncIterator]() {
        return delivered;
      },
      [Symbol.asyncDispose]: end,
    };
    return delivered;
  }

  return { subscribe, deliver, stop };
}

/** Two snapshots with the same content say the same. A hash, because thousands of streams remember one each. */
function contentOf(data: unknown, errors: readonly GraphQLError[]): string {
  return hash("sha1", JSON.stringify([data, errors.map(({ message }) => message)]), "base64");
}
