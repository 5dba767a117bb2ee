import { explainJob } from "../database/calls/jobs.ts";
import type { OrderedJob } from "../database/calls/orders.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { isRatchetError } from "../errors/ratchetError.ts";
import { asTyped, inCommands } from "./asTyped.ts";
import { describeJobs, isConfirmed } from "./confirm.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { exitCodeFor } from "./exitCodes.ts";
import { unknownJob } from "./findJob.ts";
import { printProse } from "./output/prose.ts";
import { reportError } from "./printError.ts";

/** An order that is given to several jobs, one after the other. */
export interface Orders {
  /** Shown in `pg_stat_activity` after `ratchet `. */
  readonly purpose: string;
  readonly ids: readonly string[];
  readonly json: boolean;
  /** For what cannot be undone: the question, such as `Cancel job 42 (…)?`, given those words. Default: none is asked. */
  readonly question?: ((jobs: string) => string) | undefined;
  readonly give: (db: Queryable, id: string) => Promise<OrderedJob>;
}

/**
 * Gives the order to each job and tells what has become of it. A refusal is told and the next job gets its order all the
 * same; the exit status is that of the last refusal. Anything but a refusal ends it.
 */
export async function giveOrders(context: CliContext, { purpose, ids, json, question, give }: Orders): Promise<void> {
  const config = await context.config();
  await withDatabase({ config, purpose, remark: context.remark }, async ({ pool }) => {
    await checkMigrated(pool);
    if (
      question !== undefined &&
      context.ask !== undefined &&
      !(await isConfirmed(context, question(await describeJobs(pool, ids))))
    ) {
      return;
    }
    const results: object[] = [];
    for (const id of new Set(ids)) {
      try {
        const { status } = await give(pool, id);
        const explanation = asTyped(await explainJob(pool, id), context.command);
        results.push({ id, status, explanation });
        if (!json) {
          printProse(context, explanation);
        }
      } catch (cause) {
        const told = toRatchetError(cause);
        if (!isRatchetError(told) || told.retryable) {
          throw told;
        }
        const error = told.code === "RT013" ? unknownJob(id) : told;
        const hint = asTyped(inCommands(error.hint), context.command);
        results.push({ id, error: { code: error.code, message: inCommands(error.message), hint } });
        context.remark(...reportError(error, { ...context, debug: false }).lines);
        context.exitWith(exitCodeFor(error.code));
      }
    }
    if (json) {
      context.print(JSON.stringify(results, null, 2));
    }
  });
}
