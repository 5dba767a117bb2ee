import type { Claim, PlannedTask } from "../database/calls/claims.ts";
import { readResults } from "../database/calls/checkpoints.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { validatePayload } from "../definition/payload.ts";
import type { TaskTemplate } from "../definition/template.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { repeatUntilAnswered } from "./repeat.ts";
import { type ResultStore, createResultStore } from "./results.ts";
import type { EngineSession } from "./session.ts";
import type { TaskCode } from "./taskRun.ts";

/** Finds a job's handlers, inputs and results in its definition. */
export interface DefinedJob {
  readonly results: ResultStore;
  readonly findCode: (task: PlannedTask) => TaskCode | Promise<TaskCode>;
}

/** Binds a claimed job to its definition. The payload is validated once an attempt, before its first task runs. */
export function bindDefinition(session: EngineSession, claim: Claim, definition: AnyJobDefinition): DefinedJob {
  const results = createResultStore(claim.plan, definition.templates, (template, before) =>
    repeatUntilAnswered(() => readResults(session.pool, claim.jobId, template, before), {
      call: "read results",
      events: session.events,
      signal: session.closing,
    }),
  );
  let validated: { readonly payload: unknown } | undefined;

  function templateOf(task: PlannedTask): TaskTemplate {
    const template = definition.templates.find(({ key }) => key === task.template);
    if (template === undefined) {
      throw new RatchetError(
        "RT117",
        `"${claim.identifier}" has no handler for the task "${task.template}" in this worker.`,
      );
    }
    return template;
  }

  function codeOf(template: TaskTemplate, task: PlannedTask, payload: unknown, input: unknown): TaskCode {
    return {
      handler: template.handler as TaskCode["handler"],
      timeoutMs: template.timeoutMs,
      transaction: template.transaction,
      payload,
      input,
      results: () => results.before(task),
    };
  }

  async function validateAndFind(template: TaskTemplate, task: PlannedTask): Promise<TaskCode> {
    validated ??= { payload: await validatePayload(definition.options.payload, claim.payload) };
    const { payload } = validated;
    const { each } = template;
    const input =
      each?.property === null ? await validatePayload(each.element, task.input) : elementOf(template, task, payload);
    return codeOf(template, task, payload, input);
  }

  return {
    results,
    findCode(task) {
      const template = templateOf(task);
      // Nothing to wait for in most tasks of a job.
      return validated === undefined || template.each?.property === null
        ? validateAndFind(template, task)
        : codeOf(template, task, validated.payload, elementOf(template, task, validated.payload));
    },
  };
}

/** A job whose next task fails with this error, because nobody has its definition. */
export function undefinedJob(claim: Claim, error: RatchetError): DefinedJob {
  return {
    results: createResultStore(claim.plan, [], () => Promise.reject(error)),
    findCode: () => Promise.reject(error),
  };
}

/** The element of the validated payload that a forEach task is for. */
function elementOf({ key, each }: TaskTemplate, task: PlannedTask, payload: unknown): unknown {
  if (each === null || each.property === null) {
    return undefined;
  }
  const elements: unknown = (payload as Readonly<Record<string, unknown>>)[each.property];
  const index = Number(task.key.slice(key.length + 1, -1)) - 1;
  if (!Array.isArray(elements) || index >= elements.length) {
    throw new RatchetError(
      "RT122",
      `The payload's schema leaves no element ${index + 1} of "${each.property}" for the task "${task.key}".`,
    );
  }
  return elements[index];
}
