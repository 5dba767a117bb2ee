import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import type { TaskTemplate } from "../definition/template.ts";
import type { AnyTaskContext } from "../engine/handlerContext.ts";
import { TimeoutError } from "../errors/ratchetError.ts";
import type { Recorder } from "./recorder.ts";

/** What happens beside the handlers. */
export interface WatchOptions {
  readonly recorder: Recorder;
  /** Lets the engine die, as far as its jobs can tell. */
  readonly crash: () => void;
  /** Cancels a job and aborts the signal of its handler. */
  readonly cancel: (jobId: string) => Promise<void>;
}

type AnyHandler = (context: AnyTaskContext) => unknown;

/** The same definition, and of the same version, with handlers that are recorded and meet the trouble a test has ordered. */
export function watchDefinition(definition: AnyJobDefinition, options: WatchOptions): AnyJobDefinition {
  const templates = definition.templates.map((template) => ({ ...template, handler: watchHandler(template, options) }));
  return { ...definition, templates };
}

function watchHandler({ key, handler: original }: TaskTemplate, options: WatchOptions): AnyHandler {
  const { recorder, crash, cancel } = options;

  return async (context) => {
    const { job, task } = context;
    const record = recorder.of(job.id);
    const handler = (record.trouble?.standIn(key) ?? original) as AnyHandler;
    const mishap = record.trouble?.next(task) ?? { kind: "none" };
    record.payload ??= context.payload;
    recorder.begin(job.id, { task: task.key, attempt: task.attempt });

    switch (mishap.kind) {
      case "none":
        return handler(context);
      case "fail":
        throw mishap.error;
      case "timeOut":
        throw timeOut(handler, context);
      case "cancel": {
        const running = settled(handler, context);
        await cancel(job.id);
        return running;
      }
      case "crash":
        await handler(context);
        recorder.end(job.id, { outcome: "crashed", error: null });
        crash();
        throw new Error("The test let the process die here.");
    }
  };
}

/** Runs a handler whose time is up as soon as it waits for something. */
function timeOut(handler: AnyHandler, context: AnyTaskContext): TimeoutError {
  const error = new TimeoutError("RT119", `"${context.task.name}" took longer than the test gave it.`);
  const timer = new AbortController();
  const signal = AbortSignal.any([context.signal, timer.signal]);
  void settled(handler, { ...context, signal });
  timer.abort(error);
  return error;
}

/** Calls a handler that may be left behind: what it does after it was cut off counts for nothing, as in a worker. */
function settled(handler: AnyHandler, context: AnyTaskContext): Promise<unknown> {
  const running = new Promise((resolve) => {
    resolve(handler(context));
  });
  running.catch(() => {});
  return running;
}
