import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { ApiError } from "../api/apiError.ts";
import { ask } from "../api/client.ts";
import { CancelDocument, CompleteDocument, RescheduleDocument, RetryDocument, SkipDocument } from "../api/generated.ts";
import type { JobDetail } from "../pages/jobPage.tsx";
import { jsonProblem } from "../view/jsonText.ts";
import { Link } from "../view/link.tsx";
import { type JobOrder, type TaskOrder, jobOrdersOf } from "../view/orders.ts";
import { OrderDialog } from "./orderDialog.tsx";

type Task = JobDetail["tasks"]["nodes"][number];

/** An order that is about to be given. */
export type WantedOrder =
  | { readonly order: JobOrder }
  | { readonly order: TaskOrder; readonly task: Pick<Task, "key" | "name"> };

const NAMES: Readonly<Record<JobOrder, string>> = {
  retry: "Retry now",
  reschedule: "Reschedule",
  cancel: "Cancel",
};

/** The orders that the job takes now; those of single tasks stand in the plan. */
export function JobOrders({
  job,
  onWanted,
}: {
  readonly job: JobDetail;
  readonly onWanted: (wanted: WantedOrder) => void;
}): JSX.Element | null {
  const orders = jobOrdersOf(job);
  return orders.length === 0 ? null : (
    <div class="buttons" role="group" aria-label="Actions">
      {orders.map((order) => (
        <button
          key={order}
          type="button"
          class={{ retry: "primary", reschedule: "", cancel: "danger" }[order]}
          onClick={() => {
            onWanted({ order });
          }}
        >
          {NAMES[order]}…
        </button>
      ))}
      <Link to={`/add?like=${job.id}`}>Add another like this</Link>
    </div>
  );
}

interface OneOrderProps {
  readonly wanted: WantedOrder;
  readonly job: JobDetail;
  readonly onClose: () => void;
}

/** Asks what an order needs to know, and gives it. */
export function OneOrder({ wanted, job, onClose }: OneOrderProps): JSX.Element {
  const jobId = job.id;
  const [result, setResult] = useState("null");
  const [at, setAt] = useState("");
  const [priority, setPriority] = useState(String(job.priority));

  async function give(reason: string): Promise<void> {
    switch (wanted.order) {
      case "cancel":
        await ask(CancelDocument, { input: { jobId, reason } });
        break;
      case "retry":
        await ask(RetryDocument, { input: { jobId, reason } });
        break;
      case "retryFrom":
        await ask(RetryDocument, { input: { jobId, reason, fromTask: wanted.task.key } });
        break;
      case "skip":
        await ask(SkipDocument, { input: { jobId, reason, task: wanted.task.key } });
        break;
      case "complete":
        await ask(CompleteDocument, { input: { jobId, reason, task: wanted.task.key, result: jsonOf(result) } });
        break;
      case "reschedule":
        await ask(RescheduleDocument, {
          input: {
            jobId,
            reason,
            ...(at === "" ? {} : { runAt: new Date(at).toISOString() }),
            ...(priority === "" || Number(priority) === job.priority ? {} : { priority: Number(priority) }),
          },
        });
        break;
    }
  }

  const shared = { onOrder: give, onClose };
  switch (wanted.order) {
    case "cancel":
      return (
        <OrderDialog {...shared} title={`Cancel job ${jobId}`} action="Cancel the job" isDangerous>
          <p>
            It is stopped for good. A handler that runs is told within about a second, and what it returns is discarded.
          </p>
        </OrderDialog>
      );
    case "retry":
      return (
        <OrderDialog {...shared} title={`Retry job ${jobId}`} action="Retry now">
          <p>It goes on at once where it stopped, with all its tries. Tasks that are COMPLETED are not run again.</p>
        </OrderDialog>
      );
    case "retryFrom":
      return (
        <OrderDialog {...shared} title={`Retry from "${wanted.task.name}"`} action="Retry from there" isDangerous>
          <p>This task and all after it are run anew, even COMPLETED ones.</p>
        </OrderDialog>
      );
    case "skip":
      return (
        <OrderDialog {...shared} title={`Skip "${wanted.task.name}"`} action="Skip the task" isDangerous>
          <p>The job goes on without it; later handlers get null as its result.</p>
        </OrderDialog>
      );
    case "complete":
      return (
        <OrderDialog {...shared} title={`Mark "${wanted.task.name}" done`} action="Mark done" isDangerous>
          <p>Say that it was done by hand. Later handlers read this result.</p>
          <label>
            Result, as JSON
            <textarea
              rows={4}
              spellcheck={false}
              value={result}
              onInput={({ currentTarget }) => {
                setResult(currentTarget.value);
              }}
            />
          </label>
          <p class="problem" aria-live="polite">
            {jsonProblem(result) ?? ""}
          </p>
        </OrderDialog>
      );
    case "reschedule":
      return (
        <OrderDialog {...shared} title={`Reschedule job ${jobId}`} action="Reschedule">
          <label>
            Run at <span class="muted">(your zone; empty leaves it as it is)</span>
            <input
              type="datetime-local"
              step="1"
              value={at}
              onInput={({ currentTarget }) => {
                setAt(currentTarget.value);
              }}
            />
          </label>
          <label>
            Priority <span class="muted">(smaller runs earlier)</span>
            <input
              type="number"
              min={-32_768}
              max={32_767}
              value={priority}
              onInput={({ currentTarget }) => {
                setPriority(currentTarget.value);
              }}
            />
          </label>
        </OrderDialog>
      );
  }
}

function jsonOf(text: string): unknown {
  const problem = jsonProblem(text);
  if (problem !== null) {
    throw new ApiError(`The result is no JSON that can be sent. ${problem}`, {
      hint: 'Texts need quotes: "done". null is a result, too.',
    });
  }
  return JSON.parse(text) as unknown;
}
