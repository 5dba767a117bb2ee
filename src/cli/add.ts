import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";

import { createPayloadCheck } from "../client/payloadCheck.ts";
import { addJob, type AddJobSpec, type PlannedTask, previewPlan } from "../database/calls/jobs.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { isRatchetError } from "../errors/ratchetError.ts";
import { collect, durationMs, timeOrDelay, wholeNumber } from "./argumentParsers.ts";
import type { CliContext } from "./context.ts";
import { type CommandDatabase, withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { findJob } from "./findJob.ts";
import { untilInterrupted } from "./interruption.ts";
import { formatList } from "./output/list.ts";
import { countOf } from "./output/text.ts";
import { readPayload } from "./payload.ts";
import { formatPlan } from "./plan.ts";
import { unknownIdentifier } from "./unknownIdentifier.ts";
import { watchUntilFinal } from "./watchUntilFinal.ts";

const MAX_INT = 2_147_483_647;
const KEY_MODES = ["replace", "preserve_run_at", "unsafe_dedupe"] as const;

/** `ratchet add IDENTIFIER`: queues a job, as `select ratchet.add_job(…)` does. */
export function createAddCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("add")
    .summary("queue a job")
    .description("Queues a job and prints its plan. Paths inside a payload are for the worker, not for this command.")
    .argument("<identifier>", "the definition's name: its file in tasks/ without the ending")
    .addOption(new Option("--payload <json>", "the payload, a JSON object").conflicts("payloadFile"))
    .option("--payload-file <file>", "a file with the payload; - for standard input")
    .option("--watch", "follow the job live until it is final; exit status 0 only if it is COMPLETED")
    .option("--run-at <time>", 'not before this time (2026-11-24T09:00) or delay ("5 min")', timeOrDelay)
    .option("--max-attempts <n>", "tries per task, instead of the definition's", wholeNumber(1, MAX_INT))
    .option("--retry-delay <duration>", 'between tries ("3 s"), instead of the definition\'s', durationMs)
    .option("--priority <n>", "lower runs earlier; default 0", wholeNumber(-32_768, 32_767))
    .option("--queue <name>", "jobs of one queue run one after the other")
    .option("--job-key <key>", "names the job among the unfinished ones")
    .addOption(new Option("--job-key-mode <mode>", "what to do if the key is in use").choices(KEY_MODES))
    .option("--tenant <name>", "whom the job belongs to")
    .option("--task <name>", "only this task of the plan; can be given several times", collect)
    .option("--no-check", "do not compare the payload with the definition's schema; the worker checks it anyway")
    .addOption(new Option("--dry-run", "queue nothing: print the plan that it would have").conflicts("watch"))
    .option("--json", "print the job, or with --dry-run its tasks, as JSON")
    .action(async (identifier, options) => {
      const payload = await readPayload({ ...options, stdin: context.stdin });
      const spec = withoutUndefined<AddJobSpec>({
        identifier,
        payload,
        taskNames: options.task,
        runAt: options.runAt,
        maxAttempts: options.maxAttempts,
        retryDelayMs: options.retryDelay,
        priority: options.priority,
        queueName: options.queue,
        jobKey: options.jobKey,
        jobKeyMode: options.jobKeyMode,
        tenant: options.tenant,
      });
      const config = await context.config();
      await untilInterrupted((signal) =>
        withDatabase({ config, purpose: "add", remark: context.remark }, async (database) => {
          await checkMigrated(database.pool);
          if (options.check) {
            await createPayloadCheck().check(database.pool, identifier, payload);
          }
          const orSuggest = <Answer>(work: () => Promise<Answer>) =>
            suggesting(database, spec, config.taskFolder, work);
          if (options.dryRun === true) {
            const plan = await orSuggest(() => previewPlan(database.pool, spec));
            context.print(...(options.json === true ? [JSON.stringify(plan, null, 2)] : formatPreview(context, plan)));
            return;
          }
          const id = await orSuggest(() => addJob(database.pool, spec));
          const job = await findJob(database.pool, id);
          if (options.json === true) {
            context.print(JSON.stringify(job, null, 2));
          } else if (options.watch !== true) {
            context.print(...formatPlan(context.stdout, job), "", `Look at it with: ${context.command} show ${id}`);
          }
          if (options.watch === true) {
            await watchUntilFinal(context, database, job, { signal, resuming: false });
          }
        }),
      );
    });
  return withExamples(command, context, [
    ["and see it live", "ratchet add publish_listing --payload-file examples/products/jacket.json --watch"],
    [
      "at night, once per listing",
      `ratchet add send_mail --payload '{"to": "a@example.com"}' --run-at '8 h' --job-key mail:7`,
    ],
    [
      "the tasks that it would have",
      "ratchet add publish_listing --payload-file examples/products/jacket.json --dry-run",
    ],
    ["from another program", "make-payload | ratchet add publish_listing --payload-file - --json"],
  ]);
}

function formatPreview({ stdout }: CliContext, plan: readonly PlannedTask[]): string[] {
  const columns = [
    { title: "#", align: "right" as const },
    { title: "key", cut: true },
    { title: "task", cut: true },
  ];
  return [
    ...formatList(
      stdout,
      columns,
      plan.map(({ position, key, name }) => [String(position), key, name]),
    ),
    "",
    `${countOf(plan.length, "task")}. Nothing was queued.`,
  ];
}

/** Does `work`; an identifier that nobody knows is answered with the nearest one. */
async function suggesting<Answer>(
  database: CommandDatabase,
  spec: AddJobSpec,
  taskFolder: string,
  work: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await work();
  } catch (cause) {
    const error = toRatchetError(cause);
    if (isRatchetError(error) && error.code === "RT001") {
      throw await unknownIdentifier(database.pool, spec.identifier, taskFolder, error);
    }
    throw error;
  }
}

type Loose<T> = { [Key in keyof T]: T[Key] | undefined };

/** Options that were not given are left out, so that SQL's defaults count. */
function withoutUndefined<T extends object>(value: Loose<T>): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
